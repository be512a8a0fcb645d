"""The best that can be done with planted conversations, and what less knowledge is worth.

The ceiling of a drawn set is the accuracy there of what the exact posterior takes for
likeliest (`planted_posterior`), beside what the posterior itself expects: the mean of its
greatest probabilities, which is the accuracy in the long run. No answer is right more often;
the weighted F1 of the same answers stands beside it (of emotions of unequal frequency an
answer made for that score may have a little more). Below stand the same with less knowledge,
and chance: the most frequent emotion throughout.

Hotspots are answered for by one span of their length in every present modality, where most of
the posterior lies within what still overlaps with an IoU of one half; so precision, recall and
F1 are the share that is found. Longer spans would be hit more often.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.conversation.planted import PlantedDialogue, PlantedWorld
from emospot.emotions import Task
from emospot.evaluation.planted_posterior import KNOWLEDGE, Knowledge, PlantedPosterior, posterior
from emospot.evaluation.predictions import Predictions
from emospot.evaluation.ratios import ratio
from emospot.evaluation.significance import Interval, bootstrap_interval

CHANCE = "chance"
LEAST_IOU = 0.5


@dataclass(frozen=True, slots=True)
class PlantedCeiling:
    """How well it can be done with some knowledge.

    Args:
        knowledge: see `planted_posterior`, or "chance".
        accuracy: of the likeliest emotion, with its interval over conversations.
        weighted_f1: the same.
        expected: accuracy that the posterior expects.
        hotspot_f1: of spans of the hotspots' length at the likeliest places, at IoU ≥
            0.5; None where places are not known.
    """

    knowledge: str
    accuracy: Interval
    weighted_f1: Interval
    expected: float
    hotspot_f1: Interval | None = None


def planted_ceilings(
    world: PlantedWorld,
    dialogues: Sequence[PlantedDialogue],
    *,
    causal: bool = False,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[PlantedCeiling]:
    """The ceilings of a drawn set.

    Args:
        world: from which it was drawn.
        dialogues: the set.
        causal: up to each utterance alone.
        tell: told after every conversation of every kind of knowledge.

    Returns:
        With all knowledge first, then with less, chance last.
    """
    total = len(KNOWLEDGE) * len(dialogues)
    found = []
    for number, knowledge in enumerate(KNOWLEDGE):
        known = []
        for place, dialogue in enumerate(dialogues, 1):
            known.append(posterior(world, dialogue, knowledge, causal=causal))
            tell(number * len(dialogues) + place, total)
        found.append(_ceiling(world, dialogues, knowledge, known))
    chance = [
        PlantedPosterior(np.tile(world.prior, (len(d), 1)), np.zeros((*d.present.shape, 0)))
        for d in dialogues
    ]
    return [*found, _ceiling(world, dialogues, CHANCE, chance)]


def _ceiling(
    world: PlantedWorld,
    dialogues: Sequence[PlantedDialogue],
    knowledge: Knowledge | str,
    known: Sequence[PlantedPosterior],
) -> PlantedCeiling:
    felt = np.concatenate([one.emotions for one in known])
    answers = Predictions(
        Task("emotion", "single", world.labels),
        tuple(str(d.number) for d in dialogues for _ in range(len(d))),
        np.concatenate([d.emotions for d in dialogues]),
        felt.argmax(axis=1)[None],
    )
    placed = knowledge in ("all", "without context") and any(d.present.any() for d in dialogues)
    spots = None
    if placed:
        sums = [_found(world, d, one) for d, one in zip(dialogues, known, strict=True)]
        spots = ratio(np.array(sums))
    return PlantedCeiling(
        knowledge,
        bootstrap_interval(answers, "accuracy"),
        bootstrap_interval(answers, "weighted_f1"),
        float(felt.max(axis=1).mean()),
        spots,
    )


def _found(
    world: PlantedWorld, dialogue: PlantedDialogue, known: PlantedPosterior
) -> tuple[float, float]:
    """Hotspots of a conversation that are found, and all of them."""
    apart = np.abs(likely_starts(world, known) - dialogue.starts)
    hits = (apart <= farthest_apart(world.length)) & dialogue.present
    return float(hits.sum()), float(dialogue.present.sum())


def likely_starts(world: PlantedWorld, known: PlantedPosterior) -> NDArray[np.int64]:
    """Where each modality's hotspot most likely begins, near enough, shape (U, M)."""
    near = np.zeros_like(known.starts)
    reach = farthest_apart(world.length)
    for step in range(-reach, reach + 1):
        inside = slice(max(0, step), max(0, world.places + min(0, step)))
        moved = slice(max(0, -step), max(0, world.places + min(0, -step)))
        near[:, :, moved] += known.starts[:, :, inside]
    found: NDArray[np.int64] = near.argmax(axis=2)
    return found


def farthest_apart(length: int) -> int:
    """How many tokens two spans of a length may be apart with an IoU of one half.

    >>> farthest_apart(3), farthest_apart(2)
    (1, 0)
    """
    return int(length * (1 - LEAST_IOU) / (1 + LEAST_IOU) + 1e-9)
