"""Studies of planted conversations: the ceiling in the table, and the way there."""

import json
from pathlib import Path

import pytest

from emospot.errors import ConfigError, CorpusError
from emospot.evaluation.planted_ceiling import planted_ceilings
from emospot.experiments.corpus_entry import CorpusEntry
from emospot.experiments.job import Result
from emospot.experiments.known_runs import known_runs
from emospot.experiments.known_truth import known_ceilings, truth_figures
from emospot.experiments.results import write_results
from emospot.experiments.runner import run_study
from emospot.experiments.stores import planted_entry
from emospot.experiments.study import Job, Study, load_study, parse_study

from .conftest import in_this_process

DIALS = {"tokens": 8, "length": 2, "lag": 1, "turns": [3, 6], "strength": 2.5}
WORLD = {"world": "easy", "dials": DIALS, "dialogues": {"train": 16, "dev": 2, "test": 12}}
MODEL = {
    "modalities": ["words", "voice", "face"], "width": 16, "heads": 2, "graph_heads": 2,
    "context": "none", "learned_hotspots": ["words", "voice", "face"], "kernel_reader": False,
}  # fmt: skip
TRAINING = {"choose": "last", "dev": "none", "epochs": 2, "warmup_epochs": 0, "each_once": True}


def _study(**changes: object) -> Study:
    corpus = {
        "kind": "planted", "world": WORLD, "marks": dict.fromkeys(MODEL["modalities"], "corpus"),
    }  # fmt: skip
    values = {
        "title": "planted",
        "seeds": 2,
        "metric": "accuracy",
        "corpora": {"small": corpus},
        "base": {"training": TRAINING},
        "models": {"emospot": {"model": MODEL}, "majority": {"model": {"kind": "majority"}}},
        "primary": "emospot",
    }
    return parse_study({**values, **changes}, "test")


def test_a_study_stands_beside_the_exact_posterior(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("emospot.experiments.runner._Runner._results", in_this_process([]))
    study = _study()
    outcome = run_study(study, tmp_path)
    assert outcome.failed == {}
    told: list[tuple[str, int, int]] = []
    write_results(study, outcome, tmp_path, lambda *step: told.append(step))
    assert told[-1][0] == "small"
    assert told[-1][1] == told[-1][2]
    values = json.loads((tmp_path / "results.json").read_text())
    ceilings = {one["knowledge"]: one for one in values["ceilings"]["small"]}
    assert list(ceilings) == ["all", "without context", "blind to lag", "pooled", "chance"]
    assert "hotspot_f1" in ceilings["all"]
    assert "hotspot_f1" not in ceilings["pooled"]
    rows = {(f["model"], f["metric"]): f for f in values["summary"]}
    best, chance = ceilings["all"]["accuracy"][0], ceilings["chance"]["accuracy"][0]
    accuracy, way = rows["emospot", "accuracy"]["mean"], rows["emospot", "way"]["mean"]
    assert way == pytest.approx((accuracy - chance) / (best - chance), abs=1e-3)
    assert rows["posterior, all", "accuracy"]["mean"] == pytest.approx(best, abs=1e-3)
    assert rows["posterior, all", "accuracy"]["n"] == 0
    assert 0 < rows["emospot", "hotspot_f1"]["mean"] < 1
    assert rows["emospot", "hotspot_f1"]["n"] == 2
    # The majority's answer comes from no token.
    assert ("majority", "hotspot_f1") not in rows
    table = (tmp_path / "table.md").read_text()
    assert "| way to the ceiling |" in table
    assert "| posterior, without context |  |" in table


def test_ceilings_are_those_of_the_drawn_test_conversations() -> None:
    study = _study()
    (found,) = known_ceilings(study).values()
    source = planted_entry(study.corpora["small"])
    assert found == planted_ceilings(source.planted, list(source.drawn("test")))


def test_protocols_with_other_answers_have_no_way() -> None:
    study = _study(
        protocols={"official": {}, "two": {"answers": {"emotion 1": "a", "emotion 2": "b"}}}
    )
    results = [
        Result(Job("small", "all", "emospot", protocol, "", 0), "", "", None,
               {"accuracy": 0.5, "hotspot_f1": 0.25}, 0, 1, 1, 1.0, (), "")
        for protocol in study.protocols
    ]  # fmt: skip
    figures = list(truth_figures(study, results, known_ceilings(study)))
    assert {f.row.protocol for f in figures if f.metric == "way"} == {"official"}
    spots = [f for f in figures if f.metric == "hotspot_f1" and f.row.model == "emospot"]
    assert {f.row.protocol for f in spots} == {"official", "two"}
    assert [f.sd for f in figures if f.metric == "way"] == [0.0]


def test_only_planted_corpora_have_a_world() -> None:
    with pytest.raises(ValueError, match="table has no world"):
        CorpusEntry(world={})
    with pytest.raises(ValueError, match="either store or source"):
        CorpusEntry(kind="planted", world={}, source="easy")
    with pytest.raises(CorpusError, match="corpus: dials"):
        CorpusEntry(kind="planted", world={"dials": 3})
    with pytest.raises(CorpusError, match='no world "rosy"'):
        CorpusEntry(kind="planted", world={"world": "rosy"})
    with pytest.raises(ConfigError, match="nowhere.yaml"):
        planted_entry(CorpusEntry(kind="planted", source="nowhere.yaml"))


def test_the_shipped_study_draws_enough_to_test_with() -> None:
    source = planted_entry(load_study("planted").corpora["standard"])
    assert sum(len(dialogue) for dialogue in source.drawn("test")) >= 20_000


def test_where_nothing_can_be_known_there_is_no_way() -> None:
    world = {"dials": {**DIALS, "strength": 0.0, "stay": 0.0, "catch": 0.0},
             "dialogues": {"test": 6}}  # fmt: skip
    empty = {"kind": "planted", "world": {"dialogues": {"train": 2}}}
    study = _study(corpora={"small": {"kind": "planted", "world": world}, "empty": empty})
    ceilings = known_ceilings(study)
    assert list(ceilings) == ["small"]
    best, chance = (ceilings["small"][n].accuracy.value for n in (0, -1))
    job = Job("small", "all", "emospot", "official", "", 0)
    result = Result(job, "", "", None, {"accuracy": 0.5}, 0, 1, 1, 1.0, (), "")
    ways = [f for f in truth_figures(study, [result], ceilings) if f.metric == "way"]
    assert len(ways) == (best > chance)


def test_known_runs_bring_the_moments_that_were_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[Job] = []
    monkeypatch.setattr("emospot.experiments.runner._Runner._results", in_this_process(ran))
    study = _study(seeds=1)
    write_results(study, run_study(study, tmp_path / "one"), tmp_path / "one")
    del ran[:]
    known = known_runs([tmp_path / "one" / "results.json"])
    again = run_study(study, tmp_path / "two", known=known)
    assert ran == []
    scores = {r.job.model: r.scores for r in again.results}
    assert 0 < scores["emospot"]["hotspot_f1"] < 1
