"""When two hotspots are one moment: more than half of what either covers is common.

    IoU = |a ∩ b| / |a ∪ b| > 1/2

The stronger one gives the borders, the apex and the score; what fired is told of both.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from emospot.conversation import Hotspot

SAME = 0.5


def united(
    hotspots: Iterable[tuple[int, Hotspot]],
    may_be_one: Callable[[int, int], bool] = lambda a, b: True,
) -> list[Hotspot]:
    """Hotspots of one utterance, those of the same moment made one.

    Args:
        hotspots: with a number that says where each comes from.
        may_be_one: of two such numbers, whether their hotspots may be joined.

    Returns:
        The strongest first.

    >>> smile = Hotspot("face", 0.0, 2.0, 0.9, "smile")
    >>> stretch = Hotspot("face", 0.2, 1.8, 0.4, "lip stretch")
    >>> [one] = united([(0, stretch), (1, smile)])
    >>> one.start, one.score, one.fired_by
    (0.0, 0.9, 'smile, lip stretch')
    """
    kept: list[tuple[int, Hotspot]] = []
    for number, hotspot in sorted(hotspots, key=lambda pair: -pair[1].score):
        same = next(
            (
                place
                for place, (other, stronger) in enumerate(kept)
                if may_be_one(number, other) and overlap(hotspot, stronger) > SAME
            ),
            None,
        )
        if same is None:
            kept.append((number, hotspot))
            continue
        owner, stronger = kept[same]
        names = dict.fromkeys((*stronger.fired_by.split(", "), *hotspot.fired_by.split(", ")))
        kept[same] = (owner, replace(stronger, fired_by=", ".join(names)))
    return [hotspot for _, hotspot in kept]


def overlap(a: Hotspot, b: Hotspot) -> float:
    """Intersection over union; 0 where one has a place in the text and the other in time."""
    if (a.char_start is None) != (b.char_start is None) or None in (*place_of(a), *place_of(b)):
        return 0.0
    (a0, a1), (b0, b1) = place_of(a), place_of(b)
    inside = min(a1, b1) - max(a0, b0)
    return inside / (max(a1, b1) - min(a0, b0)) if inside > 0 else 0.0


def order_of(hotspot: Hotspot) -> tuple[float, int]:
    """What the hotspots of an utterance are sorted by: time, then place in the text."""
    return hotspot.start or 0.0, hotspot.char_start or 0


def place_of(hotspot: Hotspot) -> tuple[float, float]:
    """Characters where it has them, else seconds."""
    if hotspot.char_start is not None and hotspot.char_end is not None:
        return hotspot.char_start, hotspot.char_end
    return hotspot.start, hotspot.end  # type: ignore[return-value]
