import importlib.util
import os

import pytest
import torch

from emospot.analysis import analyze as pipeline
from emospot.bench.analyze import bench_analyze
from emospot.errors import MediaError, UsageError
from emospot.sample import sample_files

SAMPLE = sample_files()


def test_stages_add_up_to_the_whole():
    found = bench_analyze(SAMPLE.conversation, SAMPLE.transcript, repeats=1)
    assert found.recording == "conversation.ogg"
    assert found.media_seconds == pytest.approx(44.8, abs=0.1)
    names = [stage.stage for stage in found.stages]
    assert names == ["decode", "words", "voice", "face", "model", "other", "report"]
    assert all(stage.seconds >= 0 for stage in found.stages)
    assert found.real_time_factor == pytest.approx(sum(s.real_time_factor for s in found.stages))
    voice = found.stages[2]
    assert voice.real_time_factor == pytest.approx(voice.seconds / found.media_seconds)
    assert found.absent == {"face": "the recording has no picture"}
    assert found.to_dict()["threads"] == 1


@pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None
    or importlib.util.find_spec("resemblyzer") is None,
    reason="needs the extras [voice,face]",
)
def test_by_default_the_sample_has_everything(monkeypatch):
    # One run instead of two: the first is there only to be thrown away.
    analyze, kept = pipeline.analyze, []

    def once(*arguments):
        if not kept:
            kept.append(analyze(*arguments))
        return kept[0]

    monkeypatch.setattr(pipeline, "analyze", once)
    found = bench_analyze(repeats=1)
    assert found.absent == {}
    seconds = {stage.stage: stage.seconds for stage in found.stages}
    assert min(seconds[s] for s in ("decode", "words", "voice", "face", "model", "report")) > 0


def test_the_run_of_median_time_is_taken(monkeypatch):
    from dataclasses import replace

    first = pipeline.analyze(SAMPLE.transcript)
    lengths = iter([99.0, 5.0, 1.0, 3.0])

    def timed(*_):
        return replace(first, duration=10.0, seconds_by_stage={"voice": next(lengths)})

    monkeypatch.setattr(pipeline, "analyze", timed)
    found = bench_analyze(SAMPLE.conversation, repeats=3)
    assert found.stages[0].seconds == 3.0  # of 5, 1 and 3; 99 warmed up
    assert found.stages[0].real_time_factor == pytest.approx(0.3)


def test_the_process_gets_its_cores_back():
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    threads = torch.get_num_threads()
    with pytest.raises(UsageError, match="has no length"):
        bench_analyze(SAMPLE.transcript, repeats=1)
    with pytest.raises(MediaError, match=r"gone\.wav"):
        bench_analyze(SAMPLE.conversation.with_name("gone.wav"), repeats=1)
    assert torch.get_num_threads() == threads
    if cores is not None:
        assert os.sched_getaffinity(0) == cores
