"""The last of the sound that was heard."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from emospot.media.audio import SAMPLE_RATE

Samples = NDArray[np.float32]

LARGE = SAMPLE_RATE
"""Samples from which on a block is forgotten in parts."""


class HeardSound:
    """Consecutive blocks of sound, of which what is not needed any more is forgotten.

    >>> sound = HeardSound()
    >>> sound.add(np.arange(32000, dtype=np.float32))
    >>> sound.forget_before(1.0)
    >>> sound.between(1.0, 1.0001), sound.seconds
    (array([16000., 16001.], dtype=float32), 2.0)
    """

    def __init__(self) -> None:
        self._blocks: deque[Samples] = deque()
        self._first = 0
        self._samples = 0

    @property
    def seconds(self) -> float:
        """How long it has been heard."""
        return self._samples / SAMPLE_RATE

    @property
    def begins(self) -> float:
        """From when on it is kept, in seconds."""
        return self._first / SAMPLE_RATE

    @property
    def kept(self) -> int:
        """Samples that are kept."""
        return self._samples - self._first

    def add(self, block: Samples) -> None:
        """Take the next mono samples at 16 kHz, shape (n,)."""
        self._samples += len(block)
        self._blocks.append(block.copy())

    def between(self, start: float, end: float) -> Samples:
        """The samples between two times in seconds, as far as they are kept."""
        first = max(0, round(start * SAMPLE_RATE) - self._first)
        last = max(first, round(end * SAMPLE_RATE) - self._first)
        position, found = 0, [np.zeros(0, np.float32)]
        for block in self._blocks:
            found.append(block[max(0, first - position) : max(0, last - position)])
            position += len(block)
        return np.concatenate(found)

    def forget_before(self, seconds: float) -> None:
        """Forget what lies before a time."""
        sample = round(seconds * SAMPLE_RATE)
        while self._blocks and self._first + len(self._blocks[0]) <= sample:
            self._first += len(self._blocks.popleft())
        if self._blocks and len(self._blocks[0]) > LARGE and self._first < sample:
            # Copied: a part of a block would keep the whole of it.
            self._blocks[0] = self._blocks[0][sample - self._first :].copy()
            self._first = sample
