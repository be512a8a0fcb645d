"""What is done in a live session's process: sound in, answers out, through `live.Stream`.

The process is told its options as its task, then hears blocks of samples until an empty one.
A browser's sound that comes at another rate than the models' is resampled on the way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emospot.serve.child import Line

if TYPE_CHECKING:
    from emospot.live.stream import LiveAnswer

END = b""
"""The block after the last."""


@dataclass(frozen=True, slots=True)
class LiveTask:
    """A live session.

    Args:
        model: folder of a causal model.
        sample_rate: of what comes in, samples a second.
        provisional: seconds after which an utterance that goes on is answered, or None.
    """

    model: str
    sample_rate: int
    provisional: float | None


def listen(line: Line, task: LiveTask) -> None:
    """Answer what is heard; messages: `ready`, `answer`, `ended`, or `failed`."""
    from emospot.live.stream import Stream

    stream = Stream(task.model, provisional_every=task.provisional)
    resampler = Resampler(task.sample_rate)
    line.say(ready=True)
    while block := line.receive():
        heard = resampler.resampled(np.frombuffer(block, "<i2"))
        if len(heard):
            _tell(line, stream.hear(heard))
    rest = resampler.rest()
    if len(rest):
        _tell(line, stream.hear(rest))
    _tell(line, stream.finish())
    line.say(ended=True)


class Resampler:
    """Brings sound to the rate that models hear, block by block.

    Args:
        rate: of the sound, samples a second.
    """

    def __init__(self, rate: int) -> None:
        from emospot.media.audio import SAMPLE_RATE

        self._rate, self._wanted = rate, SAMPLE_RATE
        self._resampler = None
        if rate != SAMPLE_RATE:
            import av

            self._resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)

    def resampled(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """The next samples, mono in [-1, 1]; some are held back until the next block."""
        plain = (samples / 32768).astype(np.float32)
        if self._resampler is None:
            return plain
        import av

        frame = av.AudioFrame.from_ndarray(plain[np.newaxis, :], "flt", "mono")
        frame.sample_rate = self._rate
        return _joined(self._resampler.resample(frame))

    def rest(self) -> NDArray[np.float32]:
        """What was held back."""
        if self._resampler is None:
            return np.zeros(0, np.float32)
        return _joined(self._resampler.resample(None))


def _joined(frames: Iterable[object]) -> NDArray[np.float32]:
    arrays = [frame.to_ndarray()[0] for frame in frames]  # type: ignore[attr-defined]
    return np.concatenate(arrays) if arrays else np.zeros(0, np.float32)


def _tell(line: Line, answers: "Iterable[LiveAnswer]") -> None:
    for answer in answers:
        line.say(answer=answer.to_dict())
