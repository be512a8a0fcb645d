"""The sections that describe a model: emospot's own, or a published one of the field."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)


class Section(BaseModel):
    """A part of a configuration: unknown keys are errors, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


MOST_MODALITIES = 16
"""Each set of modalities has a number (`model.confidence`), and M of them have 2^M sets."""


class _ModelSection(Section):
    modalities: tuple[str, ...] = ("words", "voice")

    @field_validator("modalities")
    @classmethod
    def _distinct(cls, modalities: tuple[str, ...]) -> tuple[str, ...]:
        if not modalities or len(set(modalities)) != len(modalities):
            raise ValueError(f"modalities must be distinct, found {modalities}")
        if any("+" in modality for modality in modalities):
            raise ValueError(f'sets of modalities are joined by "+", found {modalities}')
        if len(modalities) > MOST_MODALITIES:
            raise ValueError(
                f"at most {MOST_MODALITIES} modalities are read, found {len(modalities)}: leave "
                "some out"
            )
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
    oracle: bool = False
    hotspot_share: float = Field(0.25, gt=0.0, lt=1.0)
    hotspot_rule: Literal["by_modality", "gate", "moments"] = "by_modality"

    encoder: Literal["attention", "convolution"] = "attention"
    token_layers: int = Field(1, ge=0)
    token_reach: float | None = Field(None, gt=0.0)
    summary: Literal["attention", "mean"] = "attention"
    mean_path: bool = True
    context: Literal["attention", "recurrent", "none"] = "recurrent"
    context_layers: int = Field(2, ge=1)

    aligners: Literal["mixture", "cross_attention", "rigid", "none"] = "mixture"
    alignment_axis: Literal["tokens", "utterances", "both"] = "tokens"
    experts: int = Field(4, ge=1)
    top_k: int = Field(2, ge=1)
    routing: Literal["learned", "uniform"] = "learned"
    expert_rank: int = Field(16, ge=1)
    router_noise: float = Field(0.0, ge=0.0)
    memory_layers: int = Field(1, ge=0)
    memory_reads: Literal["sequence", "moment"] = "sequence"
    lag_start: float = Field(0.0, ge=0.0, le=30.0)
    lag_spacing: float = Field(0.3, gt=0.0, le=1.0)

    graph: bool = True
    graph_form: Literal["relations", "moving_average"] = "relations"
    graph_reads: Literal["context", "memory"] = "context"
    graph_past: int = Field(10, ge=0)
    graph_future: int = Field(10, ge=0)
    graph_heads: int = Field(4, ge=1)
    temporal_edges: bool = True
    cross_modal_edges: bool = True
    speaker_typed_edges: bool = True
    graph_places: bool = False
    second_reading: bool = False
    reading_ways: int = Field(4, ge=1)
    speaker_lags: bool = False

    own_heads: bool = True
    fusion_of_modalities: Literal["joint", "late"] = "joint"
    timing: bool = True
    kernel_reader: bool = True
    dynamics: float = Field(0.4, ge=0.0, le=1.0)

    causal: bool = False

    @property
    def mixed(self) -> int:
        """How many aligners an utterance's mixture has."""
        return self.experts if self.routing == "uniform" else self.top_k

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
        if self.routing == "uniform" and self.aligners != "mixture":
            raise ValueError(f"routing is of the aligners mixture, found {self.aligners}")
        if self.graph_form == "moving_average" and (
            self.graph_places or not self.temporal_edges or not self.cross_modal_edges
        ):
            raise ValueError(
                "a moving average has no edges and no places: leave graph_places, temporal_edges "
                "and cross_modal_edges as they are by default"
            )
        if self.oracle and (self.learned_hotspots or self.fusion != "hotspot_gated"):
            raise ValueError(
                "an oracle reads marks in the place of hotspots: leave learned_hotspots out, and "
                "fusion as hotspot_gated"
            )
        if self.top_k > self.experts:
            raise ValueError(f"top_k {self.top_k} must not exceed experts {self.experts}")
        if self.token_reach is not None and self.encoder == "convolution":
            raise ValueError(
                "token_reach says how far tokens attend, and a convolution reads two tokens on "
                "both sides: leave it out"
            )
        if self.second_reading and (
            self.memory_reads != "moment" or self.alignment_axis != "tokens"
        ):
            raise ValueError(
                "second_reading asks moments of the tokens: set memory_reads to moment and "
                "alignment_axis to tokens"
            )
        if self.speaker_lags and not (self.second_reading and self.lag_start):
            raise ValueError(
                "speaker_lags are found by the first of two readings, up to lag_start seconds: "
                "set second_reading and lag_start"
            )
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
