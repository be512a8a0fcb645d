from itertools import pairwise

import pytest

from emospot.bench.sample_video import write_sample_video
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
