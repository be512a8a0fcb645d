"""The envelope of a recording's sound: the picture of its loud and quiet parts.

The duration is cut into N equal steps and each step holds the greatest absolute
amplitude within it. The envelope is fed block by block.
"""

import math

import numpy as np
from numpy.typing import NDArray

from emospot.media.audio import SAMPLE_RATE


class WaveformEnvelope:
    """Collects the greatest absolute amplitude of equal steps.

    Args:
        duration: seconds of the whole recording; what comes later is left
            out, what does not come stays 0.
        steps: how many steps at most; a short recording has fewer, since a
            step is never shorter than 10 ms.

    >>> envelope = WaveformEnvelope(duration=2.0, steps=4)
    >>> envelope.add(np.linspace(0, 1, 16000, dtype=np.float32))
    >>> [round(value, 2) for value in envelope.values()]
    [0.5, 1.0, 0.0, 0.0]
    """

    def __init__(self, duration: float, steps: int = 2000) -> None:
        self._steps = max(1, min(steps, math.ceil(duration / 0.01)))
        self._step_samples = max(1.0, duration * SAMPLE_RATE / self._steps)
        self._peaks = np.zeros(self._steps, np.float32)
        self._position = 0

    def add(self, block: NDArray[np.float32]) -> None:
        """Take the next block of samples at 16 kHz, shape (n,)."""
        places = np.arange(self._position, self._position + len(block))
        step = (places / self._step_samples).astype(np.int64)
        inside = step < self._steps
        np.maximum.at(self._peaks, step[inside], np.abs(block[inside]))
        self._position += len(block)

    def values(self) -> tuple[float, ...]:
        """The peaks in [0, 1] of all steps, in order of time."""
        return tuple(float(peak) for peak in np.minimum(self._peaks, 1.0))
