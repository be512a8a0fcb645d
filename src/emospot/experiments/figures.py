"""The figures that a study asks for, from its results: points with intervals, line by line.

A point is the mean over seeds with its 95 % interval by Student's t. Where a protocol has
folds, a seed's value is the mean over them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emospot.evaluation.task_scores import task_scores
from emospot.experiments.figure_entry import FigureEntry
from emospot.experiments.job import DISTURBED, Result, answers_file, read_answers
from emospot.experiments.known_truth import WAY, Ceilings, way_of
from emospot.experiments.metric import INSIDE
from emospot.experiments.results_file import short
from emospot.experiments.student import interval_over_seeds
from emospot.experiments.study import Study

UNDISTURBED = "as they are"
QUARTERS = 4
FIXED = {"classes": "f1", "gates": "share of the gate's values"}
"""What figures over these show."""


@dataclass(frozen=True, slots=True)
class Point:
    """One place of a line.

    Args:
        line: name of the line.
        place: name of the place.
        x: where it stands, where places are numbers.
        mean: over seeds.
        low: lower limit of the 95 % interval.
        high: upper limit.
        seeds: value of each seed.
    """

    line: str
    place: str
    x: float | None
    mean: float
    low: float
    high: float
    seeds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StudyFigure:
    """A figure with its points; see `figure_entry`."""

    title: str
    x: str
    metric: str
    caption: str
    points: tuple[Point, ...]

    def to_dict(self) -> dict[str, Any]:
        """As results.json holds it."""
        found: dict[str, Any] = short(asdict(self))
        return found


Seeds = Mapping[int, Sequence[Result]]
"""Seed → results of its folds."""
Places = dict[str, tuple[float | None, Mapping[int, float]]]
"""Place → its number, where it has one, and the value of each seed."""


def study_figures(
    study: Study, results: Sequence[Result], out: Path, ceilings: Ceilings
) -> list[StudyFigure]:
    """The figures of a study; a place or line that is not finished is left out.

    Args:
        study: what was run.
        results: the finished jobs.
        out: the study's folder, which holds the answers.
        ceilings: of its planted corpora.
    """
    found: dict[tuple[str, str], dict[int, list[Result]]] = defaultdict(lambda: defaultdict(list))
    protocol = next(iter(study.protocols))
    features = next(iter(study.features))
    for result in results:
        job = result.job
        if (job.protocol, job.features) == (protocol, features):
            found[job.corpus, job.model][job.seed].append(result)
    return [
        StudyFigure(
            entry.title,
            entry.x,
            _metric(entry, study),
            entry.caption,
            tuple(_Points(study, entry, found, out, ceilings).all()),
        )
        for entry in study.figures
    ]


def _metric(entry: FigureEntry, study: Study) -> str:
    return FIXED.get(entry.over) or entry.metric or study.metric


class _Points:
    """Makes the points of one figure."""

    def __init__(
        self,
        study: Study,
        entry: FigureEntry,
        found: Mapping[tuple[str, str], Seeds],
        out: Path,
        ceilings: Ceilings,
    ) -> None:
        self.entry, self.found, self.out, self.ceilings = entry, found, out, ceilings
        self.metric = _metric(entry, study)
        self.corpus = entry.corpus or next(iter(study.corpora))

    def all(self) -> Iterator[Point]:
        """The points, line after line."""
        if self.entry.over == "gates":
            yield from self._gates()
            return
        for line in self.entry.lines:
            named = self.entry.over in ("corpora", "models")
            places = self._chosen(line) if named else self._along(line)
            for place, (x, seeds) in places.items():
                yield from _point(line, place, x, seeds)

    def _chosen(self, line: str) -> Places:
        """The places that the study names, corpora or models."""
        numbers = self.entry.places if isinstance(self.entry.places, dict) else {}
        over = self.entry.over == "corpora"
        return {
            place: (numbers.get(place), self._scores((place, line) if over else (line, place)))
            for place in self.entry.names
        }

    def _scores(self, key: tuple[str, str]) -> dict[int, float]:
        """Seed → the metric of one corpus and model."""
        return self._each(key, lambda result: self._value(result))

    def _each(
        self, key: tuple[str, str], value: Callable[[Result], float | None]
    ) -> dict[int, float]:
        """Seed → mean over its folds of what has a value."""
        found = {}
        for seed, results in sorted(self.found.get(key, {}).items()):
            values = [one for result in results if (one := value(result)) is not None]
            if len(values) == len(results):
                found[seed] = float(np.mean(values))
        return found

    def _value(self, result: Result) -> float | None:
        if self.metric == "seconds":
            return result.seconds
        if self.metric == "parameters":
            return float(result.parameters)
        if self.metric == WAY:
            return way_of(result.scores, self.ceilings.get(result.job.corpus, ()))
        return result.scores.get(self.metric)

    def _along(self, model: str) -> Places:
        """Place → number and seeds, where the figure has places of its own."""
        key = self.corpus, model
        if self.entry.over == "epochs":
            return self._epochs(key)
        if self.entry.over == "classes":
            return self._named(key, "f1:")
        if self.entry.over == "lengths":
            return self._lengths(key)
        start = f"{DISTURBED}:{self.entry.over} "
        found = self._named(key, start)
        if self.entry.over == "without":
            return {UNDISTURBED: (None, self._scores(key)), **found}
        numbers = {place: (float(place), seeds) for place, (_, seeds) in found.items()}
        return {"0": (0.0, self._scores(key)), **numbers}

    def _named(self, key: tuple[str, str], start: str) -> Places:
        """The scores whose names begin so, by the rest of their names."""
        names = dict.fromkeys(
            name
            for results in self.found.get(key, {}).values()
            for result in results
            for name in result.scores
            if name.startswith(start)
        )
        return {
            name.removeprefix(start): (None, self._each(key, lambda r, n=name: r.scores.get(n)))  # type: ignore[misc]
            for name in names
        }

    def _gates(self) -> Iterator[Point]:
        """The tenths of the gates of every modality, model after model."""
        for model in self.entry.lines:
            for name, (_, seeds) in self._named((self.corpus, model), f"{INSIDE}:gate ").items():
                tenth, _, modality = name.partition(", ")
                if " to " in tenth:
                    middle = sum(float(end) for end in tenth.split(" to ")) / 2
                    yield from _point(f"{model}, {modality}", f"{middle:.2f}", middle, seeds)

    def _epochs(self, key: tuple[str, str]) -> Places:
        seeds = self.found.get(key, {})
        most = max((len(r.history) for own in seeds.values() for r in own), default=0)

        def of(result: Result, epoch: int) -> float | None:
            return result.history[epoch].get(self.metric) if epoch < len(result.history) else None

        return {
            str(epoch + 1): (float(epoch + 1), self._each(key, lambda r, e=epoch: of(r, e)))  # type: ignore[misc]
            for epoch in range(most)
        }

    def _lengths(self, key: tuple[str, str]) -> Places:
        """Quarters of the dialogues by length, each scored by itself."""
        found: dict[str, dict[int, float]] = {}
        for seed, results in sorted(self.found.get(key, {}).items()):
            answers = [read_answers(answers_file(self.out, r.job)) for r in results]
            dialogues = np.concatenate([np.array(a.dialogues) for a in answers])
            true = np.concatenate([a.true for a in answers])
            predicted = np.concatenate([a.predicted[0] for a in answers])
            names, counts = np.unique(dialogues, return_counts=True)
            # Dialogues of one length stay together.
            ends = np.unique(np.quantile(counts, np.arange(1, QUARTERS + 1) / QUARTERS).round())
            for low, high in zip(np.append(counts.min(), ends[:-1] + 1), ends, strict=True):
                own = (counts >= low) & (counts <= high)
                if not own.any():
                    continue
                inside = np.isin(dialogues, names[own])
                scores = task_scores(answers[0].task, true[inside], predicted[inside]).metrics()
                if self.metric in scores:
                    found.setdefault(f"{low:.0f} to {high:.0f}", {})[seed] = scores[self.metric]
        return {place: (None, seeds) for place, seeds in found.items()}


def _point(line: str, place: str, x: float | None, seeds: Mapping[int, float]) -> Iterator[Point]:
    """The point of a place, where a seed is finished."""
    if seeds:
        values = tuple(seeds.values())
        yield Point(line, place, x, *interval_over_seeds(values), values)
