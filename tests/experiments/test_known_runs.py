"""What a results file holds is not run again, and gives the same figures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emospot.errors import ConfigError
from emospot.experiments.known_runs import known_runs, unpacked
from emospot.experiments.results import write_results
from emospot.experiments.runner import Outcome, run_study
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
def study(make_study: Callable[..., Study]) -> Study:
    return make_study(**CHANGES)


@pytest.fixture
def first(study: Study, in_process: list[Job], tmp_path: Path) -> Path:
    """The results of the study, run once."""
    write_results(study, run_study(study, tmp_path / "first"), tmp_path / "first")
    del in_process[:]
    return tmp_path / "first" / "results.json"


def _without_origin(path: Path) -> dict[str, Any]:
    values = json.loads(path.read_text())
    del values["provenance"]
    for run in values["runs"]:
        run.pop("known_from", None)
    return values


def test_nothing_is_run_again_and_all_figures_are_the_same(
    study: Study, in_process: list[Job], first: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    outcome = run_study(study, again, known=known_runs([first]))
    assert in_process == []
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
    assert in_process == []


def test_a_model_of_ones_own_is_all_that_is_trained(
    make_study: Callable[..., Study],
    in_process: list[Job],
    first: Path,
    study: Study,
    tmp_path: Path,
) -> None:
    models = {name: entry.model_dump() for name, entry in study.models.items()}
    more = make_study(**CHANGES, models={**models, "mine": {"model": {"kind": "mlp", "width": 9}}})
    outcome = run_study(more, tmp_path / "more", known=known_runs([first]))
    assert {job.model for job in in_process} == {"mine"}
    summary = write_results(more, outcome, tmp_path / "more")
    compared = {c.reference for c in summary.comparisons if c.row.protocol == "official"}
    assert compared == {"mine", "MLP", "majority"}


def test_a_model_that_is_also_asked_what_no_file_answers_is_trained_here(
    make_study: Callable[..., Study], in_process: list[Job], first: Path, tmp_path: Path
) -> None:
    """Two trainings must not stand for one model."""
    asked = {"official": {}, "two": {"answers": {"calm": "calm", "angry": "angry"}}}
    other = make_study(**CHANGES | {"protocols": asked})
    told: list[str] = []
    outcome = run_study(
        other, tmp_path / "o", known=known_runs([first]), tell=lambda now: told.append(now.notice)
    )
    assert {(job.protocol, job.model) for job in in_process} == {
        (protocol, model)
        for protocol in ("official", "two")
        for model in ("emospot", "MLP", "majority")
    }
    assert {r.known_from != "" for r in outcome.results if r.job.protocol == "opponent"} == {True}
    assert "2 of 2 runs are taken over from known results" in told
    assert any(text.startswith("0 of 6 runs are taken over") for text in told)


def _origins(outcome: Outcome) -> dict[str, bool]:
    """Protocol → whether its runs of the MLP were taken over."""
    found = [r for r in outcome.results if r.job.model == "MLP"]
    return {r.job.protocol: r.known_from != "" for r in found}


def test_a_model_that_was_trained_here_is_asked_here(
    make_study: Callable[..., Study], study: Study, first: Path, tmp_path: Path
) -> None:
    run_study(make_study(**CHANGES | {"protocols": {"official": {}}}), tmp_path / "o")
    outcome = run_study(study, tmp_path / "o", known=known_runs([first]))
    assert _origins(outcome) == {"opponent": False, "official": False, "two": False}


def test_a_model_that_was_taken_over_is_trained_when_it_is_asked_more(
    make_study: Callable[..., Study],
    study: Study,
    in_process: list[Job],
    first: Path,
    tmp_path: Path,
) -> None:
    outcome = run_study(study, tmp_path / "o", known=known_runs([first]))
    assert _origins(outcome) == {"opponent": True, "official": True, "two": True}
    more = {"official": {}, "three": {"answers": {"calm": "calm", "angry": "angry"}}}
    outcome = run_study(make_study(**CHANGES | {"protocols": more}), tmp_path / "o")
    assert _origins(outcome) == {"opponent": True, "official": False, "three": False}


def _changed(first: Path, out: Path, **models: dict[str, Any]) -> Path:
    """The results with other content in the runs of some models."""
    values = json.loads(first.read_text())
    for run in values["runs"]:
        run |= models.get(run["model"], {})
    out.write_text(json.dumps(values))
    return out


def test_what_does_not_fit_is_run(
    study: Study,
    make_study: Callable[..., Study],
    make_store: Callable[..., FeatureStore],
    in_process: list[Job],
    first: Path,
    tmp_path: Path,
) -> None:
    wrong = {
        "MLP": {"predicted": "damaged"},
        "emospot": {"answers": "0" * 16},
        "majority": {"scores": {"weighted_f1": 0.99}},
    }
    damaged = _changed(first, tmp_path / "damaged.json", **wrong)
    told: list[str] = []
    run_study(
        study,
        tmp_path / "damaged",
        known=known_runs([damaged]),
        tell=lambda now: told.append(now.notice),
    )
    assert {job.model for job in in_process} == {"MLP", "emospot", "majority"}
    assert any(text.startswith("0 of 6 runs are taken over") for text in told)
    del in_process[:]
    other = {"moods": {"store": str(make_store(test_labels=5).path.resolve())}}
    run_study(make_study(**CHANGES, corpora=other), tmp_path / "o", known=known_runs([first]))
    assert {job.model for job in in_process} == {"MLP", "emospot", "majority"}


def test_files_that_are_no_use(first: Path, tmp_path: Path) -> None:
    values = json.loads(first.read_text())
    for run in values["runs"]:
        del run["predicted"]
    path = tmp_path / "figures.json"
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=r"figures\.json holds no answers of single labels"):
        known_runs([path])
    other = _changed(first, tmp_path / "other.json", MLP={"answers": "0" * 16})
    with pytest.raises(ConfigError, match=r"other\.json and results.* answer differently: moods"):
        known_runs([first, other])
    del values["provenance"]["finished"]
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=r"figures\.json is damaged: 'finished' is missing"):
        known_runs([path])
    path.write_text(json.dumps({"format_version": 1, "kind": "detectors"}))
    with pytest.raises(ConfigError, match="is not of a study of models"):
        known_runs([path])
    with pytest.raises(ValueError, match="answers cannot be read"):
        unpacked("bm8=")
