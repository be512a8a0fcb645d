import av
import numpy as np
import pytest

from emospot.errors import MediaError
from emospot.media import video_frames
from emospot.media.video import FramePace


def test_frames_come_at_most_max_fps_with_their_times_and_pictures(make_recording):
    path = make_recording("talk.mp4", 2.0, sound=None, pictures=True)
    frames = list(video_frames(path, max_fps=15))
    assert len(frames) == 30
    for time, picture in frames:
        assert picture.shape == (96, 128, 3)
        assert picture.dtype == np.uint8
        # The picture of time t was drawn with brightness 4 × 30 t.
        assert picture.mean() == pytest.approx(min(255, time * 120), abs=6)


def test_pictures_are_scaled_down_but_never_up(make_recording):
    path = make_recording("talk.mp4", 0.2, sound=None, pictures=True, size=(160, 120))
    assert next(video_frames(path, max_height=60))[1].shape == (60, 80, 3)
    assert next(video_frames(path, max_height=480))[1].shape == (120, 160, 3)


def test_time_zero_is_the_earliest_stream(make_recording):
    late_sound = make_recording("late.mkv", 1.0, pictures=True, sound_delay=0.5)
    assert next(video_frames(late_sound))[0] == pytest.approx(0.0, abs=0.01)
    broadcast = make_recording("broadcast.ts", 1.0, pictures=True, codec="aac")
    with av.open(str(broadcast)) as container:
        sound, pictures = (
            float(stream.start_time * stream.time_base)
            for stream in (container.streams.audio[0], container.streams.video[0])
        )
    assert pictures > sound  # the pictures of this file start after its sound
    assert next(video_frames(broadcast))[0] == pytest.approx(pictures - sound, abs=0.001)


def test_a_phone_video_is_turned_upright(make_recording):
    left_half_white = np.zeros((96, 128, 3), np.uint8)
    left_half_white[:, :64] = 255
    path = make_recording("phone.mp4", 0.2, sound=None, pictures=lambda k: left_half_white)
    content = bytearray(path.read_bytes())
    # The track header's matrix, as phones write it for a quarter turn clockwise.
    matrix = content.index(b"tkhd") + 4 + 40
    quarter = [0, 1 << 16, 0, -(1 << 16), 0, 0, 96 << 16, 0, 1 << 30]
    for k, value in enumerate(quarter):
        content[matrix + 4 * k : matrix + 4 * k + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(content)
    upright = next(video_frames(path))[1]
    assert upright.shape == (128, 96, 3)
    # Turned clockwise, the left side comes to the top.
    assert upright[:60].mean() > 240
    assert upright[68:].mean() < 15
    assert next(video_frames(path, max_height=64))[1].shape == (64, 48, 3)


@pytest.mark.parametrize(
    ("source_fps", "max_fps", "expected"),
    [(30, 15, 150), (25, 15, 150), (15, 15, 150), (60, 15, 150), (10, 15, 100), (24, 15, 150)],
)
def test_pace_with_time_stamps_rounded_to_milliseconds(source_fps, max_fps, expected):
    pace = FramePace(max_fps)
    kept = [t for t in (round(k / source_fps, 3) for k in range(10 * source_fps)) if pace.due(t)]
    assert len(kept) == pytest.approx(expected, abs=1)


def test_pace_does_not_rush_after_a_pause():
    pace = FramePace(10)
    times = [0.0, *(5 + k / 100 for k in range(100))]
    assert sum(pace.due(t) for t in times) == pytest.approx(11, abs=1)


def test_without_pictures(make_recording):
    with pytest.raises(MediaError, match=r"talk\.wav: has no pictures"):
        next(video_frames(make_recording("talk.wav")))


def test_pictures_of_which_none_can_be_decoded(make_recording):
    path = make_recording("talk.mp4", 1.0, sound=None, pictures=True)
    content = bytearray(path.read_bytes())
    start, end = content.index(b"mdat") + 4, content.index(b"moov") - 4
    content[start:end] = bytes(end - start)
    path.write_bytes(content)
    notices: list[str] = []
    with pytest.raises(MediaError, match="none of its pictures can be decoded"):
        list(video_frames(path, notices=notices))
    assert any("damaged" in notice for notice in notices)


def test_a_cut_off_video_keeps_its_frames(make_recording, cut_file):
    notices: list[str] = []
    path = cut_file(make_recording("talk.mkv", 5.0, pictures=True), 0.5)
    frames = list(video_frames(path, notices=notices))
    assert 15 < len(frames) < 70
    assert any("cut off" in notice for notice in notices)
