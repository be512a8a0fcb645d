"""Figures and comparisons of answers written by hand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from emospot.emotions import Task
from emospot.errors import ConfigError
from emospot.evaluation.predictions import Predictions
from emospot.experiments.curves import curves_page
from emospot.experiments.job import Result, answers_file, answers_hash, read_answers, write_answers
from emospot.experiments.runner import _choose_opponents
from emospot.experiments.study import OPPONENT, Job, Study
from emospot.experiments.summary import confusion, summarise_study, summary_dict
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


SEVERAL = Task("joy+fear", "several", ("joy", "fear"))
NUMBER = Task("mosei_sentiment", "number", ("sentiment",), sentiment=True, center=0.4, scale=1.3)


def _others(task: Task, noise: float, seed: int) -> Predictions:
    """Answers of several labels or of a number, the worse the more noise."""
    random, truth = np.random.default_rng(seed), np.random.default_rng(9).uniform(-3, 3, (60, 2))
    said = np.clip(truth + noise * random.normal(size=(60, 2)), -3, 3)
    if task.kind == "several":
        truth, said = truth > 1.0, said > 1.0
    else:
        truth, said = truth[:, 0], said[:, 0]
    return Predictions(
        task,
        tuple(f"d{i // 6}" for i in range(60)),
        truth,
        said[None],
        tuple(f"u{i}" for i in range(60)),
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


@pytest.mark.parametrize("task", [SEVERAL, NUMBER], ids=lambda task: task.kind)
def test_answers_of_other_tasks_survive_their_file(task: Task, tmp_path: Path) -> None:
    written = _others(task, 0.5, 1)
    if task.kind == "number":  # as a model gives it
        written = replace(written, predicted=written.predicted.astype(np.float32))
    path = tmp_path / "answers.json"
    write_answers(written, path)
    found = read_answers(path)
    assert found.task == task
    assert found.answers_the_same_as(written)
    assert np.array_equal(found.predicted, written.predicted)
    # What was written, once and again, is known by its hash, and a change of it.
    write_answers(found, tmp_path / "again.json")
    assert answers_hash(path) == answers_hash(tmp_path / "again.json") != ""
    write_answers(_others(task, 0.5, 2), tmp_path / "again.json")
    assert answers_hash(path) != answers_hash(tmp_path / "again.json")


@pytest.fixture
def written(
    make_study: Callable[..., Study], tmp_path: Path
) -> Callable[[Task, str], tuple[Study, list[Result]]]:
    def write(task: Task, metric: str) -> tuple[Study, list[Result]]:
        models = {"emospot": {}, "MLP": {"model": {"kind": "mlp"}, "candidate": True}}
        study = make_study(
            features={"all": {}}, models=models, ablations={}, ablated=None, metric=metric,
            base={"training": {"tasks": [task.name]}},
        )  # fmt: skip
        results = []
        for noise, model in ((0.3, "emospot"), (1.5, "MLP")):
            for seed in range(2):
                job = Job("moods", "all", model, "official", "", seed)
                write_answers(_others(task, noise, seed), answers_file(tmp_path, job))
                results.append(_result(job))
        return study, results

    return write


def test_several_labels(written: Callable[..., tuple], tmp_path: Path) -> None:
    study, results = written(SEVERAL, "macro_f1")
    summary = summarise_study(study, results, {"moods / all": "MLP"}, tmp_path)
    figures = {(f.row.model, f.metric): f for f in summary.figures}
    seeds = [_others(SEVERAL, 0.3, seed) for seed in (0, 1)]
    expected = [f1_score(p.true, p.predicted[0], average="macro") for p in seeds]
    assert figures["emospot", "macro_f1"].mean == pytest.approx(np.mean(expected))
    assert figures["emospot", "macro_f1"].ci is not None
    assert figures["emospot", "weighted_f1"].ci is None
    (pair,) = summary.comparisons
    assert (pair.reference, pair.metric, pair.primary) == ("MLP", "macro_f1", True)
    assert pair.difference > 0
    assert pair.p < 0.05
    assert summary.confusions == {}, "there is no confusion where several labels apply"
    assert summary_dict(summary)["labels"] == {"moods": ["joy", "fear"]}
    text = markdown(study, summary, {"moods / all": "MLP"})
    for title in ("F1", "w-F1 of both answers", "weighted accuracy"):
        (head,) = (line for line in text.splitlines() if line.startswith(f"| {title} |"))
        assert head == f"| {title} | joy | fear |"
    assert "Confusions" not in text


def test_a_number(written: Callable[..., tuple], tmp_path: Path) -> None:
    study, results = written(NUMBER, "mae")
    summary = summarise_study(study, results, {"moods / all": "MLP"}, tmp_path)
    figures = {(f.row.model, f.metric): f for f in summary.figures}
    errors = [np.abs(p.true - p.predicted[0]).mean() for p in map(_of_seed, (0, 1))]
    assert figures["emospot", "mae"].mean == pytest.approx(np.mean(errors))
    low, high = figures["emospot", "mae"].ci
    assert low < np.mean(errors) < high
    (pair,) = summary.comparisons
    assert pair.difference < 0, "the better model has the smaller error"
    assert pair.primary
    assert pair.p < 0.05
    assert summary.confusions == {}
    text = markdown(study, summary, {"moods / all": "MLP"})
    rows = [line for line in text.splitlines() if line.startswith(("| emospot", "| MLP"))]
    assert [row.split()[1] for row in rows] == ["emospot", "MLP"], "the smaller error first"
    assert f"{np.mean(errors):.3f} ± " in rows[0]
    assert f"{pair.difference:+.3f} [" in rows[1]
    assert "MAE first, of which less is better" in text
    acc = 100 * figures["emospot", "acc2_negative_positive"].mean
    f1 = 100 * figures["emospot", "f1_negative_positive"].mean
    assert f"{acc:.1f} ± " in rows[0]
    assert f"{f1:.1f} ± " in rows[0], "shares are shown in per cent"


def _of_seed(seed: int) -> Predictions:
    return _others(NUMBER, 0.3, seed)


def test_the_opponent_is_the_best_by_the_metric(make_study: Callable[..., Study]) -> None:
    models = {
        name: {"model": {"kind": kind}, "candidate": True}
        for name, kind in (("near", "mlp"), ("far", "contextual_gru"))
    }
    figures = {"near": (0.5, 0.7), "far": (0.9, 0.8)}
    results = [
        replace(_result(Job("moods", "all", name, OPPONENT, f"{fold}", 0)),
                scores={"mae": value, "correlation": value})
        for name, values in figures.items() for fold, value in enumerate(values)
    ]  # fmt: skip
    for metric, best in (("mae", "near"), ("correlation", "far")):
        study = make_study(
            features={"all": {}}, models=models, ablations={}, ablated=None, primary=None,
            metric=metric, base={"training": {"tasks": ["age"]}},
        )  # fmt: skip
        assert _choose_opponents(study, results) == {"moods / all": best}


def test_an_opponent_that_was_named_before(
    finished: tuple[Study, list[Result]], make_study: Callable[..., Study], tmp_path: Path
) -> None:
    study = make_study(choose_opponent=None, opponent="MLP")
    read = study.models["MLP"].features or tuple(study.features)
    assert _choose_opponents(study, []) == {f"moods / {f}": "MLP" for f in read}
    opponents = {"moods / pooled": "MLP"}
    text = markdown(study, summarise_study(study, finished[1], opponents, tmp_path), opponents)
    assert "Opponent, named beforehand: **MLP**." in text


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
    table = next(part for part in text.split("\n\n") if part.startswith("| model"))
    widths = {line.count("|") for line in table.splitlines()}
    assert len(widths) == 1, "every line of a table has the same cells"
    page = curves_page(study, results)
    assert page.count("<figure>") == 4
    assert "emospot, no graph" in page
    assert "http" not in page, "the page needs no network"
    assert "was trained epoch by epoch" in curves_page(study, [])


def test_dialogues_that_depend_on_each_other_are_drawn_together(
    finished: tuple[Study, list[Result]], tmp_path: Path
) -> None:
    """As if each group were one dialogue: figures stay, intervals become those of groups."""
    study, results = finished
    apart = summarise_study(study, results, {}, tmp_path)
    by_letter = study.model_copy(update={"together": "d[0-4]|d"})
    grouped = summarise_study(by_letter, results, {}, tmp_path)
    assert [f.mean for f in grouped.figures] == [f.mean for f in apart.figures]
    one = next(f for f in grouped.figures if f.ci)
    other = next(f for f in apart.figures if f.ci)
    assert one.ci != other.ci
    whole = study.model_copy(update={"together": "d"})
    for figure in summarise_study(whole, results, {}, tmp_path).figures:
        assert figure.ci is None or figure.ci == pytest.approx((figure.mean, figure.mean))
    told = "by swapping groups of dialogues (alike in `d[0-4]|d`) (10,000 draws)"
    assert told in markdown(by_letter, grouped, {})
    missing = study.model_copy(update={"together": "actor"})
    with pytest.raises(ConfigError, match='together "actor" finds nothing in the dialogue'):
        summarise_study(missing, results, {}, tmp_path)
