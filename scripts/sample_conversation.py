"""The sample's conversation: what is said, how, and the sound of it.

espeak-ng speaks each turn with its own rate, pitch and pitch range; the turns
are trimmed, set to the loudness that suits them and laid one after another with
pauses. Where each turn begins and ends is therefore known exactly, and becomes
the transcript.
"""

import io
import shutil
import subprocess
import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

SAMPLE_RATE = 16_000
BIT_RATE = 24_000
LEAD_SECONDS = 0.4
CEILING = 0.89  # -1 dBFS

# Shares of a turn's peak: what is kept of it, and what the transcript calls speech.
_AUDIBLE = 10 ** (-50 / 20)
_SPEECH = 10 ** (-30 / 20)


@dataclass(frozen=True)
class Turn:
    """A turn and how it is spoken.

    Args:
        speaker: name in the transcript.
        text: what is said.
        mood: what the turn is meant to sound like; the transcript does not tell.
        rate: words a minute.
        pitch: of espeak-ng, 0 to 99.
        pitch_range: of SSML, 100 is usual, 0 is monotone.
        level: root mean square in dB below full scale.
        pause: seconds of silence before the turn.
    """

    speaker: str
    text: str
    mood: str
    rate: int
    pitch: int
    pitch_range: int
    level: float
    pause: float = 0.4


VOICES = {"ANNA": "en-us+f2", "BEN": "en-gb+m3"}

TURNS = (
    Turn(
        "ANNA",
        "Hi Ben. Did you hear back from the landlord about the flat?",
        "neutral", 165, 50, 90, -23, LEAD_SECONDS,
    ),
    Turn(
        "BEN",
        "No. I have called him five times this week, and he never, ever answers. "
        "I don't know what else to do.",
        "frustration", 175, 42, 110, -21,
    ),
    Turn("ANNA", "Maybe we should just send him a letter.", "neutral", 160, 50, 80, -23, 0.5),
    Turn(
        "BEN",
        "A letter? Are you kidding me? He lied to us, Anna! I am so angry, I could scream!",
        "anger", 205, 72, 180, -16, 0.25,
    ),
    Turn(
        "ANNA",
        "I know. I am just so tired and sad about it. I really loved that place.",
        "sadness", 130, 32, 40, -29.5, 0.8,
    ),
    Turn("BEN", "I'm sorry. I miss it too.", "sadness", 125, 22, 40, -29.5, 0.7),
    Turn(
        "ANNA",
        "Wait, my phone. Oh my God, it is him! He says we can have the flat!",
        "excited", 195, 80, 180, -17, 0.6,
    ),
    Turn(
        "BEN",
        "What? That is amazing! I can't believe it! We got it!",
        "excited", 200, 70, 180, -16, 0.25,
    ),
    Turn(
        "ANNA",
        "I am so happy! This is the best news all year.",
        "happiness", 175, 70, 150, -19, 0.35,
    ),
    Turn(
        "BEN",
        "Okay. Then let us meet at noon and sign the papers.",
        "neutral", 165, 38, 80, -23, 0.5,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Placed:
    """A turn with its place in the recording, in seconds."""

    turn: Turn
    start: float
    end: float


def make_conversation(audio_path: Path, transcript_path: Path) -> list[Placed]:
    """Speak all turns, write the Ogg Opus file and its SRT transcript.

    Raises:
        SystemExit: if espeak-ng is not installed.
    """
    pieces: list[NDArray[np.float64]] = []
    placed = []
    samples = 0
    for turn in TURNS:
        pause = np.zeros(round(turn.pause * SAMPLE_RATE))
        sound = _spoken(turn)
        first, last = _bounds(sound, _AUDIBLE)
        sound = _at_level(sound[first:last], turn.level)
        begin = samples + len(pause)
        start, end = (begin + edge for edge in _bounds(sound, _SPEECH))
        placed.append(Placed(turn, start / SAMPLE_RATE, end / SAMPLE_RATE))
        pieces += [pause, sound]
        samples = begin + len(sound)
    pieces.append(np.zeros(round(LEAD_SECONDS * SAMPLE_RATE)))
    _write_opus(np.concatenate(pieces), audio_path)
    transcript_path.write_text(_srt(placed), encoding="utf-8")
    return placed


def _spoken(turn: Turn) -> NDArray[np.float64]:
    program = shutil.which("espeak-ng")
    if program is None:
        raise SystemExit("needs the program espeak-ng (Debian: apt-get install espeak-ng)")
    ssml = f'<speak><prosody range="{turn.pitch_range}%">{turn.text}</prosody></speak>'
    options = ["-m", "-v", VOICES[turn.speaker], "-s", str(turn.rate), "-p", str(turn.pitch)]
    result = subprocess.run([program, *options, "--stdout", ssml], check=True, capture_output=True)
    with wave.open(io.BytesIO(result.stdout)) as spoken:
        rate = spoken.getframerate()
        # Written to a pipe, the header claims more frames than there are.
        frames = spoken.readframes(len(result.stdout))
    sound = np.frombuffer(frames, dtype="<i2").astype(np.float64) / 32768.0
    ratio = Fraction(SAMPLE_RATE, rate)
    resampled: NDArray[np.float64] = resample_poly(sound, ratio.numerator, ratio.denominator)
    return resampled


def _bounds(sound: NDArray[np.float64], share: float) -> tuple[int, int]:
    """First sample, and the one after the last, that is louder than a share of the peak."""
    loud = np.flatnonzero(np.abs(sound) > share * np.abs(sound).max())
    return int(loud[0]), int(loud[-1]) + 1


def _at_level(sound: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """At the level, or as near to it as the ceiling allows without clipping."""
    gain = 10 ** (level / 20) / np.sqrt((sound**2).mean())
    return sound * min(gain, CEILING / np.abs(sound).max())


def _write_opus(sound: NDArray[np.float64], path: Path) -> None:
    # Bit-exact: else the Ogg stream gets a random number.
    with av.open(str(path), "w", format="ogg", options={"fflags": "bitexact"}) as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = BIT_RATE
        stream.codec_context.options = {"application": "voip"}
        samples = np.round(sound * 32767.0).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def _srt(placed: list[Placed]) -> str:
    return "\n".join(
        f"{number}\n{_clock(item.start)} --> {_clock(item.end)}\n"
        f"{item.turn.speaker}: {item.turn.text}\n"
        for number, item in enumerate(placed, start=1)
    )


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02},{rest % 1000:03}"
