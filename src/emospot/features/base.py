"""What every feature extractor says of itself, and what it gives.

A *model feature* is a token sequence that a recognizer reads (word pieces of
MiniLM, one GE2E vector an utterance). A *descriptor* is a token sequence whose
columns have a meaning by themselves ("loudness", "brow raise") and that the
hotspot detectors read. One extractor can serve as both.

Extractors are created cheaply and load their weights on first use. Where the
packages of an extractor are not installed, its constructor raises
`MissingExtraError`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Tokens, Utterance

FACE_TRACK_COLUMNS = ("shot", "track", "weight")
"""Whose face a row of `FacesExtractor.faces` is: the number of its shot, the number of its
track (unique in the recording), and the track's weight (`face_tracks`) by the span's end."""

Span = tuple[float, float]
"""Start and end in seconds from the start of the recording."""


@dataclass(frozen=True, slots=True)
class FeatureDescription:
    """What identifies a feature: two features that differ here must not be mixed.

    Args:
        modality: "words", "voice", "face" or another name.
        extractor: name of the extractor, e.g. "minilm-l6", "ge2e", "egemaps".
        version: version of the extractor's weights or package.
        dim: numbers a token.
        pooled: whether an utterance has exactly one token.
        options: options that change the values.
        licence: one sentence where the extractor restricts use, else "".
    """

    modality: str
    extractor: str
    version: str
    dim: int
    pooled: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""


class Extractor(Protocol):
    """Whatever turns a recording or its texts into tokens."""

    def describe(self) -> FeatureDescription:
        """What identifies this feature."""
        ...


class Reloaded:
    """Base of what goes to other processes without what it has loaded, to load it there.

    What a `cached_property` holds stays behind.
    """

    def __getstate__(self) -> dict[str, Any]:
        """The arguments alone."""
        kind = type(self)
        return {
            name: value
            for name, value in vars(self).items()
            if not isinstance(getattr(kind, name, None), cached_property)
        }


class WordsExtractor(Extractor, Protocol):
    """Turns the text of utterances into tokens with character offsets."""

    def extract(self, utterances: Sequence[Utterance]) -> list[Tokens | None]:
        """Tokens of each utterance, None where it has no words.

        Token offsets are always set; token times are set where the utterance
        has word times.
        """
        ...


class VoiceExtractor(Extractor, Protocol):
    """Turns the sound of one utterance into tokens."""

    def extract(self, audio: NDArray[np.float32], start: float) -> Tokens | None:
        """Tokens of one utterance, None where it is too short to measure.

        Args:
            audio: mono samples in [-1, 1] at 16 kHz, shape (n,).
            start: seconds from the start of the recording at `audio[0]`; token
                times count from the start of the recording.
        """
        ...


class FaceExtractor(Extractor, Protocol):
    """Turns video frames into tokens of the face of one utterance after another."""

    def extract(
        self, frames: Iterable[tuple[float, NDArray[np.uint8]]], spans: Sequence[Span]
    ) -> Iterator[tuple[int, Tokens | None]]:
        """Tokens of the frames within each span, in one pass over the frames.

        Args:
            frames: time in seconds and RGB image (height, width, 3), in order
                of time.
            spans: the utterances' spans; they may overlap and lie beyond the
                last frame.

        Yields:
            Index of the span and its tokens, one token a frame in which a face
            was seen, or None where no face was seen in the span; each index
            exactly once, as soon as the frames have passed the span's end.
        """
        ...


@runtime_checkable
class FacesExtractor(FaceExtractor, Protocol):
    """A `FaceExtractor` that also gives every face, for whoever knows which one is meant."""

    def faces(
        self, frames: Iterable[tuple[float, NDArray[np.uint8]]], spans: Sequence[Span]
    ) -> Iterator[tuple[int, Tokens | None]]:
        """As `extract`, with a token for each face of a frame.

        Args:
            frames: as in `extract`.
            spans: as in `extract`.

        Yields:
            Index of the span and its tokens, in order of time; `FACE_TRACK_COLUMNS` are
            their last columns.
        """
        ...
