"""Conversations of several RAVDESS actors, with exact truth of who speaks when.

Clips are cut one after another. A turn holds one to three clips of one actor; then
another one goes on. Between clips lie 0 to 1 s of pause. Every clip is without the
silences around it and at its actor's level, which differs by up to 3 dB from actor to
actor; half of the talks carry noise with the spectrum of speech, 15 dB below it.

This is hard in one respect and easy in another. All eight emotions occur, in both
intensities, so one actor's voice changes from clip to clip far more than in most
conversations. But nobody interrupts, all share a recording booth, and all say the same
two sentences.

The seed decides everything: the same folder and seed give the same talks, sample by
sample.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from emospot.corpora.ravdess import ClipCode, speech_clips
from emospot.corpora.ravdess_splices import (
    FLOOR_DB,
    NOISE_DB,
    Audio,
    levelled,
    speech_noise,
    speech_spectrum,
    trimmed,
)
from emospot.errors import CorpusError
from emospot.media.audio import SAMPLE_RATE, audio_blocks

FITTING_ACTORS = range(1, 13)
"""From whom thresholds are taken."""
TESTING_ACTORS = range(13, 25)
"""From whom figures are taken."""
SPEAKERS = (1, 2, 3, 4, 6)
"""How many speak in a talk."""
TURNS = 16
"""Of a talk; as many as it takes for everybody to have four, if that is more."""
PAUSE = (0.0, 1.0)
LEVEL_DB = 3.0


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation made of clips.

    Args:
        name: unique among the talks of a seed.
        audio: at 16 kHz, shape (N,).
        turns: start and end in seconds and speaker of each clip, in order of time.
        speakers: how many there are.
        mixed: whether both women and men speak.
        noisy: whether it carries audible noise.
    """

    name: str
    audio: Audio
    turns: tuple[tuple[float, float, str], ...]
    speakers: int
    mixed: bool
    noisy: bool


def talks(folder: Path, actors: Sequence[int], *, each: int = 3, seed: int = 0) -> Iterator[Talk]:
    """Cut talks: of every number of speakers, of one sex and of both, with noise and without.

    Args:
        folder: with the clips of RAVDESS speech, also in subfolders.
        actors: who may speak; six of each sex, for talks of six of one sex.
        each: talks of a kind.
        seed: of every choice.

    Raises:
        CorpusError: if an actor's clips are not there.
    """
    for count in SPEAKERS:
        for mixed in (False, True) if count > 1 else (False,):
            for number in range(2 * each):
                yield talk(folder, actors, count, number, mixed=mixed, seed=seed)


def talk(
    folder: Path,
    actors: Sequence[int],
    count: int,
    number: int,
    *,
    mixed: bool,
    seed: int = 0,
    turns: int = TURNS,
) -> Talk:
    """Cut one talk; see `talks`, of which it is the one of that number and kind.

    Args:
        folder: as in `talks`.
        actors: as in `talks`.
        count: how many speak.
        number: of the talk; women and men, and noise and none, take turns.
        mixed: whether both women and men speak.
        seed: of every choice.
        turns: of the talk; each actor's clips come again once all were heard.
    """
    random = np.random.default_rng((seed, count, int(mixed), number, min(actors)))
    chosen = _cast(actors, count, mixed, woman=bool(number % 2), random=random)
    noisy = bool(number // 2 % 2) != bool(number % 2)
    wanted = max(turns, 4 * count) if count > 1 else turns // 2
    order = _order(chosen, wanted, random)
    clips = {actor: _Shuffled(_actor(folder, actor), random) for actor in chosen}
    gains = {actor: 10 ** (random.uniform(-LEVEL_DB, LEVEL_DB) / 20) for actor in chosen}
    pieces: list[Audio] = []
    said: list[tuple[float, float, str]] = []
    position = 0
    for actor in order:
        for _ in range(int(random.integers(1, 4))):
            pieces.append(np.zeros(int(random.uniform(*PAUSE) * SAMPLE_RATE), np.float32))
            position += len(pieces[-1])
            pieces.append(clips[actor].next() * np.float32(gains[actor]))
            end = position + len(pieces[-1])
            said.append((position / SAMPLE_RATE, end / SAMPLE_RATE, f"actor {actor:02}"))
            position = end
    speech = np.concatenate(pieces)
    below = NOISE_DB if noisy else FLOOR_DB
    spectrum = speech_spectrum(pieces[1::2])
    noise = speech_noise(len(speech), spectrum, random) * np.float32(10 ** (-below / 20))
    kind = "mixed" if mixed else "same sex"
    name = f"{count} speakers, {kind}, {number}"
    return Talk(name, speech + noise, tuple(said), count, mixed, noisy)


def _cast(
    actors: Sequence[int], count: int, mixed: bool, *, woman: bool, random: np.random.Generator
) -> list[int]:
    """Who speaks; even numbers are women."""
    of_sex = [[a for a in actors if a % 2 == 1], [a for a in actors if a % 2 == 0]]
    if not mixed:
        pool = of_sex[int(woman)]
        if len(pool) < count:
            raise CorpusError(f"{count} of one sex are wanted, and there are {len(pool)} actors")
        return [int(a) for a in random.choice(pool, count, replace=False)]
    women = count // 2
    picked = [
        *random.choice(of_sex[0], count - women, replace=False),
        *random.choice(of_sex[1], women, replace=False),
    ]
    return [int(a) for a in random.permutation(picked)]


def _order(chosen: Sequence[int], turns: int, random: np.random.Generator) -> list[int]:
    """Whose turn it is: everybody's once, then anybody's but the last one's."""
    if len(chosen) == 1:
        return [*chosen] * turns
    order = list(chosen)
    while len(order) < turns:
        others = [actor for actor in chosen if actor != order[-1]]
        order.append(int(random.choice(others)))
    return order


class _Shuffled:
    """An actor's clips in random order, each once before any comes again."""

    def __init__(self, clips: Sequence[Audio], random: np.random.Generator) -> None:
        self._clips, self._random = clips, random
        self._left: list[int] = []

    def next(self) -> Audio:
        if not self._left:
            self._left = [int(i) for i in self._random.permutation(len(self._clips))]
        return self._clips[self._left.pop()]


@lru_cache(maxsize=24)
def _actor(folder: Path, actor: int) -> tuple[Audio, ...]:
    """The clips of an actor, brought to one level."""
    own = [path for path, code in _codes(folder).items() if code.actor == actor]
    if not own:
        raise CorpusError(f"{folder}: there is no clip of actor {actor}; get the release again")
    return tuple(levelled(trimmed(np.concatenate(list(audio_blocks(path))))) for path in own)


@lru_cache(maxsize=1)
def _codes(folder: Path) -> dict[Path, ClipCode]:
    return speech_clips(folder, [])
