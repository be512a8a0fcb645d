import itertools
import re
import subprocess
import sys

import numpy as np
import pytest

from emospot.emotions import LABEL_SETS
from emospot.report.palette import (
    OTHER_COLOURS,
    OTHER_PATTERNS,
    emotion_styles,
    readable_ink,
    relative_luminance,
)

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def lab(colour: str, deficiency: str) -> np.ndarray:
    """CIE L*a*b* (D65) of a colour as it is seen with a colour deficiency."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = np.clip(DEFICIENCIES[deficiency] @ linear, 0, 1)
    ratio = (TO_XYZ @ seen) / (TO_XYZ @ np.ones(3))
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("name", LABEL_SETS)
def test_colours_of_a_label_set_stay_apart(name: str, deficiency: str) -> None:
    styles = emotion_styles(LABEL_SETS[name].labels)
    solid = [style for style in styles.values() if style.pattern == "solid"]
    assert len(solid) == len(LABEL_SETS[name])
    for one, other in itertools.combinations(solid, 2):
        distance = np.linalg.norm(lab(one.colour, deficiency) - lab(other.colour, deficiency))
        assert distance > 15, (one.label, other.label, distance)


@pytest.mark.parametrize("label_set", LABEL_SETS.values(), ids=LABEL_SETS)
def test_labels_are_readable_on_their_colour(label_set) -> None:
    for style in emotion_styles(label_set.labels).values():
        light, dark = sorted(
            (relative_luminance(style.colour), relative_luminance(style.ink)), reverse=True
        )
        assert (light + 0.05) / (dark + 0.05) >= 4.5, style


def test_luminance_and_ink_at_known_values() -> None:
    # WCAG: #767676 is the palest grey with 4.5:1 on white.
    assert 1.05 / (relative_luminance("#767676") + 0.05) == pytest.approx(4.54, abs=0.01)
    assert (readable_ink("#000000"), readable_ink("#ffffff")) == ("#ffffff", "#000000")


def test_unsure_is_hatched_and_comes_last() -> None:
    styles = emotion_styles(["unsure", "anger", "anger"])
    assert list(styles) == ["anger", "unsure"]
    assert styles["unsure"].pattern == "hatched"


def test_unknown_labels_differ_as_long_as_there_are_looks() -> None:
    many = [f"class {number}" for number in range(len(OTHER_COLOURS) * len(OTHER_PATTERNS))]
    looks = [(style.colour, style.pattern) for style in emotion_styles(many).values()]
    assert len(set(looks)) == len(looks)
    more = emotion_styles([*many, "one more"])
    assert more["one more"].colour in OTHER_COLOURS


def test_an_unknown_label_looks_the_same_in_another_process() -> None:
    code = (
        "from emospot.report.palette import emotion_styles as e;"
        "print(*[(s.colour, s.pattern) for s in e(['awe', 'contempt']).values()])"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    here = [(s.colour, s.pattern) for s in emotion_styles(["awe", "contempt"]).values()]
    assert runs == {" ".join(map(str, here)) + "\n"}


def test_class_names_are_safe_whatever_the_label() -> None:
    styles = emotion_styles(["anger", "}</style><script>", 'a"b'])
    assert all(re.fullmatch(r"e\d+", style.css_class) for style in styles.values())
    assert len({style.css_class for style in styles.values()}) == len(styles)
