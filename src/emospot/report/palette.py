"""Colours and patterns of emotions.

The colours of the usual classes stay apart for readers with protanopia,
deuteranopia and tritanopia (a test simulates them), but colour is never the
only sign: every block carries its label, "unsure" is hatched, and classes that
are not known here get a striped or dotted colour that depends on their name
only, so that a class looks the same in every report of its label set.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from emospot.emotions import UNSURE

COLOURS: Mapping[str, str] = {
    "anger": "#d55e00",
    "calm": "#a8f0a8",
    "disgust": "#1b8048",
    "excited": "#f0a202",
    "excitement": "#f0a202",
    "fear": "#5f3399",
    "frustration": "#b8559a",
    "happiness": "#f5e663",
    "joy": "#f5e663",
    "neutral": "#b9c0c7",
    "powerful": "#a87860",
    "sadness": "#1b74cc",
    "surprise": "#5ec4ee",
}
"""Colour of each usual class, as #rrggbb."""

SYNONYMS: Mapping[str, str] = {
    "angry": "anger",
    "fearful": "fear",
    "happy": "happiness",
    "joyful": "joy",
    "mad": "anger",
    "negative": "anger",
    "peaceful": "calm",
    "positive": "happiness",
    "sad": "sadness",
    "scared": "fear",
    "surprised": "surprise",
}
"""Other names of the same classes."""

UNSURE_COLOUR = "#8a9099"
OTHER_COLOURS = (
    "#44aa99",
    "#882255",
    "#ddcc77",
    "#332288",
    "#88ccee",
    "#cc6677",
    "#999933",
    "#aa4499",
)
OTHER_PATTERNS = ("striped", "dotted")
BLACK, WHITE = "#000000", "#ffffff"


@dataclass(frozen=True, slots=True)
class EmotionStyle:
    """How one emotion is drawn.

    Args:
        label: the emotion's name.
        colour: #rrggbb.
        ink: black or white, whichever reads better on `colour`.
        pattern: "solid", "hatched" (unsure), "striped" or "dotted".
        css_class: class name that is safe whatever the label holds.
    """

    label: str
    colour: str
    ink: str
    pattern: str
    css_class: str


def relative_luminance(colour: str) -> float:
    """Luminance of #rrggbb in [0, 1] as WCAG 2 defines it.

    >>> relative_luminance("#ffffff")
    1.0
    """
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def readable_ink(colour: str) -> str:
    """Black or white, whichever has the greater contrast on `colour`.

    >>> readable_ink("#f5e663"), readable_ink("#1b74cc")
    ('#000000', '#ffffff')
    """
    luminance = relative_luminance(colour)
    # Contrast is (L1 + 0.05) / (L2 + 0.05): equal for both at 0.179.
    return BLACK if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else WHITE


def emotion_styles(labels: Iterable[str]) -> dict[str, EmotionStyle]:
    """The style of each label, in the order given, and of "unsure" as the last.

    Args:
        labels: the classes; repetitions and "unsure" itself are ignored. A
            class that is not in `COLOURS` gets a colour and pattern from its
            name; of two that would share both, the later one moves on to the
            next free colour, as long as there is one.

    >>> emotion_styles(["anger", "awe"])["anger"].colour
    '#d55e00'
    >>> list(emotion_styles(["anger", "awe"]))
    ['anger', 'awe', 'unsure']
    """
    styles: dict[str, EmotionStyle] = {}
    taken: set[tuple[str, str]] = set()
    for label in dict.fromkeys(labels):
        if label == UNSURE:
            continue
        name = label.casefold()
        known = COLOURS.get(SYNONYMS.get(name, name))
        colour, pattern = (known, "solid") if known else _other_look(label, taken)
        taken.add((colour, pattern))
        styles[label] = _style(label, colour, pattern, len(styles))
    styles[UNSURE] = _style(UNSURE, UNSURE_COLOUR, "hatched", len(styles))
    return styles


def _style(label: str, colour: str, pattern: str, index: int) -> EmotionStyle:
    return EmotionStyle(label, colour, readable_ink(colour), pattern, f"e{index}")


def _other_look(label: str, taken: set[tuple[str, str]]) -> tuple[str, str]:
    # Python's own hash differs from run to run.
    start = int.from_bytes(hashlib.sha256(label.encode("utf-8", "replace")).digest()[:4], "big")
    looks = [(colour, pattern) for pattern in OTHER_PATTERNS for colour in OTHER_COLOURS]
    turned = [looks[(start + step) % len(looks)] for step in range(len(looks))]
    return next((look for look in turned if look not in taken), turned[0])
