"""A whole configuration, its file and its settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ValidationError, model_validator

from emospot.config.model import AnyModelConfig, ModelConfig, Section
from emospot.config.training import TrainingConfig
from emospot.errors import ConfigError, EmospotError

SHIPPED = Path(__file__).parent / "shipped"
"""Configurations that are called by their names."""


class Config(Section):
    """A whole configuration: `model` and `training`."""

    model: AnyModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _marks_teach_something(self) -> Self:
        if self.training.marks_weight and not getattr(self.model, "learned_hotspots", ()):
            raise ValueError(
                "training.marks_weight teaches learned hotspots, and there are none: name "
                "modalities in model.learned_hotspots, or leave it out"
            )
        return self


def parse_config(values: Mapping[str, Any]) -> Config:
    """Check a nested mapping and make it a configuration.

    Raises:
        ConfigError: naming the key, what was found and what was expected.

    >>> parse_config({"model": {"width": 64}}).model.width
    64
    >>> parse_config({"model": {"kind": "corect"}}).model.kind
    'corect'
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError("; ".join(_sentence(e) for e in error.errors())) from None


def problem(error: Mapping[str, Any]) -> str:
    """What one of pydantic's errors says, without the prefix of our own ones.

    >>> problem({"type": "value_error", "msg": "Value error, too small"})
    'too small'
    """
    message = str(error["msg"])
    return message.removeprefix("Value error, ") if error["type"] == "value_error" else message


def _sentence(error: Mapping[str, Any]) -> str:
    # The second place of a model's key is pydantic's tag of the union.
    place = [part for i, part in enumerate(error["loc"]) if (i, error["loc"][0]) != (1, "model")]
    found = error["input"]
    if error["type"] == "unknown_kind":
        place.append("kind")
        found = found["kind"]
    key = ".".join(str(part) for part in place) or "configuration"
    if error["type"] == "extra_forbidden":
        return f'unknown key "{key}" in the configuration'
    shown = "" if isinstance(found, BaseModel | dict) else f", found {found!r}"
    return f'configuration key "{key}": {problem(error)}{shown}'


def read_yaml(path: Path, wrong: type[EmospotError] = ConfigError) -> Any:
    """What a YAML file holds; where it is no valid YAML, `wrong` is raised.

    Raises:
        OSError: if it cannot be read.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise wrong(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None


def load_config(path: Path | None, settings: Sequence[str] = ()) -> Config:
    """Read a YAML file and apply `section.key=value` settings on top.

    Args:
        path: the file, the name of a shipped one, or None for the defaults.
        settings: e.g. `["model.width=64", "training.epochs=3"]`; values are YAML.

    Raises:
        ConfigError: if the file cannot be read or a key or value is wrong.
    """
    values: dict[str, Any] = {}
    if path is not None:
        shipped = shipped_configs()
        try:
            values = read_yaml(shipped.get(str(path), path)) or {}
        except OSError as error:
            raise ConfigError(
                f"cannot read the configuration {path}: {error.strerror} (give a YAML file or one "
                f"of {', '.join(shipped)})"
            ) from None
        if not isinstance(values, dict):
            raise ConfigError(f"{path}: expected sections model and training, found {values!r}")
    for setting in settings:
        _apply(values, setting)
    return parse_config(values)


def shipped_configs() -> dict[str, Path]:
    """Name → file of the configurations that come along.

    >>> list(shipped_configs())
    ['light']
    """
    return {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}


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
