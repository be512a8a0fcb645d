"""Gains and their tests, on results whose gains are known."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from emospot.errors import ConfigError
from emospot.experiments.benchmarks import benchmarks_pages
from emospot.experiments.job import Result
from emospot.experiments.mechanisms import matrix_markdown, mechanism_matrix, read_matrix
from emospot.experiments.study import Job, Study, load_study, parse_study

WORLD = {"kind": "planted", "world": {"dialogues": {"train": 2, "test": 1}}}
VALUES = {
    "title": "two parts",
    "metric": "accuracy",
    "corpora": dict.fromkeys(("plain", "first", "second"), WORLD),
    "models": {
        name: {} for name in ("bare", "bare + a", "bare + b", "full", "full - a", "full - b")
    },
    "mechanisms": {"plain": "plain", "parts": {"a": "first", "b": "second"}},
}


def _study(**changes: object) -> Study:
    return parse_study({**VALUES, **changes}, "test")


def _results(
    gains: Mapping[tuple[str, str], float], seeds: int = 5, noise: float = 0.01
) -> list[Result]:
    """Accuracies 0.5 + the gains of the parts that a model has in a world."""
    random = np.random.default_rng(3)
    found = []
    for world in ("plain", "first", "second"):
        for model in VALUES["models"]:
            start, _, part = model.replace(" - ", " + ").partition(" + ")
            full = start == "full"
            parts = [p for p in "ab" if (p != part if full else p == part)]
            for seed in range(seeds):
                value = 0.5 + sum(gains.get((p, world), 0.0) for p in parts)
                value += float(random.normal(scale=noise)) if noise else 0.0
                job = Job(world, "all", model, "official", "", seed)
                scores = {"accuracy": value}
                found.append(Result(job, "", "", None, scores, 0, 1, 1, 1.0, (), ""))
    return found


def test_a_part_that_gains_in_its_world_alone() -> None:
    results = _results({("a", "first"): 0.2, ("b", "plain"): 0.1, ("b", "second"): 0.1})
    matrix = mechanism_matrix(_study(), results)
    assert len(matrix.gains) == 2 * 2 * 3
    gains = {(g.part, g.start, g.world): g for g in matrix.gains}
    for start in ("bare", "full"):
        assert gains["a", start, "first"].mean == pytest.approx(0.2, abs=0.02)
        assert gains["a", start, "first"].own
        assert gains["a", start, "plain"].mean == pytest.approx(0.0, abs=0.02)
        assert gains["b", start, "plain"].mean == pytest.approx(0.1, abs=0.02)
    tests = {(one.part, one.start): one for one in matrix.tests}
    assert all(tests["a", start].p < 0.001 for start in ("bare", "full"))
    # It gains everywhere: no mechanism.
    assert all(tests["b", start].p > 0.05 for start in ("bare", "full"))
    text = matrix_markdown(matrix)
    assert "| bare + a |" in text
    assert "full, with b or without" in text
    assert text.count("**+") == 4


def test_the_test_is_students_corrected_for_all_parts_and_starts() -> None:
    results = _results({("a", "first"): 0.02})
    matrix = mechanism_matrix(_study(), results)
    gains = {(g.part, g.start, g.world): np.array(g.seeds) for g in matrix.gains}
    p = {
        (part, start): ttest_1samp(
            gains[part, start, world] - gains[part, start, "plain"], 0.0
        ).pvalue
        for part, world in (("a", "first"), ("b", "second"))
        for start in ("bare", "full")
    }
    found = {(one.part, one.start): one for one in matrix.tests}
    least = min(p, key=lambda key: p[key])
    assert found[least].p == pytest.approx(min(1.0, 4 * p[least]))
    own = gains["a", "bare", "first"] - gains["a", "bare", "plain"]
    interval = ttest_1samp(own, 0.0).confidence_interval(0.95)
    assert found["a", "bare"].low == pytest.approx(interval.low)
    assert found["a", "bare"].high == pytest.approx(interval.high)


def test_what_is_not_finished_is_left_out() -> None:
    results = [r for r in _results({}, seeds=1) if r.job.corpus != "second"]
    matrix = mechanism_matrix(_study(), results)
    assert {gain.world for gain in matrix.gains} == {"plain", "first"}
    assert all(gain.low == gain.mean == gain.high for gain in matrix.gains)
    assert matrix.tests == ()
    lines = matrix_markdown(matrix).splitlines()
    assert lines[-1].endswith("|  |  |")
    assert matrix_markdown(mechanism_matrix(_study(mechanisms=None), results)) == ""


def test_seeds_are_paired_by_their_numbers() -> None:
    study, whole = _study(), _results({("a", "first"): 0.1})
    lost = (("first", "bare", 0), ("plain", "bare", 4))
    cut = [r for r in whole if (r.job.corpus, r.job.model, r.job.seed) not in lost]
    tests = {(t.part, t.start): t for t in mechanism_matrix(study, cut).tests}
    test = tests["a", "bare"]
    gains = {(g.world): g.seeds for g in mechanism_matrix(study, whole).gains
             if (g.part, g.start) == ("a", "bare")}  # fmt: skip
    common = [gains["first"][seed] - gains["plain"][seed] for seed in (1, 2, 3)]
    assert test.difference == pytest.approx(np.mean(common))


def test_gains_that_are_all_the_same() -> None:
    matrix = mechanism_matrix(_study(), _results({("a", "first"): 0.25}, noise=0.0))
    p = {(one.part, one.start): one.p for one in matrix.tests}
    # Seeds that do not vary are no sample, whatever they give.
    assert p["a", "bare"] == p["b", "full"] == 1.0
    values = matrix.to_dict()
    assert values["gains"][0]["seeds"] == [0.0] * 5


@pytest.mark.parametrize(
    ("mechanisms", "named"),
    [
        ({"plain": "nowhere", "parts": {}}, "nowhere"),
        ({"plain": "plain", "parts": {"c": "first"}}, "bare \\+ c"),
    ],
)
def test_worlds_and_models_must_be_there(mechanisms: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=f"mechanisms need {named}"):
        _study(mechanisms=mechanisms)


def test_the_shipped_matrix_has_a_model_for_each_part() -> None:
    study = load_study("mechanisms")
    assert set(study.mechanisms.models) == set(study.models)
    assert set(study.corpora) == {"plain", "all", *study.mechanisms.parts.values()}
    for name in study.models:
        assert not study.config(name).model.kernel_reader


@pytest.mark.parametrize(
    "changes",
    [
        {"protocols": {"official": {}, "other": {"kind": "cross_validation"}}},
        {"features": {"one": {}, "two": {}}},
        {"choose_opponent": {"kind": "cross_validation"}},
    ],
)
def test_there_is_one_figure_a_seed(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="official test conversations alone"):
        _study(**changes)


def test_the_page_of_benchmarks_shows_the_matrix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    matrix = mechanism_matrix(_study(), _results({("a", "first"): 0.2}))
    assert read_matrix(matrix.to_dict()).to_dict() == matrix.to_dict()
    values = {
        "summary": [], "comparisons": [], "confusions": [], "labels": {}, "opponents": {},
        "runs": [], "mechanisms": matrix.to_dict(),
        "provenance": {"packages": {"emospot": "0", "torch": "2"}, "finished": "2026-01-01",
                       "processor": "any"},
    }  # fmt: skip
    monkeypatch.setattr("emospot.experiments.benchmarks._read", lambda path: (_study(), values))
    (tmp_path / "mechanisms.json").write_text("{}")
    page = benchmarks_pages(tmp_path)["benchmarks/mechanisms.md"]
    assert "\n## What each part gives in each world\n" in page
    assert "| bare + a |" in page
