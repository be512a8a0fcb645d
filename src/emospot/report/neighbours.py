"""Turns that the conversation graph read for an utterance, and whether any stands out.

The graph shares its attention out over the turns within its reach. Where no turn gets much
more than an even share, to name the "strongest" and to draw arcs to them would show a
choice that the graph did not make: then it is said that it looked about evenly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emospot.analysis.types import UtteranceFinding

MOST_NEIGHBOURS = 6
"""Turns that are told of those which the graph read; the weightiest."""
REACH = 21
"""Turns that the graph sees at once: ten before, the turn itself, ten after."""
STANDS_OUT = 1.5
"""Times the even share that the weightiest turn must reach."""


@dataclass(frozen=True, slots=True)
class NeighbourView:
    """An utterance that the graph read for another one; the share of its attention."""

    index: int
    finding: UtteranceFinding
    weight: float


def neighbour_views(
    finding: UtteranceFinding, utterances: Sequence[UtteranceFinding], places: Mapping[str, int]
) -> tuple[NeighbourView, ...]:
    """The utterances that the graph read for another one, the weightiest first.

    Args:
        finding: for which they were read.
        utterances: all of the analysis.
        places: id → index in `utterances`.
    """
    return tuple(
        NeighbourView(place, other, neighbour.weight)
        for neighbour in finding.neighbours[:MOST_NEIGHBOURS]
        if (place := places.get(neighbour.utterance)) is not None
        and (other := utterances[place]) is not finding
    )


def about_even(weights: Sequence[float], utterances: int) -> bool:
    """Whether no weight stands out from an even share; not where there is no weight.

    Args:
        weights: shares of the graph's attention in [0, 1].
        utterances: of the conversation.

    >>> about_even([0.06, 0.05], 40), about_even([0.3, 0.05], 40), about_even([], 40)
    (True, False, False)
    """
    if not weights:
        return False
    return max(weights) < STANDS_OUT / min(REACH, utterances)
