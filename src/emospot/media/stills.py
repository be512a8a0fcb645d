"""Single pictures of a recording as small JPEG images."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.media.video import video_frames

HEIGHT = 120
"""Pixels; small enough that forty of them weigh a few hundred kilobytes."""


def stills_at(path: Path, times: Sequence[float]) -> list[tuple[float, bytes]]:
    """The picture nearest to each of some moments, in one pass that ends with the last.

    Args:
        path: the recording.
        times: seconds from time zero, in any order.

    Returns:
        Time asked for and JPEG image, in order of time; of a recording that ends
        earlier, its last picture.

    Raises:
        MediaError: if the recording cannot be read or has no pictures.
    """
    wanted = sorted(times)
    found: list[tuple[float, bytes]] = []
    before: tuple[float, NDArray[np.uint8]] | None = None
    frames = video_frames(path, max_height=HEIGHT) if wanted else ()
    for time, picture in frames:
        while len(found) < len(wanted) and wanted[len(found)] <= time:
            moment = wanted[len(found)]
            nearer = before is not None and moment - before[0] < time - moment
            found.append((moment, jpeg(before[1] if before is not None and nearer else picture)))
        if len(found) == len(wanted):
            return found
        before = time, picture
    if before is not None:
        found += [(moment, jpeg(before[1])) for moment in wanted[len(found) :]]
    return found


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    r"""An RGB picture, shape (height, width, 3), as a JPEG image.

    >>> jpeg(np.zeros((32, 32, 3), np.uint8))[:3]
    b'\xff\xd8\xff'
    """
    import av

    # The encoder wants even sides.
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), "rgb24")
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    packets = [*encoder.encode(frame.reformat(format="yuvj420p")), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
