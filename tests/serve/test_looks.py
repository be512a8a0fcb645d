"""The looks that the page shares with the report."""

import pytest

from emospot.errors import UsageError
from emospot.report.palette import COLOURS, emotion_styles
from emospot.serve.looks import LONGEST_LABEL, MOST_LABELS, palette, report_style


def test_a_model_is_drawn_as_in_its_report():
    labels = ["anger", "awe", "boredom", "pride", 'say "hi"</style>']
    expected = emotion_styles(labels)
    found = {look["label"]: (look["colour"], look["pattern"]) for look in palette(labels)}
    assert found == {name: (style.colour, style.pattern) for name, style in expected.items()}
    assert found["anger"] == (COLOURS["anger"], "solid")
    assert len(set(found.values())) == len(found)


def test_without_labels_there_is_unsure():
    assert [(look["label"], look["pattern"]) for look in palette([])] == [("unsure", "hatched")]


def test_more_than_any_model_has_is_refused():
    palette(["x" * LONGEST_LABEL] * MOST_LABELS)
    with pytest.raises(UsageError, match="found 201 labels"):
        palette(["x"] * (MOST_LABELS + 1))
    with pytest.raises(UsageError, match="at most 100 letters"):
        palette(["x" * (LONGEST_LABEL + 1)])


def test_the_style_of_the_report_has_the_names_that_the_page_uses():
    style = report_style()
    for name in ("paper", "panel", "ink", "soft", "line", "accent", "accent-rgb", "hatched"):
        assert f"--{name}:" in style
    for part in (".swatch", ".hidden-text", ".skip", ".title-row", ".card"):
        assert f"\n{part}" in style
