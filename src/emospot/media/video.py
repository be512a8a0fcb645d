"""The pictures of a recording, one after another, no faster than needed.

Faces change slowly against a camera's frame rate, so frames above `max_fps` are
dropped; what is above `max_height` is scaled down. Pictures come upright (a
phone's rotation mark is honoured) and with square pixels.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.errors import MediaError
from emospot.media.container import decoded_frames, opened


def video_frames(
    path: Path,
    max_fps: float = 15.0,
    max_height: int = 480,
    notices: list[str] | None = None,
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Decode the pictures one by one; memory does not grow with the file.

    Args:
        path: the recording.
        max_fps: at most so many frames a second are given.
        max_height: upright pictures are at most so many pixels high.
        notices: sentences about damaged or missing parts are added to it.

    Yields:
        Seconds from time zero and the RGB picture, shape (height, width, 3).

    Raises:
        MediaError: at the first frame: if the file cannot be read, has no
            moving pictures, or none of them can be decoded.
    """
    with opened(path) as recording:
        stream = recording.video
        if stream is None:
            raise MediaError(f"{path}: has no pictures; only its sound can be used")
        stream.thread_type = "AUTO"
        rate = float(stream.average_rate or 25)
        pace = FramePace(max_fps)
        decoded = 0
        for frame in decoded_frames(recording, stream, notices):
            time = decoded / rate if frame.time is None else frame.time - recording.zero
            decoded += 1
            if pace.due(time):
                yield max(0.0, time), _upright(frame, stream, max_height)
        if not decoded:
            raise MediaError(f"{path}: none of its pictures can be decoded")


class FramePace:
    """Decides which frames to keep so that no more than `max_fps` remain.

    A frame is kept when it comes no more than a quarter step before the next
    due time: rounded time stamps then lose no frames of a video that already
    runs at `max_fps`.

    >>> pace = FramePace(10)
    >>> [t for t in (0.0, 0.04, 0.08, 0.12, 0.16, 0.2) if pace.due(t)]
    [0.0, 0.08, 0.2]
    """

    def __init__(self, max_fps: float) -> None:
        self._step = 1.0 / max_fps
        self._next = float("-inf")

    def due(self, time: float) -> bool:
        """Whether the frame at `time` seconds is to be kept."""
        if time < self._next - self._step / 4:
            return False
        # After a pause the grid starts anew, else it would rush to catch up.
        late = time - self._next > self._step
        self._next = (time if late else self._next) + self._step
        return True


def _upright(frame: Any, stream: Any, max_height: int) -> NDArray[np.uint8]:
    """Scale a frame down, make its pixels square and turn it upright."""
    quarter_turns = round(frame.rotation / 90) % 4
    aspect = float(stream.sample_aspect_ratio or 1)
    width, height = frame.width * aspect, float(frame.height)
    shown_height = width if quarter_turns % 2 else height
    scale = min(1.0, max_height / shown_height)
    picture: NDArray[np.uint8] = frame.to_ndarray(
        format="rgb24", width=max(1, round(width * scale)), height=max(1, round(height * scale))
    )
    return np.ascontiguousarray(np.rot90(picture, quarter_turns))
