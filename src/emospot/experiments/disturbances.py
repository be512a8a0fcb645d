"""Test conversations that are worse than those a model learned from.

A study may ask every model again about the same test conversations with

- noise: Gaussian noise added to every number of every token, its deviation so many times
  the number's own over the tokens of the test conversations;
- missing: each modality of each utterance withheld with a probability, but for one, drawn
  at random, where all would be: an utterance that nobody hears, sees or reads is no test
  of a model (so of three modalities with a probability of 0.6 only 0.53 are gone);
- without: one modality withheld everywhere.

What is added or withheld depends on the disturbance, the conversation and the modalities
that are read alone, so models and seeds are asked about exactly the same, and their
differences are paired. Noise is on the tokens: hotspots that a detector found, times, and
the letters that a kernel reader reads stay as they were.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, field_validator

from emospot.batch import Example
from emospot.conversation import Tokens
from emospot.model.withheld import of_modalities, without_modality
from emospot.training.data import token_statistics

NOISE, MISSING, WITHOUT = "noise", "missing", "without"


class Disturbances(BaseModel):
    """Which disturbances a study asks about; see the module's docstring."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    noise: tuple[float, ...] = ()
    missing: tuple[float, ...] = ()
    without: bool = False

    @field_validator("noise")
    @classmethod
    def _above(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if any(level <= 0 for level in levels):
            raise ValueError(f"levels of noise must be above 0, found {levels}")
        return levels

    @field_validator("missing")
    @classmethod
    def _share(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 < level <= 1 for level in levels):
            raise ValueError(f"shares of what is missing lie in (0, 1], found {levels}")
        return levels


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One way in which conversations are worse.

    Args:
        kind: "noise", "missing" or "without".
        what: the level, or the modality that is withheld.
    """

    kind: str
    what: float | str

    @property
    def name(self) -> str:
        """What it is called in results.

        >>> Disturbance("noise", 0.5).name, Disturbance("without", "voice").name
        ('noise 0.5', 'without voice')
        """
        level = isinstance(self.what, float)
        return f"{self.kind} {self.what:g}" if level else f"{self.kind} {self.what}"


def disturbances_of(asked: Disturbances, modalities: Sequence[str]) -> list[Disturbance]:
    """All that are asked about, where these modalities are read.

    >>> [d.name for d in disturbances_of(Disturbances(noise=(1.0,), without=True), ["a", "b"])]
    ['noise 1', 'without a', 'without b']
    """
    found = [Disturbance(NOISE, level) for level in asked.noise]
    if len(modalities) > 1:
        found += [Disturbance(MISSING, share) for share in asked.missing]
        found += [Disturbance(WITHOUT, m) for m in modalities] if asked.without else []
    return found


def disturbed(
    examples: Sequence[Example], disturbance: Disturbance, modalities: Sequence[str]
) -> list[Example]:
    """The conversations under a disturbance; the ones given are not changed.

    Args:
        examples: the test conversations.
        disturbance: which.
        modalities: that are read; others are left out.
    """
    examples = [of_modalities(example, modalities) for example in examples]
    if isinstance(disturbance.what, str):
        return [without_modality(example, disturbance.what) for example in examples]
    if disturbance.kind == MISSING:
        return [_thinned(one, disturbance.what, _random(disturbance, one)) for one in examples]
    dims = {
        m: own.values.shape[1]
        for example in examples
        for m, tokens in example.tokens.items()
        for own in tokens
        if own is not None
    }
    spread = {m: token_statistics(examples, m, dim)[1] for m, dim in dims.items()}
    return [
        replace(
            example,
            tokens={
                m: tuple(
                    _noisy(own, disturbance.what * spread.get(m, 0.0), random) for own in tokens
                )
                for m, tokens in example.tokens.items()
            },
        )
        for example in examples
        for random in [_random(disturbance, example)]
    ]


def _random(disturbance: Disturbance, example: Example) -> np.random.Generator:
    named = f"{disturbance.name}\n{example.conversation.id}"
    return np.random.default_rng(zlib.crc32(named.encode()))


def _noisy(
    tokens: Tokens | None, deviation: NDArray[np.float64] | float, random: np.random.Generator
) -> Tokens | None:
    if tokens is None:
        return None
    noise = random.standard_normal(tokens.values.shape) * deviation
    values = tokens.values.astype(np.float32) + noise.astype(np.float32)
    return replace(tokens, values=values)


def _thinned(example: Example, share: float, random: np.random.Generator) -> Example:
    names = list(example.tokens)
    kept = {m: list(tokens) for m, tokens in example.tokens.items()}
    for place in range(len(example.conversation.utterances)):
        there = [m for m in names if kept[m][place] is not None]
        lost = [
            m for m, draw in zip(there, random.random(len(there)), strict=True) if draw < share
        ]
        spared = there[int(random.integers(len(there)))] if there else None
        for m in lost:
            if len(lost) < len(there) or m != spared:
                kept[m][place] = None
    return replace(example, tokens={m: tuple(tokens) for m, tokens in kept.items()})
