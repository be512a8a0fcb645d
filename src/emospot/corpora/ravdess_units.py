"""RAVDESS faces as action units: one sentence in both intensities among neutral ones.

The units are means over a clip and have no course in time, so a clip becomes a still of
two seconds, and the stills of one actor a film:

    neutral, neutral, neutral, neutral, one of the pair, neutral, the other of the pair

The pair says one sentence with one emotion, once with normal and once with strong
intensity; which comes first alternates. So a detector can be asked which of the two it
finds stronger, and nothing else: borders of stills are no onsets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Tokens
from emospot.corpora.ravdess import ACTION_UNITS, ClipCode, action_units
from emospot.errors import CorpusError

STILL_SECONDS = 2.0
RATE = 10.0
NEUTRAL = 1
NORMAL, STRONG = 1, 2


@dataclass(frozen=True, slots=True)
class StillFilm:
    """Stills of one actor, one after another.

    Args:
        actor: 1 to 24.
        number: of the actor's films, from 0.
        tokens: columns `ACTION_UNITS` with times.
        emotional: start, end and intensity (1 normal, 2 strong) of the pair.
    """

    actor: int
    number: int
    tokens: Tokens
    emotional: tuple[tuple[float, float, int], ...]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return float(len(self.tokens.values) / RATE)


def intensity_films(folder: Path, actors: Sequence[int]) -> Iterator[StillFilm]:
    """Lay the stills of every pair of clips in order.

    Args:
        folder: of RAVDESS, with the table of action units.
        actors: whose, 1 to 24.

    Raises:
        CorpusError: if the table is not there, or an actor's neutral clips are not.
    """
    units = {_named(code): values for code, values in action_units(folder).items()}
    for actor in actors:
        own = {name[1:]: values for name, values in units.items() if name[0] == actor}
        neutral = [own[name] for name in sorted(own) if name[0] == NEUTRAL]
        if len(neutral) != 4:
            raise CorpusError(
                f"{folder}: action units of {len(neutral)} neutral clips of actor {actor}, "
                "expected 4: get the table again (docs/corpora.md)"
            )
        pairs = sorted(
            (emotion, statement, repetition)
            for emotion, intensity, statement, repetition in own
            if intensity == STRONG and (emotion, NORMAL, statement, repetition) in own
        )
        for number, (emotion, statement, repetition) in enumerate(pairs):
            order = (NORMAL, STRONG) if number % 2 == 0 else (STRONG, NORMAL)
            one, other = (own[emotion, intensity, statement, repetition] for intensity in order)
            yield _film(actor, number, [*neutral, one, neutral[0], other], order)


def _named(code: ClipCode) -> tuple[int, int, int, int, int]:
    return code.actor, code.emotion, code.intensity, code.statement, code.repetition


def _film(
    actor: int, number: int, stills: Sequence[NDArray[np.float32]], order: tuple[int, int]
) -> StillFilm:
    frames = int(STILL_SECONDS * RATE)
    values = np.repeat(np.stack(stills), frames, axis=0)
    starts = np.arange(len(values)) / RATE
    times = np.column_stack([starts, starts + 1 / RATE])
    last = len(stills) - 1
    emotional = tuple(
        (place * STILL_SECONDS, (place + 1) * STILL_SECONDS, intensity)
        for place, intensity in zip((last - 2, last), order, strict=True)
    )
    return StillFilm(actor, number, Tokens(values, times, columns=ACTION_UNITS), emotional)
