"""Where the time of an analysis goes.

Stages can lie within each other: the sound is decoded while the voice is
measured. A stage's seconds are those in which no inner stage runs, so that the
stages together give the whole.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

DECODE = "decode"
STAGES = (
    DECODE, "voice activity", "speakers", "recognition", "words", "voice", "face", "model",
)  # fmt: skip
"""In the order of the journey of the data."""


class Stopwatch:
    """Collects seconds by stage.

    >>> watch = Stopwatch()
    >>> with watch.stage("voice"):
    ...     sum(watch.decoding([1, 2]))
    3
    >>> list(watch.seconds())
    ['decode', 'voice']
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._running: list[str] = []
        self._since = 0.0

    def seconds(self) -> dict[str, float]:
        """Stage → seconds, in the order of `STAGES`; others after them."""
        order = [*STAGES, *self._seconds]
        return {name: self._seconds[name] for name in order if name in self._seconds}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time inside to a stage; the stage around it is halted."""
        self._count()
        self._running.append(name)
        try:
            yield
        finally:
            self._count()
            self._running.pop()

    def decoding(self, pieces: Iterable[T]) -> Iterator[T]:
        """Pass pieces on; the time until each is there counts as "decode"."""
        iterator = iter(pieces)
        while True:
            with self.stage(DECODE):
                try:
                    piece = next(iterator)
                except StopIteration:
                    return
            yield piece

    def _count(self) -> None:
        now = time.perf_counter()
        if self._running:
            name = self._running[-1]
            self._seconds[name] = self._seconds.get(name, 0.0) + now - self._since
        self._since = now
