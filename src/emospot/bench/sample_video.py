"""The bundled sample as one recording that has everything: words, voice and face.

The package holds a spoken conversation and a few seconds of a face as two small
files. Here the pictures are repeated under the sound until it ends, as they are (320 × 320)
or in the frame of a camera: the face in the middle, as high as the frame, with the noise
that sensors have, encoded as H.264 at 25 frames a second. So decoding and finding the face
cost what they cost in a recording of that size.
"""

from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from emospot.errors import UsageError
from emospot.sample import sample_files

HEIGHTS = (144, 2160)
"""The least and the greatest height of a frame."""
RATE = 25
BITS_A_PIXEL = 0.1
"""Of the encoded pictures, as cameras and web sites have them: 2.3 Mbit/s at 720p."""
NOISE = 3.0
"""Standard deviation of the noise of each colour value, of 255."""


def write_sample_video(path: Path, height: int | None = None) -> None:
    """Write the bundled conversation with the bundled face as one Matroska file.

    Args:
        path: the file, whose ending should be .mkv.
        height: of the frame, 16 : 9, in pixels; None: the bundled pictures as they are.

    Raises:
        UsageError: if the height is odd or beyond `HEIGHTS`.
    """
    least, most = HEIGHTS
    if height is not None and (height % 2 or not least <= height <= most):
        raise UsageError(f"the height must be even, from {least} to {most}, found {height}")
    files = sample_files()
    with TemporaryDirectory() as folder:
        face = files.face
        if height is not None:
            face = Path(folder) / "face.mp4"
            _write_framed(files.face, face, height)
        _join(files.conversation, face, path)


def _write_framed(pictures: Path, path: Path, height: int) -> None:
    """The pictures in the middle of a wide frame."""
    import av

    width = 2 * round(height * 16 / 9 / 2)
    random = np.random.default_rng(0)
    # Noise is drawn once and moved from frame to frame, as drawing it takes long.
    noise = random.normal(0.0, NOISE, (2 * height, 2 * width, 1)).round().astype(np.int16)
    with av.open(str(pictures)) as source, av.open(str(path), "w") as target:
        stream: Any = target.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = round(BITS_A_PIXEL * RATE * width * height)
        left = (width - height) // 2
        for number, picture in enumerate(source.decode(video=0)):
            frame = np.full((height, width, 3), 110, dtype=np.int16)
            face = picture.reformat(height, height, "rgb24").to_ndarray()
            frame[:, left : left + height] = face
            down, right = random.integers(height), random.integers(width)
            frame += noise[down : down + height, right : right + width]
            image = av.VideoFrame.from_ndarray(frame.clip(0, 255).astype(np.uint8), "rgb24")
            image.pts, image.time_base = number, Fraction(1, RATE)
            target.mux(stream.encode(image))
        target.mux(stream.encode(None))


def _join(conversation: Path, face: Path, path: Path) -> None:
    import av

    with (
        av.open(str(conversation)) as sound,
        av.open(str(face)) as pictures,
        av.open(str(path), "w", format="matroska") as joined,
    ):
        audio, video = sound.streams.audio[0], pictures.streams.video[0]
        heard = joined.add_stream_from_template(audio)
        seen = joined.add_stream_from_template(video)
        packets = [packet for packet in sound.demux(audio) if packet.dts is not None]
        end = float(packets[-1].pts * packets[-1].time_base)
        for packet in packets:
            packet.stream = heard
            joined.mux(packet)
        _repeat(pictures, video, seen, joined, end)


def _repeat(pictures: Any, video: Any, seen: Any, joined: Any, end: float) -> None:
    """Write the pictures again and again until `end` seconds."""
    length = round(float(pictures.duration) / 1e6 / video.time_base)
    shift = 0
    while shift * video.time_base < end:
        pictures.seek(0)
        for packet in pictures.demux(video):
            if packet.dts is None:
                continue
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = seen
            joined.mux(packet)
        shift += length
