"""Loudness, pitch, rate and spectrum of a voice, with permissively licensed code only.

Every 10 ms one frame (columns in this order; the first four are those of
`voice_descriptors`):

- `loudness`: 26 mel bands of the power spectrum, each raised to 0.33 (Stevens'
  law), summed: the shape of Zwicker's loudness without masking, scaled so that
  a 1 kHz tone at half of full scale has loudness 1;
- `pitch`, `voiced`: see `pitch`;
- `rate`: syllable nuclei a second, see `voice_descriptors`;
- `periodicity`: the strongest normalised autocorrelation, 0 to 1;
- `spectral_flux`: root mean square change of the bands' loudness since the
  frame before, over the frame's loudness scale;
- `spectral_centroid`: kHz, 0 in silence;
- `alpha_ratio`: energy at 1–5 kHz over energy at 50–1000 Hz in dB, 0 in silence;
- `mfcc1` … `mfcc4`: cosine transform of the bands' logarithm.

This stands in for openSMILE's eGeMAPS where openSMILE's licence does not fit.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from emospot.conversation import VOICE, Tokens
from emospot.errors import UsageError
from emospot.features.base import FeatureDescription
from emospot.features.pitch import track_pitch
from emospot.features.spectrum import (
    frame_count,
    frames,
    mel_filters,
    padded_for_frames,
)
from emospot.features.voice_descriptors import (
    STANDARD,
    average_frames,
    frame_times,
    syllable_rate,
    voiced_only,
)
from emospot.media.audio import SAMPLE_RATE

COLUMNS = (
    *STANDARD,
    "periodicity",
    "spectral_flux",
    "spectral_centroid",
    "alpha_ratio",
    "mfcc1",
    "mfcc2",
    "mfcc3",
    "mfcc4",
)

_HOP = 160
_LENGTH = 400
_FFT = 512
_BANDS = 26
_BLOCK = 2000
_SHORTEST = 0.06  # seconds, one window of openSMILE's pitch: both refuse the same clips
_FLOOR = 1e-10  # power, keeps logarithms finite


class BasicVoice:
    """Voice descriptors from numpy and scipy alone.

    Args:
        hop: seconds a token, a multiple of 0.01. Tokens longer than 0.01 s
            are means of 10 ms frames (pitch: of the voiced ones).

    Raises:
        UsageError: if `hop` is not a multiple of 0.01.

    >>> tone = np.sin(2 * np.pi * 220 * np.arange(16000) / 16000).astype(np.float32)
    >>> tokens = BasicVoice().extract(0.3 * tone, start=5.0)
    >>> len(tokens), round(float(np.median(tokens.column("pitch"))), 1)
    (100, 36.0)
    """

    def __init__(self, hop: float = 0.01) -> None:
        self._size = frames_a_token(hop)
        self._hop = self._size * 0.01

    def describe(self) -> FeatureDescription:
        """What identifies this feature."""
        return FeatureDescription(
            VOICE, "basic", "1", len(COLUMNS), pooled=False, options={"hop": round(self._hop, 2)}
        )

    def extract(self, audio: NDArray[np.float32], start: float) -> Tokens | None:
        """Descriptors of one utterance, None where it lasts under 60 ms.

        Args:
            audio: mono samples in [-1, 1] at 16 kHz, shape (n,). Values that
                are not finite count as 0.
            start: seconds from the start of the recording at `audio[0]`.
        """
        audio = finite(audio)
        if len(audio) < _SHORTEST * SAMPLE_RATE:
            return None
        values = average_frames(_descriptors(audio), COLUMNS, self._size, voiced_only(COLUMNS))
        times = frame_times(len(values), self._hop, start, start + len(audio) / SAMPLE_RATE)
        return Tokens(values.astype(np.float32), times, columns=COLUMNS)


def frames_a_token(hop: float) -> int:
    """How many 10 ms frames a token of `hop` seconds holds.

    Raises:
        UsageError: if that is not a whole number of at least 1.

    >>> frames_a_token(0.05)
    5
    """
    size = round(hop / 0.01)
    if size < 1 or abs(size * 0.01 - hop) > 1e-9:
        raise UsageError(f"the hop of voice tokens must be a multiple of 0.01 s, found {hop}")
    return size


def finite(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The samples as float32 within [-1, 1], 0 where they are not finite."""
    clean = np.nan_to_num(np.asarray(audio, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(clean, -1.0, 1.0)


def _descriptors(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """All columns at 10 ms, shape (T, d)."""
    count = frame_count(len(audio), _HOP)
    padded = padded_for_frames(audio, _LENGTH, _HOP)
    blocks = []
    last: NDArray[np.float64] | None = None
    for first in range(0, count, _BLOCK):
        windows = frames(padded, _LENGTH, _HOP, first, min(first + _BLOCK, count))
        columns, last = _spectral(windows, last)
        blocks.append(columns)
    spectral = np.concatenate(blocks)
    loudness = spectral[:, 0]
    pitch = track_pitch(audio, _HOP)
    voiced = pitch.voiced.astype(np.float64)
    rate = syllable_rate(loudness, voiced, _HOP / SAMPLE_RATE)
    front = np.column_stack([loudness, pitch.semitones, voiced, rate, pitch.periodicity])
    return np.column_stack([front, spectral[:, 1:]])


def _spectral(
    windows: NDArray[np.float32], previous: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Loudness, flux, centroid, alpha ratio and cepstrum; and the last frame's bands.

    Args:
        windows: frames, shape (T, samples).
        previous: the bands' loudness of the frame before the first, or None.
    """
    shape = np.hanning(_LENGTH)
    power = np.abs(np.fft.rfft(windows * shape, _FFT, axis=1)) ** 2
    bands = power @ mel_filters(_BANDS, _FFT, 20.0, SAMPLE_RATE / 2)
    parts = bands**0.33 / _tone_loudness()
    before = np.vstack([parts[:1] if previous is None else previous[None], parts[:-1]])
    flux = np.sqrt(np.mean((parts - before) ** 2, axis=1))
    frequency = np.arange(power.shape[1]) * (SAMPLE_RATE / _FFT)
    total = power.sum(axis=1)
    heard = total > _FLOOR * power.shape[1]
    centroid = np.where(heard, power @ frequency / np.maximum(total, _FLOOR) / 1000.0, 0.0)
    low = power[:, (frequency >= 50) & (frequency < 1000)].sum(axis=1) + _FLOOR
    high = power[:, (frequency >= 1000) & (frequency < 5000)].sum(axis=1) + _FLOOR
    alpha = np.where(heard, 10.0 * np.log10(high / low), 0.0)
    cepstrum = dct(np.log(bands + _FLOOR), norm="ortho", axis=1)[:, 1:5]
    columns = np.column_stack([parts.sum(axis=1), flux, centroid, alpha, cepstrum])
    return columns, parts[-1]


def _tone_loudness() -> float:
    """The unscaled loudness of a 1 kHz tone at half of full scale."""
    time = np.arange(_LENGTH) / SAMPLE_RATE
    tone = 0.5 * np.sin(2 * np.pi * 1000.0 * time) * np.hanning(_LENGTH)
    power = np.abs(np.fft.rfft(tone, _FFT)) ** 2
    return float(((power @ mel_filters(_BANDS, _FFT, 20.0, SAMPLE_RATE / 2)) ** 0.33).sum())
