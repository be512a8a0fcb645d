"""What a study says of its figures: what stands along the axis, which lines there are.

    figures:
      - title: More modalities
        over: corpora                       each place is a corpus
        x: number of modalities
        places: {two: 2, three: 3, six: 6}
        lines: [emospot, CORECT]            models
        metric: way
        caption: Both should rise; ...

`over` may be

- corpora: places are corpora, lines models;
- models: places are models, lines corpora;
- noise, missing, without: places are the study's disturbances of that kind;
- classes: places are the classes, and the metric is the F1 of each;
- lengths: places are the quarters of the dialogues by their number of answered utterances;
- gates: places are tenths of what a hotspot gate may be, and the metric is the share of its
  values there; a line for each modality of each model (the study must set `inside`);
- epochs: places are the epochs, and the metric is one of the learning curve: loss,
  balance, use_entropy.

A seed's value is the mean over its folds, where there are some (the tables score the answers
of all folds together). Runs that are taken over from known results have no epochs. Where
places are not named lines are models, on `corpus` (the first, where none is named).
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

CURVES = ("loss", "balance", "use_entropy")
"""What is known of every epoch."""


class FigureEntry(BaseModel):
    """One figure; see the module's docstring."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    over: Literal[
        "corpora",
        "models",
        "noise",
        "missing",
        "without",
        "classes",
        "lengths",
        "gates",
        "epochs",
    ]
    x: str
    places: dict[str, float] | tuple[str, ...] = ()
    lines: tuple[str, ...] = Field(min_length=1)
    corpus: str | None = None
    metric: str | None = None
    caption: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The places as they are called, in their order."""
        return tuple(self.places)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        named = self.over in ("corpora", "models")
        if named and not self.places:
            raise ValueError(f"a figure over {self.over} needs places: which of them, in order")
        if not named and self.places:
            raise ValueError(f"a figure over {self.over} has places of its own: leave them out")
        if named and self.corpus is not None:
            raise ValueError(f"a figure over {self.over} is of no single corpus")
        if self.over in ("classes", "gates") and self.metric is not None:
            raise ValueError(f"what a figure over {self.over} shows is fixed: leave metric out")
        if self.over == "epochs" and self.metric is None:
            raise ValueError("a figure over epochs needs metric: loss, balance or use_entropy")
        if self.over == "epochs" and self.metric not in CURVES:
            raise ValueError(f"a figure over epochs shows {', '.join(CURVES)}, not {self.metric}")
        return self
