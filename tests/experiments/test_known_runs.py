"""What a results file holds is not run again, and gives the same figures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emospot.errors import ConfigError
from emospot.experiments import runner
from emospot.experiments.job import run_job
from emospot.experiments.known_runs import known_runs, unpacked
from emospot.experiments.results import write_results
from emospot.experiments.runner import run_study
from emospot.experiments.study import Job, Study
from emospot.features.store import FeatureStore

CHANGES: dict[str, Any] = {
    "seeds": 1,
    "features": {"pooled": {"pool": ["words"]}},
    "ablations": {},
    "ablated": None,
    "protocols": {
        "official": {},
        "two": {"answers": {"calm": "fine", "glad": "fine", "angry": "angry"}},
    },
}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that were run, in this process."""
    jobs_run: list[Job] = []

    def results(self, jobs):
        for job in jobs:
            jobs_run.append(job)
            values = self.study.model_dump(mode="json")
            yield job, run_job(values, job, self.stores, str(self.out)), ""

    monkeypatch.setattr(runner._Runner, "_results", results)
    return jobs_run


@pytest.fixture
def study(make_study: Callable[..., Study]) -> Study:
    return make_study(**CHANGES)


@pytest.fixture
def first(study: Study, ran: list[Job], tmp_path: Path) -> Path:
    """The results of the study, run once."""
    write_results(study, run_study(study, tmp_path / "first"), tmp_path / "first")
    del ran[:]
    return tmp_path / "first" / "results.json"


def _without_origin(path: Path) -> dict[str, Any]:
    values = json.loads(path.read_text())
    del values["provenance"]
    for run in values["runs"]:
        run.pop("known_from", None)
    return values


def test_nothing_is_run_again_and_all_figures_are_the_same(
    study: Study, ran: list[Job], first: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    outcome = run_study(study, again, known=known_runs([first]))
    assert ran == []
    assert all(r.known_from.startswith("results.json, 20") for r in outcome.results)
    write_results(study, outcome, again)
    assert _without_origin(again / "results.json") == _without_origin(first)
    ours, theirs = (
        {path.name: path.read_bytes() for path in (folder / "answers").iterdir()}
        for folder in (again, first.parent)
    )
    assert ours == theirs
    # From then on they are this study's own, and where they came from stays known.
    assert {r.known_from for r in run_study(study, again).results} == {
        r.known_from for r in outcome.results
    }
    assert ran == []


def test_a_model_of_ones_own_is_all_that_is_trained(
    make_study: Callable[..., Study], ran: list[Job], first: Path, study: Study, tmp_path: Path
) -> None:
    models = {name: entry.model_dump() for name, entry in study.models.items()}
    more = make_study(**CHANGES, models={**models, "mine": {"model": {"kind": "mlp", "width": 9}}})
    outcome = run_study(more, tmp_path / "more", known=known_runs([first]))
    assert {job.model for job in ran} == {"mine"}
    summary = write_results(more, outcome, tmp_path / "more")
    compared = {c.reference for c in summary.comparisons if c.row.protocol == "official"}
    assert compared == {"mine", "MLP", "majority"}


def test_what_does_not_fit_is_run(
    study: Study,
    make_study: Callable[..., Study],
    make_store: Callable[..., FeatureStore],
    ran: list[Job],
    first: Path,
    tmp_path: Path,
) -> None:
    values = json.loads(first.read_text())
    for run in values["runs"]:
        if run["model"] == "MLP":
            run["predicted"] = "damaged"
        if run["model"] == "emospot":  # answers of others than those of its hash
            run["answers"] = "0" * 16
    (tmp_path / "damaged.json").write_text(json.dumps(values))
    run_study(study, tmp_path / "damaged", known=known_runs([tmp_path / "damaged.json"]))
    assert {job.model for job in ran} == {"MLP", "emospot"}
    del ran[:]
    other = {"moods": {"store": str(make_store(test_labels=5).path.resolve())}}
    run_study(make_study(**CHANGES, corpora=other), tmp_path / "o", known=known_runs([first]))
    assert {job.model for job in ran} == {"MLP", "emospot", "majority"}


def test_figures_without_answers_are_no_use(first: Path, tmp_path: Path) -> None:
    values = json.loads(first.read_text())
    for run in values["runs"]:
        del run["predicted"]
    path = tmp_path / "figures.json"
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=r"figures\.json holds figures but no answers"):
        known_runs([path])
    with pytest.raises(ValueError, match="answers cannot be read"):
        unpacked("bm8=")
