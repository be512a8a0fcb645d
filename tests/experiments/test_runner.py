"""A study runs, stops, goes on, and runs again with the same figures."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from emospot.errors import ConfigError, UsageError
from emospot.experiments import runner
from emospot.experiments.job import run_job
from emospot.experiments.results import compare_results, read_results, write_results
from emospot.experiments.runner import Outcome, Progress, run_study
from emospot.experiments.study import Job, Study
from emospot.features.store import FeatureStore


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Jobs run in this process; the list says which did."""
    ran: list[Job] = []

    def results(self, jobs):
        for job in jobs:
            ran.append(job)
            values = self.study.model_dump(mode="json")
            yield job, run_job(values, job, self.stores, str(self.out)), ""

    monkeypatch.setattr(runner._Runner, "_results", results)
    return ran


@pytest.fixture
def small(make_study: Callable[..., Study]) -> Study:
    return make_study(
        seeds=1, features={"pooled": {"pool": ["words"]}}, ablations={}, ablated=None
    )


def test_a_study_runs_and_goes_on(in_process: list[Job], small: Study, tmp_path: Path) -> None:
    told: list[Progress] = []
    outcome = run_study(small, tmp_path, tell=told.append)
    assert outcome.opponents == {"moods / pooled": "MLP"}
    assert len(in_process) == 2 + 3
    assert told[-1].done == told[-1].total == 3
    write_results(small, outcome, tmp_path)
    values = json.loads((tmp_path / "results.json").read_text())
    assert {run["model"] for run in values["runs"]} == {"emospot", "MLP", "majority"}
    assert values["corpora"]["moods"]["hash"]
    assert values["provenance"]["packages"]["torch"]
    assert values["configurations"]["MLP"]["model"]["kind"] == "mlp"
    # Called again, nothing is trained anew; half a line is what a kill leaves.
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    (tmp_path / "results.jsonl").write_text("\n".join([*lines[:-1], lines[-1][:50]]) + "\n")
    del in_process[:]
    again = run_study(small, tmp_path)
    assert len(in_process) == 1
    assert {r.job.id: r.answers for r in again.results} == {
        r.job.id: r.answers for r in outcome.results
    }


def test_repeating_gives_the_same_figures_and_says_what_differs(
    in_process: list[Job], small: Study, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        write_results(small, run_study(small, tmp_path / name), tmp_path / name)
    (_, one), (study, two) = (
        read_results(tmp_path / name / "results.json") for name in ("one", "two")
    )
    assert study == small
    repetition = compare_results(one, two)
    assert repetition.identical
    assert len(repetition.same) == 5
    two["runs"][0]["scores"]["accuracy"] += 0.25
    del two["runs"][1]
    two["corpora"]["moods"]["hash"] = "another"
    two["provenance"]["packages"]["torch"] = "9"
    repetition = compare_results(one, two)
    assert not repetition.identical
    ((metrics),) = repetition.different.values()
    assert set(metrics) == {"accuracy"}
    assert len(repetition.missing) == 1
    assert repetition.data_changed == ("moods",)
    assert repetition.versions_changed["torch"][1] == "9"


def test_test_labels_change_no_weight(
    make_study: Callable[..., Study], make_store: Callable[..., FeatureStore], tmp_path: Path
) -> None:
    job = Job("moods", "tokens", "emospot", "official", "", 0)
    values = make_study().model_dump(mode="json")
    found = []
    for name, shuffled in (("as they are", 0), ("shuffled", 700)):
        store = make_store(test_labels=shuffled)
        out = tmp_path / name
        result = run_job(values, job, {"moods": str(store.path)}, str(out))
        weights = load_file(out / "runs" / job.folder / "seed-0" / "model" / "model.safetensors")
        found.append((result, weights))
    (one, weights), (two, others) = found
    assert all(np.array_equal(weights[name], others[name]) for name in weights)
    assert one.dev == two.dev
    assert one.scores != two.scores


def test_worker_processes_and_a_failing_job(
    make_study: Callable[..., Study], tmp_path: Path
) -> None:
    study = make_study(
        seeds=1,
        features={"tokens": {}, "broken": {"modalities": ["face"]}},
        models={"majority": {"model": {"kind": "majority"}}},
        ablations={}, ablated=None, primary=None, choose_opponent=None,
    )  # fmt: skip
    outcome = run_study(study, tmp_path, workers=2)
    assert [r.job.features for r in outcome.results] == ["tokens"]
    ((job, error),) = outcome.failed.items()
    assert "broken" in job
    assert 'no features "face"' in error


def test_wrong_folders_and_corpora(
    in_process: list[Job], small: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "study.json").write_text('{"title": "Another"}')
    with pytest.raises(UsageError, match="holds another study"):
        run_study(small, tmp_path)
    monkeypatch.setenv("EMOSPOT_DATA", str(tmp_path / "data"))
    for entry, message in (({"source": "gone.csv"}, "gone.csv is not there; set EMOSPOT_DATA"),):
        study = small.model_copy(update={"corpora": {"m": small.corpora["moods"].model_copy(
            update={"store": None, **entry})}})  # fmt: skip
        with pytest.raises(ConfigError, match=message):
            run_study(study, tmp_path / "new")
    assert in_process == []


def test_damaged_results(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with pytest.raises(ConfigError, match="cannot read"):
        read_results(path)
    path.write_text("{")
    with pytest.raises(ConfigError, match="not valid JSON"):
        read_results(path)
    path.write_text("{}")
    with pytest.raises(ConfigError, match="format version None"):
        read_results(path)


def test_an_outcome_can_be_empty(small: Study, tmp_path: Path, store: FeatureStore) -> None:
    outcome = Outcome((), {}, {"moods": store.path}, {"some job": "why"})
    summary = write_results(small, replace(outcome), tmp_path)
    assert summary.figures == ()
    assert json.loads((tmp_path / "results.json").read_text())["failed"] == {"some job": "why"}
