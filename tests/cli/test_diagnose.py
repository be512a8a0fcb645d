"""`emospot diagnose`: what it prints, what it writes, and where."""

import json
import shutil
from pathlib import Path

import pytest

WORLD = """
world: easy
dials: {modalities: [words, voice], emotions: 4, groups: 2, tokens: 8, turns: [3, 4], length: 2,
        styles: 1, dim: 4}
dialogues: {train: 12, test: 8}
"""
SETTINGS = [
    "model.width=16", "model.heads=2", "model.graph_heads=2", "model.experts=2",
    "model.context=none", "model.kernel_reader=false", "model.dynamics=0", "training.epochs=1",
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a store and a run of two seeds."""
    from emospot.config import load_config
    from emospot.corpora.importing import import_corpus
    from emospot.corpora.planted import read_planted
    from emospot.features.store import FeatureStore
    from emospot.training.fit import train

    folder = tmp_path_factory.mktemp("place")
    (folder / "world.yaml").write_text(WORLD)
    import_corpus(read_planted(folder / "world.yaml"), folder / "store")
    store = FeatureStore.open(folder / "store")
    train(store, folder / "run", load_config(None, SETTINGS), seeds=range(2))
    return folder


def test_a_line_a_finding_and_two_files(emospot, place):
    run = place / "run"
    ran = emospot("diagnose", run, place / "store", "--draws", 1)
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0].startswith("run, seed 0 (of 0, 1), on test: ")
    assert "utterances of 8 conversations, w-F1 " in lines[0]
    written = json.loads((run / "diagnosis.json").read_text(encoding="utf-8"))
    found = [f"{f['severity']} ({f['certainty']}): {f['sentence']}" for f in written["findings"]]
    assert [line.partition(". Try: ")[0] for line in lines[1 : 1 + len(found)]] == found
    assert lines[1 + len(found)].startswith("not looked at: utterance length (")
    count = sum(f["severity"] == "problem" for f in written["findings"])
    assert lines[-1] == {0: "no problems", 1: "1 problem"}.get(count, f"{count} problems")
    assert ran.err.splitlines()[-1] == f"written: {run}/diagnosis.html, {run}/diagnosis.json"
    assert "<html" in (run / "diagnosis.html").read_text(encoding="utf-8")
    assert (written["seed"], written["seeds"], written["draws"]) == (0, [0, 1], 1)


def test_another_seed_is_written_into_its_own_folder(emospot, place, tmp_path):
    run = place / "run"
    ran = emospot("diagnose", run, place / "store", "--seed", 1, "--draws", 1, "--json")
    assert ran.status == 0
    assert json.loads(ran.out) == json.loads((run / "seed-1" / "diagnosis.json").read_text())
    assert json.loads(ran.out)["seed"] == 1
    ran = emospot(
        "diagnose", run, place / "store", "--split", "train", "--draws", 1, "--out", tmp_path / "o"
    )
    assert ran.status == 0
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == [
        "diagnosis.html",
        "diagnosis.json",
    ]
    assert json.loads((tmp_path / "o" / "diagnosis.json").read_text())["split"] == "train"


def test_a_model_by_itself_needs_a_place_to_write_to(emospot, place, tmp_path):
    model = place / "run" / "seed-1" / "model"
    ran = emospot("diagnose", model, place / "store")
    assert ran.status == 2
    assert "say where to write with --out DIR" in ran.error_lines[0]
    ran = emospot("diagnose", model, place / "store", "--out", tmp_path, "--draws", 1)
    assert ran.status == 0
    assert ran.out.startswith("run, seed 1, on test: ")
    assert sorted(p.name for p in model.iterdir()) == ["model.json", "model.safetensors"]
    # The bundled model is found, and refuses features that it was not trained on.
    ran = emospot("diagnose", "bundled", place / "store", "--out", tmp_path)
    assert ran.status == 1
    assert "bundled was trained on" in ran.error_lines[0]


@pytest.mark.parametrize(
    ("options", "status", "part"),
    [
        (("--seed", 7), 2, "has no seed 7; it has: 0, 1"),
        (("--split", "moon"), 1, 'no split "moon"'),
        (("--draws", 0), 2, ""),
    ],
)
def test_what_does_not_fit_is_named(emospot, place, options, status, part):
    ran = emospot("diagnose", place / "run", place / "store", *options)
    assert (ran.status, ran.out) == (status, "")
    assert part in ran.err


def test_no_run_and_no_labels(emospot, place, tmp_path):
    ran = emospot("diagnose", tmp_path / "gone", place / "store")
    assert ran.status == 2
    assert "make one with emospot train" in ran.error_lines[0]
    ran = emospot("diagnose", place / "run", tmp_path / "nothing")
    assert ran.status == 1
    assert "no store at" in ran.error_lines[0]


def test_problems_do_not_change_the_exit_status(emospot, place, tmp_path):
    from safetensors.torch import load_file, save_file

    model = tmp_path / "model"
    shutil.copytree(place / "run" / "seed-0" / "model", model)
    weights = load_file(model / "model.safetensors")
    for name in weights:
        if "voice.fusion.gate" in name:
            weights[name] = weights[name] * 0 - (20.0 if name.endswith("bias") else 0.0)
    save_file(weights, model / "model.safetensors")
    ran = emospot("diagnose", model, place / "store", "--out", tmp_path, "--draws", 1)
    assert ran.status == 0
    assert "problem (sure): the gate of voice is shut" in ran.out


def test_a_number_is_told_by_its_error(emospot, place, tmp_path, monkeypatch):
    from dataclasses import replace

    from emospot.evaluation.diagnosis import diagnose as diagnosing
    from emospot.evaluation.significance import Interval

    run = diagnosing.diagnose_run
    error = Interval(0.5, 0.4, 0.625, 0.95)

    def of_number(*arguments, **options):
        found = run(*arguments, **options)
        return replace(found, metric="mae", score=error, left_out={}, findings=())

    monkeypatch.setattr(diagnosing, "diagnose_run", of_number)
    ran = emospot("diagnose", place / "run", place / "store", "--draws", 1, "--out", tmp_path)
    first, *rest = ran.out.splitlines()
    assert first.endswith("mean absolute error 0.500 (0.400 to 0.625)")
    assert rest == ["no problems"]
