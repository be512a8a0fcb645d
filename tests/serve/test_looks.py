"""The looks that the page shares with the report."""

import re

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


def test_the_page_asks_for_both_over_http(server):
    answer = server.ask("GET", "/palette?label=anger&label=s%C3%B8d")
    assert [look["label"] for look in answer.json["styles"]] == ["anger", "sød", "unsure"]
    refused = server.ask("GET", "/palette?label=" + "x" * (LONGEST_LABEL + 1))
    assert refused.status == 422
    assert "at most 100 letters" in refused.error
    style = server.ask("GET", "/static/report.css")
    assert style.headers["content-type"].startswith("text/css")
    assert style.body.decode() == report_style()
    for name in ("index.html", "app.css", "app.js", "microphone-worklet.js", "icon.svg"):
        assert server.ask("GET", f"/static/{name}").status == 200


def test_the_page_holds_no_script_and_no_style_of_its_own(server):
    page = server.ask("GET", "/").body.decode()
    assert 'src="/static/app.js"' in page
    assert not re.search(r"<style|<script>|\bon[a-z]+=|\bstyle=|https?://", page)
