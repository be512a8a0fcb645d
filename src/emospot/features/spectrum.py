"""Short-time frames and mel filters: what the voice features share.

A frame is a window of the signal; frame t is centred on the middle of the
interval [t·hop, (t + 1)·hop], so that it can stand for that interval. A mel
filter is a triangle over the power spectrum whose corners are equally spaced
on the mel scale of Slaney's Auditory Toolbox (1998): linear below 1 kHz
(3 mel every 200 Hz), logarithmic above (27 mel for a factor of 6.4).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from emospot.media.audio import SAMPLE_RATE

_LINEAR = 200.0 / 3.0
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mel scale of frequencies in Hz, any shape.

    >>> hz_to_mel(np.array([0.0, 200.0, 1000.0, 6400.0])).round(6)
    array([ 0.,  3., 15., 42.])
    """
    above = _BREAK_MEL + np.log(np.maximum(frequency, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(frequency < _BREAK_HZ, frequency / _LINEAR, above)


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `hz_to_mel`, any shape."""
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _LINEAR, above)


@cache
def mel_filters(
    count: int, size: int, low: float = 0.0, high: float = SAMPLE_RATE / 2
) -> NDArray[np.float32]:
    """Triangular filters over the power spectrum of a real FFT.

    Args:
        count: number of filters.
        size: length of the FFT in samples.
        low: lower corner of the first filter in Hz.
        high: upper corner of the last filter in Hz.

    Returns:
        Shape (size // 2 + 1, count); each filter has area 1 over frequency in
        Hz. The array is shared between calls and read-only.
    """
    ends = hz_to_mel(np.array([low, high]))
    corners = mel_to_hz(np.linspace(ends[0], ends[1], count + 2))
    bins = np.arange(size // 2 + 1)[:, None] * (SAMPLE_RATE / size)
    left, centre, right = corners[:-2], corners[1:-1], corners[2:]
    rising = (bins - left) / (centre - left)
    falling = (right - bins) / (right - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (right - left))
    filters = triangles.astype(np.float32)
    filters.flags.writeable = False
    return filters


def frame_count(samples: int, hop: int) -> int:
    """How many whole hops fit into a signal of so many samples."""
    return samples // hop


def padded_for_frames(audio: NDArray[np.float32], length: int, hop: int) -> NDArray[np.float32]:
    """The signal with the zeros around it that centred frames need."""
    before = (length - hop) // 2
    return np.pad(audio, (before, length))


def frames(
    padded: NDArray[np.float32], length: int, hop: int, first: int, last: int
) -> NDArray[np.float32]:
    """Frames `first` to `last` (exclusive) of a signal, shape (last − first, length).

    Args:
        padded: the result of `padded_for_frames` with the same length and hop.
        length: samples a frame.
        hop: samples from one frame to the next.
        first: index of the first frame.
        last: index after the last frame.

    Returns:
        A read-only view, nothing is copied.
    """
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)
    return windows[first * hop : (last - 1) * hop + 1 : hop]
