"""Figures and comparisons of answers written by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from emospot.emotions import Task
from emospot.evaluation.predictions import Predictions
from emospot.experiments.curves import curves_page
from emospot.experiments.job import Result, answers_file, read_answers, write_answers
from emospot.experiments.study import OPPONENT, Job, Study
from emospot.experiments.summary import confusion, summarise_study
from emospot.experiments.tables import markdown

TASK = Task("emotion", "single", ("calm", "angry", "glad"))
TRUE = np.random.default_rng(0).integers(3, size=60)


def _predictions(right: float, seed: int, part: slice = slice(None)) -> Predictions:
    random = np.random.default_rng(seed)
    predicted = np.where(random.random(60) < right, TRUE, random.integers(3, size=60))
    return Predictions(
        TASK,
        tuple(f"d{i // 6}" for i in range(60))[part],
        TRUE[part],
        predicted[None, part],
        tuple(f"u{i}" for i in range(60))[part],
    )


def _result(job: Job, score: float = 0.5) -> Result:
    history = ({"epoch": 0, "loss": 2.0, "dev_weighted_f1": 0.3},
               {"epoch": 1, "loss": 1.0, "dev_weighted_f1": 0.6})  # fmt: skip
    return Result(job, job.id, "data", 0.6, {"weighted_f1": score}, 1, 2, 10, 3.0, history, "x")


@pytest.fixture
def finished(make_study: Callable[..., Study], tmp_path: Path) -> tuple[Study, list[Result]]:
    study = make_study(features={"pooled": {}}, ablations={"no graph": {"features": ["pooled"]}})
    results = []
    skill = {"emospot": 0.9, "MLP": 0.3, "majority": 0.85, "emospot, no graph": 0.9}
    for number, (model, right) in enumerate(skill.items()):
        for seed in range(2):
            job = Job("moods", "pooled", model, "official", "", seed)
            write_answers(_predictions(right, 10 * number + seed), answers_file(tmp_path, job))
            results.append(_result(job))
    return study, results


def test_answers_survive_their_file(tmp_path: Path) -> None:
    written = _predictions(0.5, 1)
    write_answers(written, tmp_path / "answers.json")
    found = read_answers(tmp_path / "answers.json")
    assert found.answers_the_same_as(written)
    assert np.array_equal(found.predicted, written.predicted)


def test_mean_and_spread_over_seeds(finished: tuple[Study, list[Result]], tmp_path: Path) -> None:
    study, results = finished
    summary = summarise_study(study, results, {"moods / pooled": "MLP"}, tmp_path)
    figures = {(f.row.model, f.metric): f for f in summary.figures}
    found = figures["emospot", "weighted_f1"]
    scores = [
        f1_score(TRUE, _predictions(0.9, seed).predicted[0], average="weighted") for seed in (0, 1)
    ]
    assert found.mean == pytest.approx(np.mean(scores))
    assert found.sd == pytest.approx(np.std(scores, ddof=1))
    assert found.n == 2
    assert found.ci[0] < found.mean < found.ci[1]
    assert figures["emospot", "f1:angry"].ci is None


def test_the_primary_comparison_is_not_corrected(
    finished: tuple[Study, list[Result]], tmp_path: Path
) -> None:
    study, results = finished
    summary = summarise_study(study, results, {"moods / pooled": "MLP"}, tmp_path)
    pairs = {c.reference: c for c in summary.comparisons}
    assert set(pairs) == {"MLP", "majority", "emospot, no graph"}
    assert [c.reference for c in summary.comparisons if c.primary] == ["MLP"]
    assert pairs["MLP"].difference > 0.3
    assert pairs["MLP"].p < 0.01
    unnamed = summarise_study(study, results, {}, tmp_path)
    assert not any(c.primary for c in unnamed.comparisons)
    corrected = {c.reference: c.p for c in unnamed.comparisons}
    assert corrected["MLP"] == pytest.approx(3 * pairs["MLP"].p)


def test_folds_are_put_together_and_unfinished_ones_left_out(
    make_study: Callable[..., Study], tmp_path: Path
) -> None:
    study = make_study()
    halves = {"a": slice(30, None), "b": slice(0, 30)}
    results = []
    for seed, folds in enumerate((("a", "b"), ("a",))):
        for fold in folds:
            job = Job("moods", "tokens", "emospot", "official", fold, seed)
            write_answers(_predictions(0.8, 5, halves[fold]), answers_file(tmp_path, job))
            results.append(_result(job))
    results.append(_result(Job("moods", "tokens", "MLP", OPPONENT, "a", 0)))
    summary = summarise_study(study, results, {}, tmp_path)
    (figure,) = (f for f in summary.figures if f.metric == "weighted_f1")
    whole = f1_score(TRUE, _predictions(0.8, 5).predicted[0], average="weighted")
    assert (figure.n, figure.mean) == (1, pytest.approx(whole))


def test_confusions_equal_scikit_learn() -> None:
    predictions = _predictions(0.5, 3)
    assert confusion(predictions) == tuple(
        tuple(row) for row in confusion_matrix(TRUE, predictions.predicted[0]).tolist()
    )


def test_tables_and_curves_show_every_model(
    finished: tuple[Study, list[Result]], tmp_path: Path
) -> None:
    study, results = finished
    opponents = {"moods / pooled": "MLP"}
    summary = summarise_study(study, results, opponents, tmp_path)
    text = markdown(study, summary, opponents)
    lines = [line for line in text.splitlines() if line.startswith("| MLP")]
    (figure,) = (f for f in summary.figures if (f.row.model, f.metric) == ("MLP", "weighted_f1"))
    assert f"{100 * figure.mean:.1f} ± {100 * figure.sd:.1f}" in lines[0]
    assert "*" in lines[0]
    assert "chosen by cross-validation on the training dialogues: **MLP**" in text
    widths = {line.count("|") for line in text.split("\n\n")[4].splitlines()}
    assert len(widths) == 1, "every line of a table has the same cells"
    page = curves_page(study, results)
    assert page.count("<figure>") == 4
    assert "emospot, no graph" in page
    assert "http" not in page, "the page needs no network"
    assert "was trained epoch by epoch" in curves_page(study, [])
