"""Combinations of models, against scipy."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_rel

from emospot.errors import ConfigError
from emospot.experiments.benchmarks import benchmarks_pages
from emospot.experiments.contrasts import contrasts_markdown, contrasts_of
from emospot.experiments.job import Result
from emospot.experiments.student import interval_over_seeds, p_over_seeds
from emospot.experiments.study import Job, Study, parse_study

MODELS = ("both", "one", "other", "neither")
CONTRASTS = {
    "one": {"both": 1.0, "other": -1.0},
    "together": {"both": 1.0, "one": -1.0, "other": -1.0, "neither": 1.0},
}


def _study(**changes: object) -> Study:
    values = {
        "title": "contrasts",
        "metric": "accuracy",
        "corpora": {"a": {"source": "a.csv"}, "b": {"source": "b.csv"}},
        "models": {name: {"model": {"kind": "majority"}} for name in MODELS},
        "contrasts": CONTRASTS,
    }
    return parse_study({**values, **changes}, "test")


def _results(scores: np.ndarray, corpus: str = "a", **options: object) -> list[Result]:
    """Accuracies of shape (models, seeds); in the dark they are half as good."""
    return [
        Result(
            Job(corpus, "all", model, "official", "", seed), "", "", None,
            {"accuracy": value, "disturbed:dark": value / 2}, 0, 1, 1, 1.0, (), "",
        )
        for model, own in zip(MODELS, scores.tolist(), strict=True)
        for seed, value in enumerate(own)
    ]  # fmt: skip


def test_contrasts_are_those_of_scipy() -> None:
    scores = np.random.default_rng(0).normal(0.7, 0.02, size=(4, 5))
    scores[0] += 0.05
    found = {(c.name, c.metric): c for c in contrasts_of(_study(), _results(scores))}
    assert set(found) == {(n, m) for n in CONTRASTS for m in ("accuracy", "disturbed:dark")}
    one = found["one", "accuracy"]
    test = ttest_rel(scores[0], scores[2])
    low, high = test.confidence_interval()
    assert one.mean == pytest.approx((scores[0] - scores[2]).mean())
    assert (one.low, one.high) == pytest.approx((low, high))
    together = scores[0] - scores[1] - scores[2] + scores[3]
    other = found["together", "accuracy"]
    assert other.mean == pytest.approx(together.mean())
    ps = sorted([test.pvalue, ttest_1samp(together, 0).pvalue])
    # Holm over all that is planned, two contrasts on two corpora.
    assert min(one.p, other.p) == pytest.approx(min(1.0, 4 * ps[0]))
    dark = found["one", "disturbed:dark"]
    assert dark.mean == pytest.approx(one.mean / 2)
    assert dark.p is None
    assert dark.seeds == 5


def test_what_is_not_finished_is_left_out() -> None:
    scores = np.random.default_rng(1).normal(0.7, 0.02, size=(4, 3))
    results = _results(scores) + _results(scores[:, :1], "b")
    without = [r for r in results if (r.job.model, r.job.seed) != ("neither", 2)]
    found = {(c.name, c.corpus, c.metric): c for c in contrasts_of(_study(), without)}
    assert {corpus for _, corpus, _ in found} == {"a"}
    assert found["one", "a", "accuracy"].seeds == 3
    assert found["together", "a", "accuracy"].seeds == 2
    # What is planned counts: four tests, of which two could be made.
    p = found["one", "a", "accuracy"].p
    test = ttest_rel(scores[0], scores[2]).pvalue
    assert p in (pytest.approx(min(1.0, 4 * test)), pytest.approx(min(1.0, 3 * test)))
    # A baseline may have been asked about fewer disturbances.
    results[0].scores.pop("disturbed:dark")  # type: ignore[attr-defined]
    assert contrasts_of(_study(contrasts={}), results) == []


def test_contrasts_are_shown() -> None:
    study = _study()
    contrasts = contrasts_of(study, _results(np.full((4, 3), 0.7)))
    text = contrasts_markdown(study, contrasts)
    assert "| one | a | the test conversations | +0.0 [+0.0, +0.0] | 1.0000 |" in text
    assert "| together | a | dark |" in text
    assert "together: +1 both -1 one -1 other +1 neither" in text
    assert contrasts_markdown(study, []) == ""


@pytest.mark.parametrize("weights", [{"both": 1.0}, {"both": 1.0, "nobody": -1.0}, {}])
def test_a_contrast_is_of_models_of_the_study(weights: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="contrast wrong needs two models"):
        _study(contrasts={"wrong": weights})


@pytest.mark.parametrize(
    "wrong",
    [{"metric": "mae", "base": {"training": {"tasks": ["valence"]}}},
     {"protocols": {"mine": {"kind": "leave_one_out", "groups": "."}}}],
)  # fmt: skip
def test_contrasts_are_of_shares_on_the_official_test(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="contrasts"):
        _study(**wrong)


def test_one_value_and_equal_values() -> None:
    assert interval_over_seeds([0.5]) == (0.5, 0.5, 0.5)
    assert interval_over_seeds([0.5, 0.5]) == (0.5, 0.5, 0.5)
    assert p_over_seeds([0.5]) == 1.0
    # Two baselines that no seed changes: their difference is what it is, and no sample.
    assert p_over_seeds([0.5, 0.5]) == 1.0
    assert p_over_seeds([0.0, 0.0]) == 1.0


def test_the_pages_of_benchmarks_are_those_of_what_is_published() -> None:
    docs = Path(__file__).parents[2] / "docs"
    pages = benchmarks_pages(docs / "results")
    assert "own − plain" in pages["benchmarks/mechanisms.md"]
    assert {name: (docs / name).read_text(encoding="utf-8") for name in pages} == pages
    assert {f"benchmarks/{path.name}" for path in (docs / "benchmarks").iterdir()} < set(pages)
