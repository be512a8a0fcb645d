"""The typed configuration of models and trainings, which checks itself.

An unknown key, a wrong type or an impossible combination raises `ConfigError`
that names the key, before anything is computed. A configuration file is YAML
with the sections `model` and `training`; every key has a default, so that a file
holds only what differs.
"""

from emospot.config.model import (
    LATER_PARTS,
    MODEL_KINDS,
    AnyModelConfig,
    BaselineConfig,
    BaselineKind,
    ModelConfig,
    as_written,
)
from emospot.config.training import TrainingConfig
from emospot.config.whole import Config, load_config, parse_config, problem, read_yaml

__all__ = [
    "LATER_PARTS",
    "MODEL_KINDS",
    "AnyModelConfig",
    "BaselineConfig",
    "BaselineKind",
    "Config",
    "ModelConfig",
    "TrainingConfig",
    "as_written",
    "load_config",
    "parse_config",
    "problem",
    "read_yaml",
]
