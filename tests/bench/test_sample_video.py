from itertools import pairwise

import av
import pytest

from emospot.bench.sample_video import write_sample_video
from emospot.errors import UsageError
from emospot.media.decode import audio_blocks, probe, video_frames
from emospot.sample import sample_files


def test_it_has_the_sound_once_and_the_face_throughout(tmp_path):
    path = tmp_path / "sample.mkv"
    write_sample_video(path)
    sample = sample_files()
    spoken = probe(sample.conversation).duration
    notices: list[str] = []
    samples = sum(len(block) for block in audio_blocks(path, notices=notices))
    assert samples / 16_000 == pytest.approx(spoken, abs=0.1)
    times = [time for time, _ in video_frames(path, max_fps=15, max_height=48, notices=notices)]
    assert notices == []
    assert times[-1] > spoken - 0.2
    assert max(b - a for a, b in pairwise(times)) < 0.2


def test_in_the_frame_of_a_camera(tmp_path):
    path = tmp_path / "sample.mkv"
    write_sample_video(path, 360)
    with av.open(str(path)) as written:
        stream = written.streams.video[0]
        shape = stream.codec_context.name, stream.width, stream.height, stream.average_rate
        seconds = float(written.duration) / av.time_base
    assert shape == ("h264", 640, 360, 25)
    rate = 8 * path.stat().st_size / seconds
    assert rate == pytest.approx(0.1 * 25 * 640 * 360, rel=0.3)  # as cameras have it
    pictures = [picture for _, picture in video_frames(path, max_fps=1)]
    middle, side = pictures[0][:, 140:500], pictures[0][:, :100]
    assert middle.std() > 30 > side.std() > 0.2  # a face, and noise
    # The film begins anew every 6 s, and nothing is out of order.
    assert abs(pictures[0].astype(float) - pictures[6]).mean() < 8


@pytest.mark.parametrize("height", [100, 361, 4320])
def test_impossible_frames(tmp_path, height):
    with pytest.raises(UsageError, match=f"even, from 144 to 2160, found {height}"):
        write_sample_video(tmp_path / "s.mkv", height)
