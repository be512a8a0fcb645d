"""The figures of a study besides the scores of its answers: what was asked in addition."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from emospot.experiments.job import DISTURBED, Result
from emospot.experiments.metric import INSIDE
from emospot.experiments.study import OPPONENT
from emospot.experiments.summary import Figure, Row, over_seeds


def further_figures(results: Sequence[Result]) -> Iterator[Figure]:
    """Scores on disturbed conversations and of the inside of the models, mean over folds."""
    rows: dict[Row, dict[int, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        job = result.job
        if job.protocol != OPPONENT:
            row = Row(job.corpus, job.protocol, job.features, job.model)
            rows[row][job.seed].append(result)
    for row, seeds in rows.items():
        for name in dict.fromkeys(n for own in seeds.values() for r in own for n in r.scores):
            if name.partition(":")[0] in (DISTURBED, INSIDE):
                values = [
                    float(np.mean([r.scores[name] for r in own]))
                    for own in seeds.values()
                    if all(name in r.scores for r in own)
                ]
                yield over_seeds(row, name, values)
