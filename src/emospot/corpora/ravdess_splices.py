"""Recordings with known emotional moments: clips of RAVDESS cut one after another.

Nobody has marked where in a voice emotion begins and ends. But an actor who speaks
four neutral clips with an emotional one among them does so at a place that is known
to the sample. Each splice holds

    all four neutral clips of one actor (two sentences, two repetitions), and
    0, 1 or 2 clips of one of six emotions among them (calm is none)

in random order, without the silences around the speech, 0.25 to 0.6 s apart. What
would give the place away besides emotion is taken out: all clips are brought to one
level, and half of the splices carry noise with the spectrum of the actor's speech,
15 dB below it. Half of the emotional clips are of normal intensity, half strong.

Where intensity is the question, a splice (`intensity_pairs`) holds the same emotional
sentence twice among the four neutral clips, spoken with normal and with strong intensity:
brought to one level, which of the two is the stronger?

The seed decides everything: the same folder and seed give the same splices, sample
by sample.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.corpora.ravdess import ClipCode, speech_clips
from emospot.errors import CorpusError
from emospot.media.audio import SAMPLE_RATE, audio_blocks

Audio = NDArray[np.float32]

NEUTRAL = 1
EMOTIONAL = (3, 4, 5, 6, 7, 8)
"""Numbers of the emotions: happy, sad, angry, fearful, disgust, surprised."""

LEVEL = 0.05
"""Root mean square of every clip."""
NOISE_DB = 15.0
FLOOR_DB = 60.0
"""How far the noise lies below the speech where there is to be none."""
PAUSE = (0.25, 0.6)
_FRAME = SAMPLE_RATE // 100
_SPEECH_DB = 35.0  # below the loudest frame


@dataclass(frozen=True, slots=True)
class EmotionalClip:
    """Where an emotional clip lies in a splice.

    Args:
        start: seconds.
        end: seconds.
        emotion: number as published, 3 to 8.
        intensity: 1 (normal) or 2 (strong).
        statement: 1 or 2.
    """

    start: float
    end: float
    emotion: int
    intensity: int
    statement: int


@dataclass(frozen=True, slots=True)
class Splice:
    """A recording made of clips.

    Args:
        actor: 1 to 24.
        number: of the actor's splices, from 0.
        audio: at 16 kHz, shape (N,).
        emotional: what stands out, in order of time.
        neutral: start and end of the other clips, in order of time.
        noisy: whether it carries audible noise.
    """

    actor: int
    number: int
    audio: Audio
    emotional: tuple[EmotionalClip, ...]
    neutral: tuple[tuple[float, float], ...]
    noisy: bool


def splices(
    folder: Path, actors: Sequence[int], *, each: int = 12, seed: int = 0
) -> Iterator[Splice]:
    """Cut recordings.

    Args:
        folder: with the clips of RAVDESS speech, also in subfolders.
        actors: whose, 1 to 24.
        each: splices an actor.
        seed: of every choice.

    Raises:
        CorpusError: if an actor's clips are not there.
    """
    for actor in actors:
        for number in range(each):
            yield splice(folder, actor, number, seed)


def splice(folder: Path, actor: int, number: int, seed: int = 0) -> Splice:
    """Cut one recording; see `splices`, of which it is the actor's one of that number."""
    own = _actor(folder, actor)
    random = np.random.default_rng((seed, actor, number))
    emotional = [code for code in own.paths if code.emotion in EMOTIONAL]
    chosen = _drawn(emotional, int(random.integers(3)), 1 + number % 2, random)
    noisy = bool(number // 2 % 2)
    return _spliced(actor, number, own.shuffled(chosen, random), own.spectrum, noisy, random)


def intensity_pairs(
    folder: Path, actors: Sequence[int], *, each: int = 12, seed: int = 0
) -> Iterator[Splice]:
    """Cut recordings with one sentence in both intensities among the neutral clips.

    Args:
        folder: as in `splices`.
        actors: whose, 1 to 24.
        each: splices an actor: every emotion and sentence once, repetitions in turn.
        seed: of every choice.

    Raises:
        CorpusError: as `splices`.
    """
    for actor in actors:
        own = _actor(folder, actor)
        pairs = [(emotion, statement) for emotion in EMOTIONAL for statement in (1, 2)]
        for number in range(each):
            random = np.random.default_rng((seed, actor, number))
            emotion, statement = pairs[number % len(pairs)]
            wanted = (emotion, statement, 1 + number // len(pairs) % 2)
            chosen = [c for c in own.paths if (c.emotion, c.statement, c.repetition) == wanted]
            noisy = bool(number % 2)
            yield _spliced(
                actor, number, own.shuffled(chosen, random), own.spectrum, noisy, random
            )


@dataclass(frozen=True, slots=True)
class _Actor:
    """An actor's clips: their files, what was read of them, and the spectrum of the neutral."""

    paths: dict[ClipCode, Path]
    read: dict[ClipCode, Audio]
    spectrum: NDArray[np.float64]

    def shuffled(
        self, chosen: Sequence[ClipCode], random: np.random.Generator
    ) -> list[tuple[ClipCode, Audio]]:
        """The neutral clips and the chosen ones in random order."""
        for code in chosen:
            if code not in self.read:
                self.read[code] = levelled(trimmed(_read(self.paths[code])))
        codes = [*(c for c in self.paths if c.emotion == NEUTRAL), *chosen]
        return [(codes[i], self.read[codes[i]]) for i in random.permutation(len(codes))]


@lru_cache(maxsize=1)
def _actor(folder: Path, actor: int) -> _Actor:
    clips = speech_clips(folder, [])
    paths = {code: path for path, code in clips.items() if code.actor == actor}
    neutral = [code for code in paths if code.emotion == NEUTRAL]
    emotional = [code for code in paths if code.emotion in EMOTIONAL]
    if len(neutral) != 4 or not emotional:
        raise CorpusError(
            f"{folder}: actor {actor} has {len(neutral)} neutral and {len(emotional)} "
            "emotional clips of speech; expected 4 and 48: get the release's speech again"
        )
    read = {code: levelled(trimmed(_read(paths[code]))) for code in neutral}
    return _Actor(paths, read, speech_spectrum(list(read.values())))


def trimmed(audio: Audio) -> Audio:
    """The stretch from the first to the last frame of speech.

    A frame of 10 ms is speech if it lies less than 35 dB below the loudest one.
    """
    frames = audio[: len(audio) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = (frames.astype(np.float64) ** 2).mean(axis=1)
    speech = np.flatnonzero(power > power.max(initial=0.0) * 10 ** (-_SPEECH_DB / 10))
    if len(speech) == 0:
        return audio
    return audio[speech[0] * _FRAME : (speech[-1] + 1) * _FRAME]


def levelled(audio: Audio) -> Audio:
    """The same speech at the level that all clips have."""
    rms = float(np.sqrt((audio.astype(np.float64) ** 2).mean()))
    return (audio * (LEVEL / rms if rms > 0 else 0.0)).astype(np.float32)


def _read(path: Path) -> Audio:
    return np.concatenate(list(audio_blocks(path)))


def _drawn(
    codes: Sequence[ClipCode], count: int, intensity: int, random: np.random.Generator
) -> list[ClipCode]:
    """So many clips of that intensity, of different emotions."""
    pool = [code for code in codes if code.intensity == intensity]
    emotions = random.choice(EMOTIONAL, size=count, replace=False)
    return [
        pool[int(random.choice([i for i, code in enumerate(pool) if code.emotion == emotion]))]
        for emotion in emotions
    ]


def speech_spectrum(clips: Sequence[Audio]) -> NDArray[np.float64]:
    """Mean amplitude of clips at each of 513 frequencies."""
    size = 1024
    speech = np.concatenate(clips).astype(np.float64)
    frames = speech[: len(speech) // size * size].reshape(-1, size)
    power: NDArray[np.float64] = (np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2).mean(axis=0)
    return np.sqrt(power)


def speech_noise(count: int, spectrum: NDArray[np.float64], random: np.random.Generator) -> Audio:
    """Noise of that spectrum at the level of the clips, shape (count,)."""
    white = np.fft.rfft(random.normal(size=count))
    shape = np.interp(np.linspace(0, 1, len(white)), np.linspace(0, 1, len(spectrum)), spectrum)
    return levelled(np.fft.irfft(white * shape, count).astype(np.float32))


def _spliced(
    actor: int,
    number: int,
    clips: Sequence[tuple[ClipCode, Audio]],
    spectrum: NDArray[np.float64],
    noisy: bool,
    random: np.random.Generator,
) -> Splice:
    pieces: list[Audio] = []
    emotional, neutral = [], []
    position = 0

    def add(piece: Audio) -> None:
        nonlocal position
        pieces.append(piece)
        position += len(piece)

    def pause() -> None:
        add(np.zeros(int(random.uniform(*PAUSE) * SAMPLE_RATE), np.float32))

    pause()
    for code, audio in clips:
        start = position / SAMPLE_RATE
        add(audio)
        end = position / SAMPLE_RATE
        if code.emotion == NEUTRAL:
            neutral.append((start, end))
        else:
            emotional.append(
                EmotionalClip(start, end, code.emotion, code.intensity, code.statement)
            )
        pause()
    speech = np.concatenate(pieces)
    below = NOISE_DB if noisy else FLOOR_DB
    noise = speech_noise(len(speech), spectrum, random) * np.float32(10 ** (-below / 20))
    return Splice(actor, number, speech + noise, tuple(emotional), tuple(neutral), noisy)
