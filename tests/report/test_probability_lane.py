import re
from dataclasses import replace

import pytest

from emospot.analysis.types import Analysis
from emospot.emotions import UNSURE
from emospot.report.probability_lane import BOX_WIDTH, probability_lane

BAR = re.compile(r"M(\d+) ([\d.]+)v-([\d.]+)h(\d+)V([\d.]+)z")


def bars(path: str) -> list[tuple[float, ...]]:
    """Left, bottom, height, width of each bar, from the path as a browser reads it."""
    found = [tuple(map(float, match)) for match in BAR.findall(path)]
    assert "".join(match.group(0) for match in BAR.finditer(path)) == path
    assert all(bar[1] == bar[4] for bar in found)
    return [bar[:4] for bar in found]


def lane_of(analysis: Analysis, rows=None):
    count = len(analysis.utterances)
    places = [(100 * i / count, 80 / count) for i in range(count)]
    classes = analysis.model.labels
    return probability_lane(analysis.utterances, places, rows or [0] * count, classes), places


def test_bars_are_as_tall_as_the_probabilities(analysis: Analysis) -> None:
    lane, places = lane_of(analysis)
    assert [strip.label for strip in lane.strips] == [*analysis.model.labels]
    for strip in lane.strips:
        found = sorted(bars(strip.answered) + bars(strip.others))
        assert len(found) == len(analysis.utterances)
        for (left, bottom, height, width), (x, w), utterance in zip(
            found, places, analysis.utterances, strict=True
        ):
            assert left / BOX_WIDTH == pytest.approx(x / 100, abs=1e-5)
            assert width / BOX_WIDTH == pytest.approx(w / 100, abs=2e-5)
            share = utterance.probabilities[strip.label]
            assert height / (strip.height - 2) == pytest.approx(share, abs=0.005)
            assert strip.y <= bottom - height <= bottom < strip.y + strip.height


def test_only_the_answer_is_drawn_full(analysis: Analysis) -> None:
    lane, _ = lane_of(analysis)
    full = sum(len(bars(strip.answered)) for strip in lane.strips)
    assert full == sum(u.emotion != UNSURE for u in analysis.utterances)


def test_every_utterance_has_a_column(analysis: Analysis) -> None:
    lane, _ = lane_of(analysis)
    assert len(bars(lane.columns)) == len(analysis.utterances)
    assert all(height == lane.height for _, _, height, _ in bars(lane.columns))


def test_rows_lie_below_each_other(analysis: Analysis) -> None:
    lane, _ = lane_of(analysis, [i % 2 for i in range(len(analysis.utterances))])
    tops = [strip.y for strip in lane.strips]
    assert tops == sorted(tops)
    assert len(tops) == 2 * len(analysis.model.labels)
    assert tops[-1] + lane.strips[-1].height == lane.height


def test_many_classes_are_drawn_narrower(analysis: Analysis) -> None:
    utterance = replace(analysis.utterances[0], probabilities={})
    few = probability_lane([utterance], [(0, 10)], [0], ["a", "b"])
    many = probability_lane([utterance], [(0, 10)], [0], [f"c{i}" for i in range(20)])
    assert many.strips[0].height < few.strips[0].height
    assert few.strips[0].answered == few.strips[0].others == ""


def test_no_time_at_all_is_still_a_bar(analysis: Analysis) -> None:
    lane = probability_lane(analysis.utterances[:1], [(50, 0)], [0], analysis.model.labels)
    assert all(width == 1 for *_, width in bars(lane.columns))
    assert probability_lane([], [], [], ["a"]).height == 0
