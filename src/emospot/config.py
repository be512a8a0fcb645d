"""The typed configuration of models and trainings, which checks itself.

An unknown key, a wrong type or an impossible combination raises `ConfigError`
that names the key, before anything is computed. A configuration file is YAML
with the sections `model` and `training`; every key has a default, so that a file
holds only what differs.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emospot.errors import ConfigError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelConfig(_Section):
    """The recognizer's sizes and which of its parts are switched on."""

    modalities: tuple[str, ...] = ("words", "voice")
    width: int = Field(128, ge=8)
    heads: int = Field(4, ge=1)
    dropout: float = Field(0.3, ge=0.0, lt=1.0)
    input_dropout: float = Field(0.1, ge=0.0, lt=1.0)

    fusion: Literal["hotspot_gated", "global"] = "hotspot_gated"
    gate: Literal["channel", "scalar"] = "channel"

    token_layers: int = Field(1, ge=0)
    context: Literal["attention", "recurrent", "none"] = "attention"
    context_layers: int = Field(2, ge=1)

    aligners: Literal["mixture", "cross_attention", "none"] = "mixture"
    alignment_axis: Literal["tokens", "utterances", "both"] = "tokens"
    experts: int = Field(4, ge=1)
    top_k: int = Field(2, ge=1)
    expert_rank: int = Field(16, ge=1)
    router_noise: float = Field(0.0, ge=0.0)
    memory_layers: int = Field(1, ge=0)

    graph: bool = True
    graph_past: int = Field(10, ge=0)
    graph_future: int = Field(10, ge=0)
    graph_heads: int = Field(4, ge=1)
    temporal_edges: bool = True
    cross_modal_edges: bool = True
    speaker_typed_edges: bool = True

    causal: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.width % self.heads or self.width % self.graph_heads:
            raise ValueError(
                f"width {self.width} must be a multiple of heads {self.heads} "
                f"and graph_heads {self.graph_heads}"
            )
        if self.top_k > self.experts:
            raise ValueError(f"top_k {self.top_k} must not exceed experts {self.experts}")
        if not self.modalities or len(set(self.modalities)) != len(self.modalities):
            raise ValueError(f"modalities must be distinct, found {self.modalities}")
        return self


class TrainingConfig(_Section):
    """How a model is trained; what is not chosen on dev data stands here."""

    epochs: int = Field(20, ge=1)
    patience: int = Field(8, ge=1)
    batch_size: int = Field(8, ge=1)
    learning_rate: float = Field(1e-3, gt=0.0)
    weight_decay: float = Field(1e-2, ge=0.0)
    warmup_epochs: int = Field(2, ge=0)
    gradient_clip: float = Field(1.0, gt=0.0)
    label_smoothing: float = Field(0.1, ge=0.0, lt=1.0)
    class_weights: bool = False
    balance_weight: float = Field(0.01, ge=0.0)
    router_z_weight: float = Field(0.0, ge=0.0)
    modality_dropout: float = Field(0.1, ge=0.0, lt=1.0)
    average_decay: float = Field(0.98, ge=0.0, lt=1.0)
    dev: Literal["stratified", "first"] = "stratified"
    dev_fraction: float = Field(0.1, gt=0.0, lt=0.5)
    dev_seed: int = Field(0, ge=0)


class Config(_Section):
    """A whole configuration: `model` and `training`."""

    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()


def parse_config(values: Mapping[str, Any]) -> Config:
    """Check a nested mapping and make it a configuration.

    Raises:
        ConfigError: naming the key, what was found and what was expected.

    >>> parse_config({"model": {"width": 64}}).model.width
    64
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError("; ".join(_sentence(e) for e in error.errors())) from None


def _sentence(error: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"]) or "configuration"
    if error["type"] == "extra_forbidden":
        return f'unknown key "{key}" in the configuration'
    found = error["input"]
    shown = "" if isinstance(found, BaseModel | dict) else f", found {found!r}"
    return f'configuration key "{key}": {error["msg"]}{shown}'


def load_config(path: Path | None, settings: Sequence[str] = ()) -> Config:
    """Read a YAML file and apply `section.key=value` settings on top.

    Args:
        path: the file, or None for the defaults.
        settings: e.g. `["model.width=64", "training.epochs=3"]`; values are YAML.

    Raises:
        ConfigError: if the file cannot be read or a key or value is wrong.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except OSError as error:
            raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            line = " ".join(str(error).split())
            raise ConfigError(f"{path} is not valid YAML: {line}") from None
        if not isinstance(values, dict):
            raise ConfigError(f"{path}: expected sections model and training, found {values!r}")
    for setting in settings:
        _apply(values, setting)
    return parse_config(values)


def _apply(values: dict[str, Any], setting: str) -> None:
    key, equals, text = setting.partition("=")
    section, dot, name = key.strip().partition(".")
    if not (equals and dot and name):
        raise ConfigError(f'setting "{setting}": expected section.key=value, e.g. model.width=64')
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f'setting "{setting}": the value is not valid YAML') from None
    if not isinstance(values.setdefault(section, {}), dict):
        raise ConfigError(f'configuration key "{section}": expected a section of keys')
    values[section][name] = value
