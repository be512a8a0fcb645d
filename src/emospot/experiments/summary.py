"""From the results of a study's jobs to its figures: mean, spread, interval, comparisons.

Where a protocol has folds, the answers of a seed on all of them are put together,
so that every dialogue is answered once by a model that has not seen it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from emospot.evaluation.predictions import Predictions, joined
from emospot.evaluation.significance import bootstrap_interval, compare, holm
from emospot.evaluation.task_scores import task_scores
from emospot.experiments.folds import dependent
from emospot.experiments.job import Result, answers_file, read_answers
from emospot.experiments.results_file import short
from emospot.experiments.study import OPPONENT, Study


@dataclass(frozen=True, slots=True)
class Row:
    """What one line of a table is about."""

    corpus: str
    protocol: str
    features: str
    model: str

    @property
    def table(self) -> tuple[str, str, str]:
        """The table that the line stands in."""
        return self.corpus, self.protocol, self.features


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric of a model over its seeds.

    Args:
        row: which model on what.
        metric: e.g. "weighted_f1".
        mean: over seeds.
        sd: sample standard deviation over seeds, 0 for one seed.
        n: number of seeds.
        ci: 95 % interval of the mean by bootstrap over dialogues, or None where
            the metric has none.
    """

    row: Row
    metric: str
    mean: float
    sd: float
    n: int
    ci: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class PairedFigure:
    """A model against another one on the same dialogues.

    Args:
        row: the model.
        reference: the other one.
        metric: what is compared.
        difference: model less reference, means over seeds.
        ci: 95 % interval of the difference.
        p: by swapping dialogues; corrected (Holm) unless `primary`.
        primary: the one comparison that was fixed before the test was read.
        notice: what a reader must know.
    """

    row: Row
    reference: str
    metric: str
    difference: float
    ci: tuple[float, float]
    p: float
    primary: bool
    notice: str = ""


AnyFigure = TypeVar("AnyFigure", Figure, PairedFigure)


@dataclass(frozen=True, slots=True)
class Summary:
    """All figures of a study.

    Args:
        figures: every metric of every model.
        comparisons: of the primary model with all others, and of the ablated
            model with its ablations.
        confusions: row of the primary model (without one, of all) → true class by row,
            answer by column, all seeds together; single-label tasks alone.
        labels: corpus → outputs of the task; a protocol may ask about fewer.
    """

    figures: tuple[Figure, ...]
    comparisons: tuple[PairedFigure, ...]
    confusions: Mapping[Row, tuple[tuple[int, ...], ...]]
    labels: Mapping[str, tuple[str, ...]]


def summarise_study(
    study: Study, results: Sequence[Result], opponents: Mapping[str, str], out: Path
) -> Summary:
    """The figures of all finished jobs.

    Args:
        study: what was run.
        results: the finished jobs.
        opponents: "corpus / features" → the baseline chosen beforehand.
        out: the study's folder, which holds the answers.
    """
    answers = {
        row: [_together(p, study.together) for p in seeds] for row, seeds in _answers(results, out)
    }
    figures = [f for row, seeds in answers.items() for f in _figures(study, row, seeds)]
    pooled = {row: joined(seeds) for row, seeds in answers.items()}
    labels = {
        row.corpus: p.task.outputs
        for row, p in pooled.items()
        if not study.protocols[row.protocol].answers
    }
    return Summary(
        tuple(figures),
        tuple(_comparisons(study, pooled, opponents)),
        {
            row: confusion(p)
            for row, p in pooled.items()
            if p.task.kind == "single" and row.model == (study.primary or row.model)
        },
        labels,
    )


def _answers(results: Sequence[Result], out: Path) -> Iterator[tuple[Row, list[Predictions]]]:
    """The answers of each row's seeds over all folds; rows with a fold missing are left out."""
    found: dict[Row, dict[int, dict[str, Predictions]]] = defaultdict(lambda: defaultdict(dict))
    folds: dict[tuple[str, str], set[str]] = defaultdict(set)
    for result in results:
        job = result.job
        if job.protocol == OPPONENT:
            continue
        row = Row(job.corpus, job.protocol, job.features, job.model)
        found[row][job.seed][job.fold] = read_answers(answers_file(out, job))
        folds[job.corpus, job.protocol].add(job.fold)
    for row, seeds in found.items():
        wanted = folds[row.corpus, row.protocol]
        whole = [_over_folds(parts) for parts in seeds.values() if set(parts) == wanted]
        if whole:
            yield row, whole


def _together(predictions: Predictions, expression: str | None) -> Predictions:
    """The same with the names of groups in the place of dialogues that depend on each other."""
    groups = dependent(predictions.dialogue_ids, expression)
    return replace(predictions, dialogues=tuple(groups[d] for d in predictions.dialogues))


def _over_folds(parts: Mapping[str, Predictions]) -> Predictions:
    ordered = [parts[name] for name in sorted(parts)]
    return Predictions(
        task=ordered[0].task,
        dialogues=tuple(d for p in ordered for d in p.dialogues),
        utterances=tuple(u for p in ordered for u in p.utterances),
        true=np.concatenate([p.true for p in ordered]),
        predicted=np.concatenate([p.predicted for p in ordered], axis=1),
    )


def over_seeds(
    row: Row, metric: str, values: Sequence[float], ci: tuple[float, float] | None = None
) -> Figure:
    """A metric's figure from its value of every seed."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return Figure(row, metric, float(np.mean(values)), sd, len(values), ci)


def _figures(study: Study, row: Row, seeds: Sequence[Predictions]) -> Iterator[Figure]:
    scores = [task_scores(p.task, p.true, p.predicted[0]).metrics() for p in seeds]
    for metric in scores[0]:
        ci = None
        if metric == study.metric:
            interval = bootstrap_interval(joined(seeds), metric)
            ci = (interval.low, interval.high)
        yield over_seeds(row, metric, [s[metric] for s in scores], ci)


def _comparisons(
    study: Study, pooled: Mapping[Row, Predictions], opponents: Mapping[str, str]
) -> Iterator[PairedFigure]:
    tables: dict[tuple[str, str, str], dict[str, Predictions]] = defaultdict(dict)
    for row, predictions in pooled.items():
        tables[row.table][row.model] = predictions
    for (corpus, protocol, features), models in tables.items():
        opponent = opponents.get(f"{corpus} / {features}")
        for name in dict.fromkeys((study.primary, study.ablated)):
            if name is None or name not in models:
                continue
            row = Row(corpus, protocol, features, name)
            yield from _against(study, row, models, opponent)


def _against(
    study: Study, row: Row, models: Mapping[str, Predictions], opponent: str | None
) -> Iterator[PairedFigure]:
    others = [name for name in models if name != row.model]
    if row.model != study.primary:
        others = [name for name in others if name not in study.models]
    found = {name: compare(models[row.model], models[name], study.metric) for name in others}
    first = opponent if row.model == study.primary else None
    corrected = holm({name: c.p for name, c in found.items() if name != first})
    for name, comparison in found.items():
        yield PairedFigure(
            row,
            name,
            study.metric,
            comparison.difference,
            (comparison.low, comparison.high),
            corrected.get(name, comparison.p),
            name == first,
            comparison.notice,
        )


def confusion(predictions: Predictions) -> tuple[tuple[int, ...], ...]:
    """How often each class (row) was answered as each (column), over all seeds."""
    size = len(predictions.task.outputs)
    counts = np.zeros((size, size), dtype=int)
    for predicted in predictions.predicted:
        np.add.at(counts, (predictions.true.astype(int), predicted.astype(int)), 1)
    return tuple(tuple(int(n) for n in row) for row in counts)


def summary_dict(summary: Summary) -> dict[str, Any]:
    """The `summary`, `comparisons` and `confusions` of results.json."""
    return {
        "summary": [_flat(f) for f in summary.figures],
        "comparisons": [_flat(c) for c in summary.comparisons],
        "confusions": [{**asdict(row), "counts": c} for row, c in summary.confusions.items()],
        "labels": {name: list(labels) for name, labels in summary.labels.items()},
    }


def read_summary(values: Mapping[str, Any]) -> Summary:
    """The summary that `summary_dict` wrote into a results.json."""
    return Summary(
        tuple(_figure(Figure, v) for v in values["summary"]),
        tuple(_figure(PairedFigure, v) for v in values["comparisons"]),
        {_row(v): tuple(tuple(line) for line in v["counts"]) for v in values["confusions"]},
        {name: tuple(labels) for name, labels in values["labels"].items()},
    )


def _row(values: Mapping[str, Any]) -> Row:
    return Row(**{name: values[name] for name in ("corpus", "protocol", "features", "model")})


def _figure(kind: type[AnyFigure], values: Mapping[str, Any]) -> AnyFigure:
    row = _row(values)
    own = {name: value for name, value in values.items() if name not in asdict(row)}
    if own["ci"] is not None:
        own["ci"] = tuple(own["ci"])
    return kind(row, **own)


def _flat(figure: Figure | PairedFigure) -> dict[str, Any]:
    values = asdict(figure)
    return {**values.pop("row"), **short(values)}
