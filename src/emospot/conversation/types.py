"""Conversations, the tokens of their modalities and their hotspots.

A conversation is a list of utterances in turn order; their times may overlap.
A modality of an utterance is a sequence of tokens (`Tokens`): word pieces,
voice frames, face frames. A feature file that carries one vector an utterance
is the case T = 1. A hotspot is a short span where emotion shows in one
modality.

All times are seconds from the start of the recording. Character offsets are
Python string indices into the utterance's own text, end exclusive.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.errors import FeatureError, ShapeError

WORDS = "words"
VOICE = "voice"
FACE = "face"
MODALITIES = (WORDS, VOICE, FACE)
"""The modalities that emospot extracts itself; a store may name others."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of an utterance with its place in time and in the text.

    Args:
        start: seconds from the start of the recording.
        end: seconds, at least `start`.
        char_start: index of its first character in the utterance's text.
        char_end: index after its last character.
    """

    start: float
    end: float
    char_start: int
    char_end: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one speaker says in one turn.

    Args:
        id: unique within the conversation.
        speaker: any string; any number of speakers.
        start: seconds, or None where the source has no times.
        end: seconds, or None.
        text: the words, or None where they are not known.
        words: times of the words, empty where there are none.
        word_times_estimated: whether `words` were spread over the utterance
            by their characters instead of being given by the source.
        label: the emotion's name, or None.
        targets: further annotations by name, e.g. {"valence": 2.5}; a missing
            value is left out.
    """

    id: str
    speaker: str
    start: float | None = None
    end: float | None = None
    text: str | None = None
    words: tuple[Word, ...] = ()
    word_times_estimated: bool = False
    label: str | None = None
    targets: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Utterances in turn order.

    Args:
        id: unique within a corpus.
        utterances: in turn order; times may overlap.
        media: the recording, or None.
        split: "train", "dev" or "test" where the source has an official
            split, else None.
    """

    id: str
    utterances: tuple[Utterance, ...]
    media: Path | None = None
    split: str | None = None

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers in the order of their first turn."""
        return tuple(dict.fromkeys(u.speaker for u in self.utterances))


@dataclass(frozen=True, slots=True)
class Tokens:
    """The token sequence of one modality of one utterance.

    Args:
        values: shape (T, d), float, finite, T ≥ 1.
        times: start and end of each token in seconds from the start of the
            recording, shape (T, 2), or None where unknown.
        offsets: character offsets of each token in the utterance's text,
            shape (T, 2), words only, else None.
        columns: the names of the d columns where they have a meaning by
            themselves (e.g. "loudness"), else None.

    Raises:
        ShapeError: if the shapes do not fit each other.
        FeatureError: if a value is NaN or infinite.
    """

    values: NDArray[np.floating]
    times: NDArray[np.floating] | None = None
    offsets: NDArray[np.integer] | None = None
    columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or len(self.values) == 0:
            raise ShapeError(f"tokens must have shape (T ≥ 1, d), found {self.values.shape}")
        for name, array in (("times", self.times), ("offsets", self.offsets)):
            if array is not None and array.shape != (len(self.values), 2):
                raise ShapeError(
                    f"token {name} must have shape ({len(self.values)}, 2), found {array.shape}"
                )
        if self.columns is not None and len(self.columns) != self.values.shape[1]:
            raise ShapeError(
                f"{len(self.columns)} column names for {self.values.shape[1]} columns"
            )
        if not np.isfinite(self.values).all():
            raise FeatureError("tokens contain NaN or infinite values")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def dim(self) -> int:
        """The number of columns d."""
        return int(self.values.shape[1])

    def part(self, first: int, end: int) -> "Tokens":
        """The tokens from `first` up to and without `end`."""
        return Tokens(
            self.values[first:end],
            None if self.times is None else self.times[first:end],
            None if self.offsets is None else self.offsets[first:end],
            self.columns,
        )

    def column(self, name: str) -> NDArray[np.floating]:
        """The values of one named column, shape (T,).

        Raises:
            FeatureError: if there is no such column.
        """
        if self.columns is None or name not in self.columns:
            raise FeatureError(f'no column "{name}" in {self.columns}')
        return self.values[:, self.columns.index(name)]


@dataclass(frozen=True, slots=True)
class Hotspot:
    """A short span of one modality where emotion shows.

    Args:
        modality: "words", "voice", "face" or another one of the store.
        start: seconds from the start of the recording, or None where the
            utterance has no times (a bare text).
        end: seconds, or None.
        score: strength in [0, 1].
        fired_by: what fired it, e.g. "loudness", "brow raise", "lexicon".
        char_start: first character in the utterance's text, words only.
        char_end: index after the last character, words only.
        apex: seconds, its strongest moment, or None where the detector knows none.
    """

    modality: str
    start: float | None
    end: float | None
    score: float
    fired_by: str
    char_start: int | None = None
    char_end: int | None = None
    apex: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            raise FeatureError(f"a hotspot's score must lie in [0, 1], found {self.score}")
