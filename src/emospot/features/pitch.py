"""Pitch of a voice from its autocorrelation, with a path through the candidates.

For each frame the normalised autocorrelation is estimated as the
autocorrelation of the windowed frame divided by that of the window

    r(τ) = r_windowed(τ) / r_window(τ)

whose peaks are the candidate periods (P. Boersma, "Accurate short-term analysis
of the fundamental frequency and the harmonics-to-noise ratio of a sampled
sound", Proc. Institute of Phonetic Sciences Amsterdam 17, 1993). Each peak is
refined with a parabola through its neighbours. A candidate's strength is r(τ)
less a cost for low pitch, which keeps the pitch from falling by an octave; the
candidate "unvoiced" is strong in quiet or irregular frames. The path through
the frames that maximises strength less the cost of octave jumps and of voicing
changes is found by dynamic programming.

Pitch is given in semitones above 27.5 Hz (the lowest A of the piano), the unit
that openSMILE's eGeMAPS uses; 0 where unvoiced.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.features.spectrum import frame_count, frames, padded_for_frames
from emospot.media.audio import SAMPLE_RATE

REFERENCE_HZ = 27.5
"""The frequency of 0 semitones."""

FLOOR_HZ = 65.0
CEILING_HZ = 800.0

_CANDIDATES = 5
_SILENCE = 0.03  # of the loudest frame's peak, below which a frame counts as silent
_VOICING = 0.45  # autocorrelation below which a frame counts as irregular
_OCTAVE_COST = 0.01
_JUMP_COST = 0.35
_CHANGE_COST = 0.14
_LENGTH = 768  # samples: three periods of the lowest pitch
_FFT = 2048
_BLOCK = 1000  # frames at a time, so that memory does not grow with the signal
_INAUDIBLE = 1e-4  # peak amplitude (−80 dB) below which nothing is voiced


@dataclass(frozen=True, slots=True)
class PitchTrack:
    """Pitch and periodicity of every frame.

    Args:
        semitones: above 27.5 Hz, 0 where unvoiced, shape (T,).
        periodicity: the strongest autocorrelation of a candidate period,
            0 (noise, silence) to 1 (perfectly periodic), shape (T,).
    """

    semitones: NDArray[np.float64]
    periodicity: NDArray[np.float64]

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """Where there is a pitch, shape (T,)."""
        return self.semitones > 0


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Candidate frequencies (T, K) in Hz, their autocorrelation, and frame peaks (T,)."""

    frequency: NDArray[np.float64]
    correlation: NDArray[np.float64]
    peak: NDArray[np.float64]


def semitones(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Semitones above 27.5 Hz of frequencies in Hz, 0 where the frequency is 0.

    >>> semitones(np.array([0.0, 55.0, 440.0]))
    array([ 0., 12., 48.])
    """
    safe = np.where(frequency > 0, frequency, REFERENCE_HZ)
    return np.asarray(12.0 * np.log2(safe / REFERENCE_HZ))


def track_pitch(audio: NDArray[np.float32], hop: int = 160) -> PitchTrack:
    """The pitch of one voice.

    Args:
        audio: mono samples in [-1, 1] at 16 kHz, shape (n,).
        hop: samples between frames; frame t is centred on its hop.

    Returns:
        Pitch of n // hop frames; where several voices sound at once, of the
        one that is most periodic.
    """
    count = frame_count(len(audio), hop)
    if count == 0:
        return PitchTrack(np.zeros(0), np.zeros(0))
    # A constant offset would correlate with itself at every lag.
    padded = padded_for_frames(
        audio - audio.mean(dtype=np.float64).astype(np.float32), _LENGTH, hop
    )
    blocks = [
        _candidates(frames(padded, _LENGTH, hop, first, min(first + _BLOCK, count)))
        for first in range(0, count, _BLOCK)
    ]
    found = _Candidates(
        np.concatenate([b.frequency for b in blocks]),
        np.concatenate([b.correlation for b in blocks]),
        np.concatenate([b.peak for b in blocks]),
    )
    periodicity = np.clip(found.correlation.max(axis=1), 0.0, 1.0)
    if found.peak.max() < _INAUDIBLE:
        return PitchTrack(np.zeros(count), np.zeros(count))
    path = _best_path(*_strengths(found), costs_per_hop=0.01 * SAMPLE_RATE / hop)
    frequency = np.column_stack([np.zeros(count), found.frequency])[np.arange(count), path]
    return PitchTrack(semitones(frequency), periodicity)


def _candidates(windows: NDArray[np.float32]) -> _Candidates:
    """The strongest peaks of the normalised autocorrelation of each frame."""
    shape = np.hanning(_LENGTH).astype(np.float32)
    tapered = (windows - windows.mean(axis=1, keepdims=True)) * shape
    lags = _autocorrelation(tapered) / _autocorrelation(shape[None])
    shortest = int(SAMPLE_RATE / CEILING_HZ)
    longest = int(np.ceil(SAMPLE_RATE / FLOOR_HZ))
    region = lags[:, shortest - 1 : longest + 2]
    left, middle, right = region[:, :-2], region[:, 1:-1], region[:, 2:]
    is_peak = (middle > left) & (middle >= right) & (middle > 0)
    bend = np.minimum(left - 2 * middle + right, -1e-6)
    shift = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    top = middle - 0.25 * (left - right) * shift
    # A high tone has a peak at every multiple of its period, all equally
    # strong; the cost for low pitch keeps the first among the candidates.
    lag = np.arange(shortest, longest + 1)
    rank = np.where(is_peak, top - _OCTAVE_COST * np.log2(lag), -1.0)
    order = np.argpartition(-rank, _CANDIDATES, axis=1)[:, :_CANDIDATES]
    rows = np.arange(len(windows))[:, None]
    chosen = is_peak[rows, order]
    frequency = np.where(chosen, SAMPLE_RATE / (lag[order] + shift[rows, order]), 0.0)
    correlation = np.where(chosen, np.minimum(top[rows, order], 1.0), 0.0)
    return _Candidates(
        frequency.astype(np.float64),
        correlation.astype(np.float64),
        np.abs(tapered).max(axis=1).astype(np.float64),
    )


def _autocorrelation(tapered: NDArray[np.float32]) -> NDArray[np.float32]:
    """Autocorrelation of each row over its energy, by lag."""
    power = np.abs(np.fft.rfft(tapered, _FFT, axis=1)) ** 2
    lags = np.fft.irfft(power, _FFT, axis=1)[:, : _LENGTH // 2]
    return np.asarray(lags / np.maximum(lags[:, :1], 1e-12), dtype=np.float32)


def _strengths(found: _Candidates) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log2 frequency (−1 for unvoiced) and strength of each choice, shape (T, 1 + K)."""
    quiet = 2.0 - (found.peak / found.peak.max()) / (_SILENCE / (1.0 + _VOICING))
    unvoiced = _VOICING + np.maximum(0.0, quiet)
    usable = found.frequency > 0
    height = np.log2(np.where(usable, found.frequency, FLOOR_HZ))
    strength = found.correlation + _OCTAVE_COST * (height - np.log2(FLOOR_HZ))
    strength = np.where(usable, strength, -1e3)
    height = np.column_stack([np.full(len(height), -1.0), height])
    return height, np.column_stack([unvoiced, strength])


def _best_path(
    height: NDArray[np.float64], strength: NDArray[np.float64], costs_per_hop: float
) -> NDArray[np.intp]:
    """Index of the choice of each frame that maximises strength less costs."""
    count, choices = strength.shape
    voiced = height >= 0
    back = np.zeros((count, choices), dtype=np.intp)
    total = strength[0]
    for t in range(1, count):
        jump = np.abs(height[t - 1][:, None] - height[t][None, :])
        before, after = voiced[t - 1][:, None], voiced[t][None, :]
        cost = np.where(before & after, _JUMP_COST * jump, _CHANGE_COST * (before != after))
        score = total[:, None] - costs_per_hop * cost
        back[t] = score.argmax(axis=0)
        total = score[back[t], np.arange(choices)] + strength[t]
    path = np.empty(count, dtype=np.intp)
    path[-1] = total.argmax()
    for t in range(count - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path
