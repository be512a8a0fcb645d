"""What the graph and each modality contribute: the score without what they say.

The drop is the score as it is less the score with the part replaced (`interventions`);
shuffles are drawn several times and their scores averaged. Interval and p are those of
two models on the same dialogues (`evaluation.significance`). Of the mean absolute error,
where less is better, the drop is how much greater it gets: a positive drop always means
that the part helps.

Beside the score stands how many answers change at all: a part that is never read changes
none.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from emospot.batch import Example
from emospot.emotions import Task
from emospot.evaluation.answers import predictions_of
from emospot.evaluation.diagnosis.interventions import (
    GraphOutputs,
    averaged,
    graph_replaced,
    shuffled,
)
from emospot.evaluation.dialogue_totals import dialogue_totals, metric_of_totals
from emospot.evaluation.predictions import Predictions, joined
from emospot.evaluation.significance import Interval, compare
from emospot.model.pretrained import PretrainedModel
from emospot.model.withheld import without_modality

GRAPH = "graph"
How = Literal["shuffled", "mean", "absent"]
SAME_NUMBER = 0.01
"""Numbers closer than this, in the target's deviations, are the same answer."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a part's replacement costs.

    Args:
        how: "shuffled", "mean" or "absent".
        score: with the part replaced, averaged over the draws.
        drop: how much worse that is than the score as it is, with its interval.
        p: of no difference, two-sided, not corrected.
        changed: share of the answers that change, averaged over the draws.
        draws: how many shuffles; 1 for the others.
    """

    how: How
    score: float
    drop: Interval
    p: float
    changed: float
    draws: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one part contributes.

    Args:
        part: "graph", or a modality.
        utterances: in how many of the split it is there; of the graph: all.
        replaced: "shuffled" and "mean", of a modality "absent", too.
    """

    part: str
    utterances: int
    replaced: tuple[Replaced, ...]

    def by(self, how: How) -> Replaced:
        """What one way of replacing costs."""
        return next(own for own in self.replaced if own.how == how)


def main_metric(task: Task) -> str:
    """The metric that a task's drops are measured in.

    >>> main_metric(Task("valence", "number", ("valence",)))
    'mae'
    """
    return "mae" if task.kind == "number" else "weighted_f1"


class Contributions:
    """Asks the model again with its parts replaced.

    Args:
        model: that is asked.
        examples: all conversations of the split.
        base: the model's answers to them as they are.
        draws: shuffles a part.
        seed: of the shuffles; each part has its own, so that none depends on the others.
        tell: called after each pass over the conversations.
    """

    def __init__(
        self,
        model: PretrainedModel,
        examples: Sequence[Example],
        base: Predictions,
        *,
        draws: int,
        seed: int,
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        self.model = model
        self.examples = examples
        self.base = base
        self.draws = draws
        self.seed = seed
        self.tell = tell

    def of_graph(self, graph: nn.Module, outputs: GraphOutputs) -> Contribution:
        """What the graph contributes.

        Args:
            graph: of the model.
            outputs: what it says, collected over the same conversations.
        """

        def asked(values: Tensor) -> Predictions:
            with graph_replaced(self.model.recognizer, graph, outputs, values):
                return self._asked(self.examples)

        dealt = [asked(outputs.shuffled(random)) for random in self._random(GRAPH)]
        found = (
            self._replaced("shuffled", dealt),
            self._replaced("mean", [asked(outputs.averaged())]),
        )
        return Contribution(GRAPH, len(outputs.values), found)

    def of_modality(self, modality: str) -> Contribution:
        """What a modality contributes."""
        examples = self.examples
        bare = [without_modality(example, modality) for example in examples]
        there = sum(t is not None for e in examples for t in e.tokens.get(modality, ()))
        dealt = [
            self._asked(shuffled(examples, modality, random)) for random in self._random(modality)
        ]
        found = (
            self._replaced("shuffled", dealt),
            self._replaced("mean", [self._asked(averaged(examples, modality))]),
            self._replaced("absent", [self._asked(bare)]),
        )
        return Contribution(modality, there, found)

    def _random(self, part: str) -> Iterator[np.random.Generator]:
        for draw in range(self.draws):
            yield np.random.default_rng([self.seed, draw, *part.encode()])

    def _asked(self, examples: Sequence[Example]) -> Predictions:
        found = predictions_of(self.model, examples)
        self.tell()
        return found

    def _replaced(self, how: How, answers: Sequence[Predictions]) -> Replaced:
        other = joined(answers)
        metric = main_metric(self.base.task)
        found = compare(self.base, other, metric)
        sign = -1.0 if metric == "mae" else 1.0
        limits = sorted((sign * found.low, sign * found.high))
        drop = Interval(sign * found.difference, limits[0], limits[1], 0.95)
        changed = float(differing(self.base, other).mean())
        return Replaced(how, score_of(other), drop, found.p, changed, len(answers))


def score_of(predictions: Predictions) -> float:
    """The main metric of predictions, averaged over their seeds."""
    totals = dialogue_totals(predictions).sum(axis=1)
    task = predictions.task
    return float(metric_of_totals(task, main_metric(task), totals).mean())


def differing(base: Predictions, other: Predictions) -> NDArray[np.bool_]:
    """Which answers of `other` differ from those of the one seed of `base`, shape (S, N)."""
    task, ours, theirs = base.task, base.predicted, other.predicted
    if task.kind == "number":
        far = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
        return np.asarray(far > SAME_NUMBER * task.scale)
    differs = ours != theirs
    return np.asarray(differs.any(axis=-1) if task.kind == "several" else differs)
