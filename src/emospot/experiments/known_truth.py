"""What a study of planted conversations shows besides: the best possible score, and the way there.

The exact posterior answers the same test conversations as the models and stands in the
table as rows of its own, with all knowledge and with less (`evaluation.planted_ceiling`).
Each model has the share of the *way* from chance, the most frequent emotion, to that
ceiling which its accuracy has gone:

    way = (accuracy − chance) / (ceiling − chance)
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from emospot.evaluation.answer_moments import HOTSPOT_F1
from emospot.evaluation.planted_ceiling import CHANCE, PlantedCeiling, planted_ceilings
from emospot.experiments.job import Result
from emospot.experiments.results_file import DIGITS
from emospot.experiments.stores import planted_entry
from emospot.experiments.study import OPPONENT, Study
from emospot.experiments.summary import Figure, Row, over_seeds

WAY = "way"
Ceilings = Mapping[str, Sequence[PlantedCeiling]]
"""Corpus → its ceilings, all knowledge first and chance last."""


def known_ceilings(
    study: Study, tell: Callable[[str, int, int], None] = lambda name, done, total: None
) -> dict[str, list[PlantedCeiling]]:
    """The ceilings of the planted corpora of a study, on their test conversations.

    Args:
        study: what was run.
        tell: told of the corpus and how many steps of how many are done.
    """
    found = {}
    for name, entry in study.corpora.items():
        if entry.planted:
            source = planted_entry(entry)
            if not source.counts.get("test"):
                continue
            found[name] = planted_ceilings(
                source.planted,
                list(source.drawn("test")),
                tell=lambda done, total, name=name: tell(name, done, total),  # type: ignore[misc]
            )
    return found


def truth_figures(study: Study, results: Sequence[Result], ceilings: Ceilings) -> Iterator[Figure]:
    """The rows of the posterior, and what is known of each model's hotspots and way.

    Args:
        study: what was run.
        results: the finished jobs.
        ceilings: of its planted corpora.
    """
    seeds: dict[Row, list[Mapping[str, float]]] = defaultdict(list)
    for result in results:
        job = result.job
        if job.protocol != OPPONENT and not job.fold:
            row = Row(job.corpus, job.protocol, job.features, job.model)
            seeds[row].append(result.scores)
    for row, scores in seeds.items():
        if all(HOTSPOT_F1 in one for one in scores):
            yield over_seeds(row, HOTSPOT_F1, [one[HOTSPOT_F1] for one in scores])
        if row.corpus in ceilings and not study.protocols[row.protocol].answers:
            ways = [way_of(one, ceilings[row.corpus]) for one in scores]
            if known := [way for way in ways if way is not None]:
                yield over_seeds(row, WAY, known)
    for table in dict.fromkeys(row.table for row in seeds):
        corpus, protocol, features = table
        if corpus in ceilings and not study.protocols[protocol].answers:
            for one in ceilings[corpus]:
                name = one.knowledge if one.knowledge == CHANCE else f"posterior, {one.knowledge}"
                yield from _posterior(Row(corpus, protocol, features, name), one)


def way_of(scores: Mapping[str, float], ceilings: Sequence[PlantedCeiling]) -> float | None:
    """The share of the way from chance to the ceiling; None where there is none to go."""
    if not ceilings or "accuracy" not in scores:
        return None
    best, chance = (ceilings[n].accuracy.value for n in (0, -1))
    return (scores["accuracy"] - chance) / (best - chance) if best > chance else None


def _posterior(row: Row, one: PlantedCeiling) -> Iterator[Figure]:
    intervals = {
        "weighted_f1": one.weighted_f1,
        "accuracy": one.accuracy,
        HOTSPOT_F1: one.hotspot_f1,
    }
    for metric, found in intervals.items():
        if found is not None:
            yield Figure(row, metric, found.value, 0.0, 0, (found.low, found.high))


def ceilings_dict(ceilings: Ceilings) -> dict[str, list[dict[str, Any]]]:
    """The ceilings as results.json holds them; figures as value, low, high."""
    return {name: [_plain(one) for one in own] for name, own in ceilings.items()}


def _plain(one: PlantedCeiling) -> dict[str, Any]:
    figures = {
        "accuracy": one.accuracy,
        "weighted_f1": one.weighted_f1,
        HOTSPOT_F1: one.hotspot_f1,
    }
    return {"knowledge": one.knowledge, "expected": round(one.expected, DIGITS)} | {
        name: [round(value, DIGITS) for value in (found.value, found.low, found.high)]
        for name, found in figures.items()
        if found is not None
    }
