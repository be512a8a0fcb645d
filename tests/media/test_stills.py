"""The pictures asked for, small, in order."""

import io

import av
import numpy as np
import pytest

from emospot.errors import MediaError
from emospot.media.stills import HEIGHT, jpeg, stills_at
from emospot.media.video import video_frames
from emospot.sample import sample_files


def decoded(image: bytes) -> np.ndarray:
    with av.open(io.BytesIO(image), format="mjpeg") as file:
        return next(file.decode(video=0)).to_ndarray(format="rgb24")


def test_a_picture_survives_as_jpeg() -> None:
    x = np.linspace(0, 255, 63).astype(np.uint8)
    picture = np.stack([np.tile(x, (41, 1)), np.full((41, 63), 90, np.uint8),
                        np.tile(x[::-1], (41, 1))], axis=2)  # fmt: skip
    back = decoded(jpeg(picture))
    assert back.shape == (40, 62, 3)  # even sides
    assert np.abs(back.astype(int) - picture[:40, :62]).mean() < 12


def test_the_nearest_pictures_in_order() -> None:
    path = sample_files().face
    frames = list(video_frames(path, max_height=HEIGHT))
    asked = [3.51, 0.0, 3.51, 1.27]
    found = stills_at(path, asked)
    assert [time for time, _ in found] == sorted(asked)
    for time, image in found:
        _, nearest = min(frames, key=lambda frame: abs(frame[0] - time))
        shown = decoded(image)
        assert shown.shape[0] <= HEIGHT
        expected = nearest[: shown.shape[0], : shown.shape[1]].astype(int)
        assert np.abs(shown.astype(int) - expected).mean() < 6


def test_beyond_the_end_is_the_last_picture() -> None:
    path = sample_files().face
    ((time, image),) = stills_at(path, [1e6])
    assert time == 1e6
    assert decoded(image).shape[2] == 3


def test_nothing_asked_is_nothing_read(tmp_path) -> None:
    assert stills_at(tmp_path / "gone.mp4", []) == []
    with pytest.raises(MediaError):
        stills_at(tmp_path / "gone.mp4", [1.0])
    with pytest.raises(MediaError, match="has no pictures"):
        stills_at(sample_files().conversation, [1.0])
