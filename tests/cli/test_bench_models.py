import json

import pytest

from emospot.bench import models as benches
from emospot.bench.models import ModelBench, Ratio, Row
from emospot.bench.process import Facts, Settings

STUDY = """
title: Two models
corpora:
  drawn:
    kind: planted
    world: {world: easy, dialogues: {train: 4, test: 2}, dials: {turns: [3, 5], tokens: 12}}
features: {pooled: {pool: [words, voice, face]}, tokens: {}}
models:
  emospot: {model: {width: 16, heads: 2, graph_heads: 2}}
  MLP: {model: {kind: mlp, pooling: attention}}
primary: emospot
"""


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(STUDY)
    return path


@pytest.fixture
def measured(monkeypatch):
    """The measuring is replaced: what is tested is how it is asked and told."""
    asked = []

    def fake(what):
        def bench(*arguments, **options):
            study, found, store, how = arguments[-4:]
            assert (store / "manifest.json").is_file()
            asked.append((what, arguments[:-4], [one.name for one in found], how, options))
            options["tell"](1, 1)
            rows = (
                Row("emospot", "emospot", "pooled", "", (200.0, 300.0), 250.0, None),
                Row("MLP", "MLP", "pooled", "", (900.0,), 900.0, Ratio(3.6, 3.0, 4.5)),
            )
            facts = dict.fromkeys(("emospot", "MLP"), Facts(1234, 4.5, ("words",)))
            kind = arguments[0] if what == "speed" else what
            unit = "utterances a second"
            return ModelBench(kind, unit, study.title, "emospot", how, rows, facts, {})

        return bench

    for what in ("speed", "length", "memory"):
        monkeypatch.setattr(benches, f"bench_{what}", fake(what))
    return asked


def test_training_is_shown_and_written(emospot, measured, study, tmp_path):
    out = tmp_path / "out"
    ran = emospot("bench", "train", study, "--features", "pooled", "--out", out)
    assert ran.status == 0
    ((what, kind, names, how, options),) = measured
    assert (what, kind, names) == ("speed", ("train",), ["emospot", "MLP"])
    assert how == Settings(1, "cpu", 8, 1000, None)
    assert (options["against"], options["count"]) == (None, 5)
    assert [line for line in ran.out.splitlines() if "MLP" in line and "3.60 [3.00, 4.50]" in line]
    assert json.loads((out / "bench-train.json").read_text())["rows"][0]["median"] == 250.0
    assert "Two models" in (out / "bench-train.html").read_text()
    assert f"written: {out / 'bench-train.json'}, {out / 'bench-train.html'}" in ran.err


def test_options_are_handed_on(emospot, measured, study):
    ran = emospot(
        *("bench", "infer", study, "--model", "MLP", "--features", "tokens", "--threads", 2),
        *("--batch-size", 4, "--utterances", 50, "--rounds", 7, "--against", "MLP", "--json"),
    )
    assert json.loads(ran.out)["what"] == "infer"
    ((what, kind, names, how, options),) = measured
    assert (what, kind, names) == ("speed", ("infer",), ["MLP"])
    assert how == Settings(2, "cpu", 4, 50, None)
    assert (options["against"], options["count"]) == ("MLP", 7)


def test_lengths_and_their_memory(emospot, measured, study):
    ran = emospot("bench", "length", study, "--length", 20, "--length", 40, "--memory", 1.5)
    assert ran.status == 0
    ((what, _, names, how, options),) = measured
    assert (what, len(names)) == ("length", 4)
    assert how == Settings(1, "cpu", None, 40, 1_500_000_000)
    assert options["lengths"] == [20, 40]


def test_memory(emospot, measured, study):
    ran = emospot("bench", "memory", study, "--model", "MLP")
    assert ran.status == 0
    assert measured[0][3] == Settings(1, "cpu", 8, 10_000, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "GRU"), 'the study has no model "GRU", only emospot, MLP'),
        (("--against", "GRU"), '--against "GRU" is not measured, only emospot, MLP'),
        (("--device", "gpu"), "there is no GPU"),
        (("--device", "tpu"), "tpu"),
    ],
)
def test_what_is_not_there(emospot, measured, study, options, message, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    ran = emospot("bench", "train", study, *options)
    assert ran.status == 2
    assert message in ran.err
    assert not measured


def test_without_a_study_conversations_are_drawn(emospot, measured):
    emospot("bench", "train", "--features", "pooled")
    assert measured[0][2][-1] == "CORECT, as published"
