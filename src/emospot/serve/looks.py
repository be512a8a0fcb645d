"""The looks that the page shares with the report: its style sheet, and the emotions' colours.

The page must not have a palette of its own: a class that is orange in a report is orange in a
live answer, too. Both come from the room `report`, and are told to the browser as they are.
"""

from collections.abc import Sequence
from functools import cache

from emospot.errors import UsageError
from emospot.report.pages import source
from emospot.report.palette import emotion_styles

MOST_LABELS = 200
LONGEST_LABEL = 100


@cache
def report_style() -> str:
    """The style sheet of the report, as CSS."""
    return source("page.css")


def palette(labels: Sequence[str]) -> list[dict[str, str]]:
    """How each emotion is drawn, in the order given, and "unsure" as the last.

    Args:
        labels: the classes of one model, at most `MOST_LABELS`: where two unknown ones
            would look alike, the second gives way, as in a report of that model.

    Returns:
        For each its `label`, `colour`, `ink` and `pattern`, as in `EmotionStyle`.

    Raises:
        UsageError: if there are more labels, or longer ones, than any model has.

    >>> [look["label"] for look in palette(["anger"])]
    ['anger', 'unsure']
    """
    if len(labels) > MOST_LABELS or any(len(label) > LONGEST_LABEL for label in labels):
        raise UsageError(
            f"found {len(labels):,} labels, expected at most {MOST_LABELS} of at most "
            f"{LONGEST_LABEL} letters: ask for the labels of one model"
        )
    return [
        {
            "label": style.label,
            "colour": style.colour,
            "ink": style.ink,
            "pattern": style.pattern,
        }
        for style in emotion_styles(labels).values()
    ]
