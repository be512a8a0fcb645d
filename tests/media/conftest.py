"""Small recordings made on the spot, with sound and pictures that are known."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

RATE = 22_050
FPS = 30


def tone(seconds: np.ndarray) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 440 * seconds)


@pytest.fixture
def make_recording(tmp_path: Path) -> Callable[..., Path]:
    """Write a recording: sound as a function of its own time, pictures that grow brighter."""

    def make(
        name: str,
        seconds: float = 2.0,
        *,
        sound: Callable[[np.ndarray], np.ndarray] | None = tone,
        pictures: bool | Callable[[int], np.ndarray] = False,
        sound_delay: float = 0.0,
        hole: tuple[float, float] = (0.0, 0.0),
        size: tuple[int, int] = (128, 96),
        codec: str | None = None,
        options: dict[str, str] | None = None,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w", options=options or {}) as container:
            if pictures:
                video = container.add_stream("mpeg4", rate=FPS)
                video.width, video.height, video.pix_fmt = *size, "yuv420p"
            if sound is not None:
                audio = container.add_stream(codec or "pcm_s16le", rate=RATE)
                audio.layout = "mono"
            step = RATE // FPS
            for k in range(round(seconds * FPS)):
                if pictures:
                    picture = np.full((size[1], size[0], 3), min(255, k * 4), np.uint8)
                    picture = pictures(k) if callable(pictures) else picture
                    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                    frame.pts, frame.time_base = k, Fraction(1, FPS)
                    container.mux(video.encode(frame))
                if sound is not None:
                    samples = sound((k * step + np.arange(step)) / RATE).astype(np.float32)
                    frame = av.AudioFrame.from_ndarray(
                        (samples * 32767).astype(np.int16)[None], format="s16", layout="mono"
                    )
                    later = sound_delay + (hole[1] if k / FPS >= hole[0] else 0.0)
                    frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
                    frame.pts = k * step + round(later * RATE)
                    container.mux(audio.encode(frame))
            for stream in container.streams:
                container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture
def cut_file(tmp_path: Path) -> Callable[..., Path]:
    """A copy of the first part of a file."""

    def cut(path: Path, share: float = 0.6) -> Path:
        content = path.read_bytes()
        shorter = tmp_path / f"cut_{path.name}"
        shorter.write_bytes(content[: int(len(content) * share)])
        return shorter

    return cut
