"""Cut the sound of many spans out of a recording in one pass.

Spans (utterances) may overlap, come in any order and reach beyond the end. A
span's samples are kept only while the span is open, so memory follows the
longest open spans and not the file.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.media.audio import SAMPLE_RATE, audio_blocks, passed_through

Samples = NDArray[np.float32]


class SpanCutter:
    """Collects the audio of spans from consecutive blocks of a recording.

    Args:
        spans: start and end of each span in seconds from time zero. What lies
            before zero or after the last block is cut away.

    >>> cutter = SpanCutter([(0.5, 1.5), (9.0, 9.5)])
    >>> [(i, len(audio)) for i, audio in cutter.add(np.zeros(16000, np.float32))]
    []
    >>> [(i, len(audio)) for i, audio in cutter.add(np.zeros(16000, np.float32))]
    [(0, 16000)]
    >>> [(i, len(audio)) for i, audio in cutter.finish()]
    [(1, 0)]
    """

    def __init__(self, spans: Sequence[tuple[float, float]]) -> None:
        self._bounds = [(_sample(start), _sample(end)) for start, end in spans]
        self._waiting = sorted(range(len(spans)), key=lambda i: self._bounds[i], reverse=True)
        self._open: dict[int, list[Samples]] = {}
        self._position = 0

    def add(self, block: Samples) -> Iterator[tuple[int, Samples]]:
        """Take the next block; give the spans that end within it.

        Run the iterator to its end before the next block is added.

        Yields:
            Index of a span and its samples at 16 kHz, shape (n,).
        """
        begin, end = self._position, self._position + len(block)
        self._position = end
        while self._waiting and self._bounds[self._waiting[-1]][0] < end:
            self._open[self._waiting.pop()] = []
        complete = []
        for index, pieces in self._open.items():
            first, last = self._bounds[index]
            # Copied: a view would keep the whole block alive with the span.
            pieces.append(block[max(0, first - begin) : max(0, last - begin)].copy())
            if last <= end:
                complete.append(index)
        for index in complete:
            yield index, np.concatenate(self._open.pop(index))

    def finish(self) -> Iterator[tuple[int, Samples]]:
        """Give the spans that the recording's end cut off, possibly empty.

        Yields:
            As `add`; each index is given once by `add` and `finish` together.
        """
        rest = [*self._open, *reversed(self._waiting)]
        self._waiting = []
        for index in rest:
            yield index, np.concatenate([np.zeros(0, np.float32), *self._open.pop(index, [])])


def audio_of_spans(
    path: Path,
    spans: Sequence[tuple[float, float]],
    *,
    consumers: Iterable[Callable[[Samples], None]] = (),
    notices: list[str] | None = None,
    seconds: float = 30.0,
) -> Iterator[tuple[int, Samples]]:
    """Cut the audio of spans out of a recording in one pass over it.

    Args:
        path: the recording.
        spans: start and end in seconds; they may overlap, be unordered and
            reach beyond the end (the audio is then shorter, possibly empty).
        consumers: get every block of the whole recording in passing, for
            example `WaveformEnvelope.add`.
        notices: as in `audio_blocks`.
        seconds: length of the blocks that are decoded at a time.

    Yields:
        Index of the span and its samples at 16 kHz, each index exactly once,
        as soon as the span has ended.

    Raises:
        MediaError: as `audio_blocks`.
    """
    cutter = SpanCutter(spans)
    for block in passed_through(audio_blocks(path, seconds, notices), *consumers):
        yield from cutter.add(block)
    yield from cutter.finish()


def _sample(seconds: float) -> int:
    return max(0, round(seconds * SAMPLE_RATE))
