"""The probabilities of all classes over time, one speaker's: a strip for each class.

In a strip every utterance is a bar whose height is the probability of that class. A
class is told by the place of its strip, which carries its name, so that the drawing
needs no colours; the most probable class of an utterance is drawn full, the others
pale. A sure answer is one tall bar, an unsure one several low bars above each other. Where
the model read nothing, there is none.

The bars of a strip are one SVG path in a box that is stretched to the timeline's width:
hours of talk cost two elements a class, not one an utterance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from emospot.analysis.types import UtteranceFinding
from emospot.emotions import UNSURE
from emospot.report.modalities import read_nothing

BOX_WIDTH = 100_000
"""Units of the box across; a two-hour recording is drawn to 72 ms."""
STRIP_HEIGHT = 18
NARROW_STRIP = 11
MANY_CLASSES = 9
"""From so many classes on, strips are narrower."""
SMALLEST_SHARE = 0.005


@dataclass(frozen=True, slots=True)
class Strip:
    """The probabilities of one class.

    Args:
        label: the class.
        y: top edge in pixels.
        height: pixels, of which the last is free.
        answered: bars of the utterances whose answer this class is, as an SVG path.
        others: bars of all other utterances.
    """

    label: str
    y: float
    height: float
    answered: str
    others: str


@dataclass(frozen=True, slots=True)
class ProbabilityLane:
    """The strips of one speaker, and behind them a column for each utterance."""

    width: int
    height: float
    columns: str
    strips: tuple[Strip, ...]


def probability_lane(
    utterances: Sequence[UtteranceFinding],
    places: Sequence[tuple[float, float]],
    rows: Sequence[int],
    classes: Sequence[str],
) -> ProbabilityLane:
    """The probabilities of a speaker's utterances.

    Args:
        utterances: of one speaker.
        places: left edge and width of each in percent of the timeline.
        rows: the row of each; strips are repeated for each row.
        classes: names, from top to bottom.
    """
    height = STRIP_HEIGHT if len(classes) < MANY_CLASSES else NARROW_STRIP
    boxes = [_box(*place) for place in places]
    columns, strips = [], []
    for row in range(max(rows, default=-1) + 1):
        mine = [item for item in zip(utterances, boxes, rows, strict=True) if item[2] == row]
        top = row * height * len(classes)
        below = top + height * len(classes)
        columns += [_bar(box, below, below - top) for _, box, _ in mine]
        for place, label in enumerate(classes):
            y = top + place * height
            bars: dict[bool, list[str]] = {True: [], False: []}
            for utterance, box, _ in mine:
                share = utterance.probabilities.get(label, 0.0)
                if share >= SMALLEST_SHARE and not read_nothing(utterance):
                    is_answer = utterance.emotion == label != UNSURE
                    bars[is_answer].append(_bar(box, y + height - 1, (height - 2) * share))
            strips.append(Strip(label, y, height, "".join(bars[True]), "".join(bars[False])))
    whole = (max(rows, default=-1) + 1) * height * len(classes)
    return ProbabilityLane(BOX_WIDTH, whole, "".join(columns), tuple(strips))


def _box(x: float, width: float) -> tuple[int, int]:
    left = round(x / 100 * BOX_WIDTH)
    return left, max(1, round((x + width) / 100 * BOX_WIDTH) - left)


def _bar(box: tuple[int, int], bottom: float, height: float) -> str:
    left, width = box
    return f"M{left} {bottom:g}v-{height:.1f}h{width}V{bottom:g}z"
