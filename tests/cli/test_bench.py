import json
import os

import pytest

from emospot.bench import analyze as bench
from emospot.bench.analyze import AnalyzeBench, StageTime
from emospot.bench.stream import StreamBench, Turns
from emospot.cli import bench_models
from emospot.sample import sample_files


@pytest.fixture
def measured(monkeypatch):
    """The measuring is replaced: what is tested is how it is asked and told."""
    asked = []

    def fake(recording=None, transcript=None, *, threads=1, repeats, height=None):
        asked.append((recording, transcript, threads, repeats, height))
        stages = (StageTime("decode", 1.0, 0.1), StageTime("face", 2.0, 0.2))
        return AnalyzeBench("talk.mp4", 10.0, threads, stages, 0.3, {"words": "no words"})

    monkeypatch.setattr(bench, "bench_analyze", fake)
    return asked


def test_stages_are_shown(emospot, measured):
    ran = emospot("bench", "analyze")
    assert measured == [(None, None, 1, 3, None)]
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
    assert measured == [(sample.conversation, sample.transcript, 2, 5, None)]
    assert "on 2 cores" in ran.out


def test_the_height_is_that_of_the_sample(emospot, measured):
    assert emospot("bench", "analyze", "--height", 720).status == 0
    assert measured == [(None, None, 1, 3, 720)]


def test_all_of_them_in_one_file(emospot, measured, monkeypatch, tmp_path):
    asked = []

    def command(what):
        def measure(**told):
            asked.append((what, told["model"], told["features"], told["rounds"]))
            (told["out"] / f"bench-{what}.json").write_text(json.dumps({"what": what}))

        return measure

    for what in ("train", "infer", "length", "memory"):
        monkeypatch.setattr(bench_models, what, command(what))
    whole = Turns(1, 7, 40.0, 50.0, 10.0, 3)
    monkeypatch.setattr(
        "emospot.bench.stream.bench_stream",
        lambda turns, tell: StreamBench("live", "talk", 3.0, 1, (whole,), whole, {}),
    )
    ran = emospot("bench", "all", "--out", tmp_path, "--features", "pooled", "--rounds", 2)
    assert ran.status == 0, ran.err
    models = ["emospot", "emospot, light", "emospot, causal", "CORECT", "CORECT, as published"]
    kinds = ("length", "train", "infer", "memory")
    assert asked == [(what, models, ["pooled"], 2) for what in kinds]
    assert [one[-1] for one in measured] == [360, 720, 1080]
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found["train"] == {"what": "train"}
    assert found["analyze"][1]["height"] == 720
    assert found["stream"]["all"]["tail"] == 50.0
    assert found["provenance"]["cores"] == os.cpu_count()
    assert "720p" in ran.out
    assert "50.0 ms in 95 of 100" in ran.out


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
