import json
import os

import pytest

from emospot.bench import analyze as bench
from emospot.bench.analyze import AnalyzeBench, StageTime
from emospot.sample import sample_files


@pytest.fixture
def measured(monkeypatch):
    """The measuring is replaced: what is tested is how it is asked and told."""
    asked = []

    def fake(recording, transcript, *, threads, repeats):
        asked.append((recording, transcript, threads, repeats))
        stages = (StageTime("decode", 1.0, 0.1), StageTime("face", 2.0, 0.2))
        return AnalyzeBench("talk.mp4", 10.0, threads, stages, 0.3, {"words": "no words"})

    monkeypatch.setattr(bench, "bench_analyze", fake)
    return asked


def test_stages_are_shown(emospot, measured):
    ran = emospot("bench", "analyze")
    assert measured == [(None, None, 1, 3)]
    assert "talk.mp4: 10.0 s of media" in ran.out
    assert [line for line in ran.out.splitlines() if "decode" in line and "0.1000" in line]
    assert "real-time factor 0.300 on 1 core\n" in ran.out
    assert "without words: no words" in ran.err


def test_options_are_handed_on(emospot, measured):
    sample = sample_files()
    ran = emospot(
        "bench",
        "analyze",
        sample.conversation,
        "--transcript",
        sample.transcript,
        "--threads",
        2,
        "--repeats",
        5,
    )
    assert measured == [(sample.conversation, sample.transcript, 2, 5)]
    assert "on 2 cores" in ran.out


def test_as_json(emospot, measured):
    plain = json.loads(emospot("bench", "analyze", "--json").out)
    assert plain["real_time_factor"] == 0.3
    assert plain["stages"][0] == {"stage": "decode", "seconds": 1.0, "real_time_factor": 0.1}


def test_a_transcript_has_no_length(emospot, tmp_path, talk):
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    ran = emospot("bench", "analyze", talk, "--repeats", 1)
    assert ran.status == 2
    assert "talk.txt has no length" in ran.error_lines[0]
    if cores:
        assert os.sched_getaffinity(0) == cores
