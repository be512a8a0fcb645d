"""How the answers of an exported model agree with those of the model itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from emospot.batch import Example
from emospot.evaluation.answers import predictions_from
from emospot.evaluation.task_scores import decided, task_scores
from emospot.model.predict import Prediction
from emospot.model.pretrained import PretrainedModel


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two answers to the same utterances.

    Args:
        conversations: how many.
        utterances: in all.
        logits: greatest difference of any.
        probabilities: greatest difference of any, 0 where there are none.
        same: share of utterances with the same decision; of a number None.
        metrics: metric → score of the model, then of the export, over the utterances
            whose answer is known; empty where there is none.
    """

    conversations: int
    utterances: int
    logits: float
    probabilities: float
    same: float | None
    metrics: dict[str, tuple[float, float]] = field(default_factory=dict)


def agreement(
    model: PretrainedModel,
    examples: Sequence[Example],
    wanted: Sequence[Prediction],
    found: Sequence[Prediction],
) -> Agreement:
    """Hold the answers of an export against those of the model.

    Args:
        model: that was exported.
        examples: conversations, one utterance in all at least.
        wanted: the model's answers.
        found: the export's.
    """
    main = model.card.main
    logits, other = (np.concatenate([a.logits for a in own]) for own in (wanted, found))
    chances = [np.concatenate([a.probabilities for a in own]) for own in (wanted, found)]
    decisions = [decided(main, own) for own in (logits, other)]
    return Agreement(
        conversations=len(examples),
        utterances=len(logits),
        logits=float(np.abs(logits - other).max()),
        probabilities=float(np.abs(chances[0] - chances[1]).max(initial=0.0)),
        same=None if main.kind == "number" else float((decisions[0] == decisions[1]).mean()),
        metrics=_metrics(model, examples, wanted, found),
    )


def _metrics(
    model: PretrainedModel,
    examples: Sequence[Example],
    wanted: Sequence[Prediction],
    found: Sequence[Prediction],
) -> dict[str, tuple[float, float]]:
    main = model.card.main
    scores = []
    for answers in (wanted, found):
        known = predictions_from(model, main, examples, answers)
        if known is None:
            return {}
        scores.append(task_scores(main, known.true, known.predicted[0]).metrics())
    return {name: (value, scores[1][name]) for name, value in scores[0].items()}
