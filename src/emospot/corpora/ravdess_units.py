"""RAVDESS faces as action units: one sentence in both intensities among neutral ones.

The units are means over a clip and have no course in time, so a clip becomes a still of
two seconds, and the stills of one actor a film:

    neutral, neutral, neutral, neutral, one of the pair, neutral, the other of the pair

The pair says one sentence with one emotion, once with normal and once with strong
intensity; which comes first alternates. So a detector can be asked which of the two it
finds stronger, and nothing else: borders of stills are no onsets.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Tokens
from emospot.corpora.ravdess import ACTION_UNITS, ClipCode, action_units
from emospot.errors import CorpusError

Units = NDArray[np.float32]

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
    for own in actors_units(folder, actors):
        pairs = sorted(
            (emotion, statement, repetition)
            for emotion, intensity, statement, repetition in own.moved
            if intensity == STRONG and (emotion, NORMAL, statement, repetition) in own.moved
        )
        for number, (emotion, statement, repetition) in enumerate(pairs):
            order = (NORMAL, STRONG) if number % 2 == 0 else (STRONG, NORMAL)
            one, other = (own.moved[emotion, i, statement, repetition] for i in order)
            stills = [*own.neutral, one, own.neutral[0], other]
            last = len(stills) - 1
            emotional = tuple(
                (place * STILL_SECONDS, (place + 1) * STILL_SECONDS, intensity)
                for place, intensity in zip((last - 2, last), order, strict=True)
            )
            yield StillFilm(own.actor, number, film_of(stills), emotional)


@dataclass(frozen=True, slots=True)
class ActorUnits:
    """The action units of an actor's clips, shape (35,) each.

    Args:
        actor: 1 to 24.
        neutral: of the four neutral clips.
        moved: emotion, intensity, statement, repetition → those of the other clips.
    """

    actor: int
    neutral: tuple[Units, ...]
    moved: Mapping[tuple[int, int, int, int], Units]


def actors_units(folder: Path, actors: Sequence[int]) -> Iterator[ActorUnits]:
    """The action units of some actors.

    Args:
        folder: of RAVDESS, with the table of action units.
        actors: whose, 1 to 24.

    Raises:
        CorpusError: if the table is not there, or an actor's neutral clips are not.
    """
    units = action_units(folder)
    for actor in actors:
        own = {_named(code): values for code, values in units.items() if code.actor == actor}
        neutral = tuple(own[name] for name in sorted(own) if name[0] == NEUTRAL)
        if len(neutral) != 4:
            raise CorpusError(
                f"{folder}: action units of {len(neutral)} neutral clips of actor {actor}, "
                "expected 4: get the table again (docs/corpora.md)"
            )
        moved = {name: values for name, values in own.items() if name[0] != NEUTRAL}
        yield ActorUnits(actor, neutral, moved)


def _named(code: ClipCode) -> tuple[int, int, int, int]:
    return code.emotion, code.intensity, code.statement, code.repetition


def film_of(stills: Sequence[Units], start: float = 0.0) -> Tokens:
    """Stills one after another, `RATE` frames a second.

    Args:
        stills: action units, shape (35,) each.
        start: of the first, in seconds.
    """
    values = np.repeat(np.stack(stills), int(STILL_SECONDS * RATE), axis=0)
    starts = start + np.arange(len(values)) / RATE
    return Tokens(values, np.column_stack([starts, starts + 1 / RATE]), columns=ACTION_UNITS)
