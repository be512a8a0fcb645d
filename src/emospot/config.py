"""The typed configuration of models and trainings, which checks itself.

An unknown key, a wrong type or an impossible combination raises `ConfigError`
that names the key, before anything is computed. A configuration file is YAML
with the sections `model` and `training`; every key has a default, so that a file
holds only what differs.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from emospot.errors import ConfigError, EmospotError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ModelSection(_Section):
    modalities: tuple[str, ...] = ("words", "voice")

    @field_validator("modalities")
    @classmethod
    def _distinct(cls, modalities: tuple[str, ...]) -> tuple[str, ...]:
        if not modalities or len(set(modalities)) != len(modalities):
            raise ValueError(f"modalities must be distinct, found {modalities}")
        return modalities


class ModelConfig(_ModelSection):
    """The recognizer's sizes and which of its parts are switched on."""

    kind: Literal["emospot"] = "emospot"
    width: int = Field(128, ge=8)
    heads: int = Field(4, ge=1)
    dropout: float = Field(0.3, ge=0.0, lt=1.0)
    input_dropout: float = Field(0.3, ge=0.0, lt=1.0)

    fusion: Literal["hotspot_gated", "global"] = "hotspot_gated"
    gate: Literal["channel", "scalar"] = "channel"
    learned_hotspots: tuple[str, ...] = ()
    hotspot_share: float = Field(0.25, gt=0.0, lt=1.0)

    token_layers: int = Field(1, ge=0)
    mean_path: bool = True
    context: Literal["attention", "recurrent", "none"] = "recurrent"
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

    own_heads: bool = True
    timing: bool = True
    kernel_reader: bool = True
    dynamics: float = Field(0.4, ge=0.0, le=1.0)

    causal: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.width % self.heads or self.width % self.graph_heads:
            raise ValueError(
                f"width {self.width} must be a multiple of heads {self.heads} "
                f"and graph_heads {self.graph_heads}"
            )
        strangers = set(self.learned_hotspots) - set(self.modalities)
        if strangers:
            raise ValueError(
                f"learned_hotspots names {', '.join(sorted(strangers))}, but the modalities are "
                f"{', '.join(self.modalities)}"
            )
        if self.top_k > self.experts:
            raise ValueError(f"top_k {self.top_k} must not exceed experts {self.experts}")
        return self


BaselineKind = Literal[
    "majority",
    "logistic_regression",
    "mlp",
    "contextual_gru",
    "dialogue_rnn",
    "mmgcn",
    "cogmen",
    "corect",
    "cross_modal_transformer",
]
"""The published models that `emospot.model.baselines` holds."""

_GRAPH_KEYS = ("width", "layers", "dropout", "past", "future", "padding")
_KEYS_READ: dict[str, tuple[str, ...]] = {
    "majority": (),
    "logistic_regression": ("past", "future", "timing"),
    "mlp": ("width", "layers", "dropout"),
    "contextual_gru": ("width", "layers", "dropout", "speaker_path"),
    "dialogue_rnn": ("width", "dropout"),
    "mmgcn": _GRAPH_KEYS,
    "cogmen": (*_GRAPH_KEYS, "heads"),
    "corect": (*_GRAPH_KEYS, "heads"),
    "cross_modal_transformer": ("width", "layers", "heads", "dropout"),
}
_LEARNED_KEYS = ("pooling", "input_dropout", "timing")
_CLOSED_FORM = ("majority", "logistic_regression")


class BaselineConfig(_ModelSection):
    """A published model of the field.

    A size that is not named is as published; which that is stands in the
    baseline's own file. A key that the baseline does not read must keep its
    default, so that no table compares settings without effect.
    """

    kind: BaselineKind
    pooling: Literal["mean", "attention"] = "mean"
    input_dropout: float = Field(0.0, ge=0.0, lt=1.0)
    width: int | None = Field(None, ge=1)
    layers: int | None = Field(None, ge=1)
    heads: int | None = Field(None, ge=1)
    dropout: float | None = Field(None, ge=0.0, lt=1.0)
    past: int | None = Field(None, ge=0)
    future: int | None = Field(None, ge=0)
    speaker_path: bool = False
    timing: bool = False
    kernel_reader: bool = False
    padding: Literal["masked", "as_published"] = "masked"
    causal: Literal[False] = False

    @property
    def closed_form(self) -> bool:
        """Whether it is fitted at once instead of by gradient steps."""
        return self.kind in _CLOSED_FORM

    @model_validator(mode="after")
    def _reads_what_is_set(self) -> Self:
        read = {*_KEYS_READ[self.kind], "kernel_reader"}
        if not self.closed_form:
            read.update(_LEARNED_KEYS)
        for name, field in type(self).model_fields.items():
            if name in ("kind", "modalities") or name in read:
                continue
            found = getattr(self, name)
            if found != field.default:
                raise ValueError(
                    f'{self.kind} does not read "{name}", found {found!r}: leave it out '
                    f"(it reads {', '.join(('modalities', *sorted(read)))})"
                )
        return self


MODEL_KINDS: tuple[str, ...] = ("emospot", *get_args(BaselineKind))
"""What `model.kind` may say."""


def _family(section: object) -> str | None:
    """Which configuration class a `model` section is; None where its kind is unknown."""
    kind = getattr(section, "kind", "emospot")
    if isinstance(section, Mapping):
        kind = section.get("kind", "emospot")
    if kind not in MODEL_KINDS:
        return None
    return "emospot" if kind == "emospot" else "baseline"


AnyModelConfig = Annotated[
    Annotated[ModelConfig, Tag("emospot")] | Annotated[BaselineConfig, Tag("baseline")],
    Discriminator(
        _family,
        custom_error_type="unknown_kind",
        custom_error_message=f"expected one of {', '.join(MODEL_KINDS)}",
    ),
]
"""The configuration of a model of any kind; without `kind` it is emospot's own."""


class TrainingConfig(_Section):
    """How a model is trained; what is not chosen on dev data stands here.

    The first of `tasks` is the main one: the epoch is chosen by its score on
    dev. The others are learned beside it, with `auxiliary_weight`. With
    `choose: last` nothing is chosen: all epochs are run and the last is taken.
    With `dev: none` nothing is held out either, and the model is not calibrated.

    `marks_weight` is how much learned hotspots are taught those of the store: marked
    moments, or what a detector has found.

    Some keys are there for recipes of others: `schedule: plateau` divides the
    rate by ten when the loss on dev has not fallen for ten epochs, `adam` adds
    the weight decay to the gradient, `gradient_clip: null` never clips, and
    without `standardise` features are read as they are.
    """

    tasks: tuple[str, ...] = ("emotion",)
    auxiliary_weight: float = Field(0.3, ge=0.0)
    number_loss: Literal["smooth_l1", "l1"] = "smooth_l1"
    epochs: int = Field(20, ge=1)
    choose: Literal["dev", "last"] = "dev"
    patience: int = Field(8, ge=1)
    batch_size: int = Field(8, ge=1)
    learning_rate: float = Field(1e-3, gt=0.0)
    weight_decay: float = Field(1e-2, ge=0.0)
    warmup_epochs: int = Field(2, ge=0)
    schedule: Literal["cosine", "constant", "plateau"] = "cosine"
    optimizer: Literal["adamw", "adam"] = "adamw"
    gradient_clip: float | None = Field(1.0, gt=0.0)
    standardise: bool = True
    label_smoothing: float = Field(0.1, ge=0.0, lt=1.0)
    class_weights: bool = False
    balance_weight: float = Field(0.01, ge=0.0)
    router_z_weight: float = Field(0.0, ge=0.0)
    marks_weight: float = Field(0.0, ge=0.0)
    modality_dropout: float = Field(0.1, ge=0.0, lt=1.0)
    average_decay: float = Field(0.98, ge=0.0, lt=1.0)
    dev: Literal["stratified", "first", "none"] = "stratified"
    dev_fraction: float = Field(0.1, gt=0.0, lt=0.5)
    dev_seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _tasks_differ(self) -> Self:
        if not self.tasks or len(set(self.tasks)) != len(self.tasks):
            raise ValueError(f"tasks must be distinct and at least one, found {self.tasks}")
        return self

    @model_validator(mode="after")
    def _chooses_on_something(self) -> Self:
        if self.dev == "none" and self.choose == "dev":
            raise ValueError(
                "without dev conversations no epoch can be chosen: set choose to last"
            )
        if self.dev == "none" and self.schedule == "plateau":
            raise ValueError("schedule plateau needs dev conversations, found dev none")
        return self

    @model_validator(mode="after")
    def _warms_up_by_step(self) -> Self:
        if self.schedule == "plateau" and self.warmup_epochs:
            raise ValueError(
                f"schedule plateau has no warm-up, found warmup_epochs {self.warmup_epochs}: "
                "set it to 0"
            )
        return self


class Config(_Section):
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


LATER_PARTS: dict[str, Any] = {
    "own_heads": False,
    "timing": False,
    "mean_path": False,
    "kernel_reader": False,
    "dynamics": 0.0,
}
"""Parts of the recognizer that a model written before there were any has not got."""


def as_written(model: Mapping[str, Any]) -> dict[str, Any]:
    """A model's section as an older version meant it: what it does not name is off.

    Args:
        model: the whole section, as `model.json` and `run.json` hold it.

    Raises:
        TypeError: if it is no section.

    >>> as_written({"width": 64})["mean_path"]
    False
    """
    if not isinstance(model, Mapping):
        raise TypeError(f"expected a section of a configuration, found {model!r}")
    return {**(LATER_PARTS if model.get("kind", "emospot") == "emospot" else {}), **model}


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
        path: the file, or None for the defaults.
        settings: e.g. `["model.width=64", "training.epochs=3"]`; values are YAML.

    Raises:
        ConfigError: if the file cannot be read or a key or value is wrong.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = read_yaml(path) or {}
        except OSError as error:
            raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from None
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
