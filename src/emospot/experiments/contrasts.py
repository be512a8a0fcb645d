"""Combinations of the models of a study, held against nothing over the seeds.

    contrasts:
      hotspots: {emospot: 1, no hotspots: -1}
      hotspots x aligners: {emospot: 1, no hotspots: -1, no aligners: -1, neither: 1}

The first is what a part gives; the second whether two parts give more together than each
by itself (above 0), or less. For every seed the models' scores are added up with their
weights; mean, interval and p are by Student's t over the seeds, and p is corrected for all
contrasts and corpora of the study (Holm), finished or not. So it says whether training anew
would show the same on these test conversations, and not whether others would. Where the
study asks about disturbed conversations, mean and interval are told of each disturbance too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from emospot.evaluation.significance import holm
from emospot.experiments.job import DISTURBED, Result
from emospot.experiments.results_file import short
from emospot.experiments.student import interval_over_seeds, p_over_seeds, points, shown_p
from emospot.experiments.study import Study


@dataclass(frozen=True, slots=True)
class Contrast:
    """One combination on one corpus.

    Args:
        name: of the combination.
        corpus: of the study.
        metric: which, or "disturbed:NAME".
        mean: over seeds.
        low: lower limit of the 95 % interval.
        high: upper limit.
        p: of no difference, corrected; None of disturbed conversations.
        seeds: how many.
    """

    name: str
    corpus: str
    metric: str
    mean: float
    low: float
    high: float
    p: float | None
    seeds: int

    def to_dict(self) -> dict[str, Any]:
        """As results.json holds it."""
        found: dict[str, Any] = short(asdict(self))
        return found


def contrasts_of(study: Study, results: Sequence[Result]) -> list[Contrast]:
    """The contrasts that a study names, where two seeds of all their models are finished."""
    scores: dict[tuple[str, str], dict[int, Mapping[str, float]]] = {}
    protocol, features = next(iter(study.protocols)), next(iter(study.features))
    for result in results:
        job = result.job
        if (job.protocol, job.features) == (protocol, features):
            scores.setdefault((job.corpus, job.model), {})[job.seed] = result.scores
    metrics = dict.fromkeys(
        [
            study.metric,
            *(n for own in scores.values() for s in own.values() for n in s if _disturbed(n)),
        ]
    )
    values = {
        (name, corpus, metric): found
        for metric in metrics
        for name, weights in study.contrasts.items()
        for corpus in study.corpora
        if len(found := list(_seeds(scores, corpus, weights, metric))) > 1
    }
    planned = [(name, corpus) for name in study.contrasts for corpus in study.corpora]
    corrected = holm(
        {"\n".join(one): p_over_seeds(values.get((*one, study.metric), [])) for one in planned}
    )
    return [
        Contrast(
            *key,
            *interval_over_seeds(own),
            corrected["\n".join(key[:2])] if key[2] == study.metric else None,
            len(own),
        )
        for key, own in values.items()
    ]


def _disturbed(metric: str) -> bool:
    return metric.startswith(f"{DISTURBED}:")


def _seeds(
    scores: Mapping[tuple[str, str], Mapping[int, Mapping[str, float]]],
    corpus: str,
    weights: Mapping[str, float],
    metric: str,
) -> Iterator[float]:
    """The value of each seed that all models have."""
    models = [scores.get((corpus, model), {}) for model in weights]
    for seed in sorted(set.intersection(*(set(own) for own in models))):
        own = [model[seed] for model in models]
        if all(metric in one for one in own):
            yield sum(w * one[metric] for w, one in zip(weights.values(), own, strict=True))


def contrasts_markdown(study: Study, contrasts: Sequence[Contrast]) -> str:
    """The contrasts as a table, "" without any."""
    if not contrasts:
        return ""
    lines = ["| contrast | corpus | on | points | p |", "| --- | --- | --- | --- | --- |"]
    for one in contrasts:
        on = one.metric.partition(":")[2] or "the test conversations"
        text = points(one.mean, one.low, one.high)
        p = "" if one.p is None else shown_p(one.p)
        lines.append(f"| {one.name} | {one.corpus} | {on} | {text} | {p} |")
    meant = "; ".join(
        f"{name}: {' '.join(f'{w:+g} {model}' for model, w in weights.items())}"
        for name, weights in study.contrasts.items()
    )
    return (
        "## Contrasts\n\nPoints, with the 95 % interval over the seeds of training (Student's t), "
        "on the same test conversations throughout; p corrected for all contrasts (Holm). "
        f"{meant}.\n\n" + "\n".join(lines)
    )
