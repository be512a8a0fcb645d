"""Where things lie in the figures of a diagnosis."""

import pytest

from emospot.evaluation.diagnosis.reliability import Reliability, ReliabilityBin
from emospot.evaluation.significance import Interval
from emospot.report.diagnosis_figures import (
    BARS_HEIGHT,
    BARS_WIDTH,
    SQUARE,
    Axis,
    histogram,
    reliability_points,
    strip,
)


def about(value: float, reach: float) -> Interval:
    return Interval(value, value - reach, value + reach, 0.95)


def test_an_axis_is_linear_and_keeps_what_lies_outside():
    axis = Axis(-1.0, 3.0, 10.0, 50.0)
    assert [axis.place(v) for v in (-1, 0, 1, 3)] == [10.0, 20.0, 30.0, 50.0]
    assert (axis.place(-9), axis.place(9)) == (10.0, 50.0)
    down = Axis(0.0, 1.0, 100.0, 0.0)
    assert down.place(0.25) == 75.0


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-0.31, 0.02), (0.0, 0.0007), (0, 4321.0)])
def test_ticks_are_round_few_and_at_their_places(low, high):
    axis = Axis(low, high, 0.0, 400.0)
    ticks = axis.ticks()
    assert 3 <= len(ticks) <= 7
    for tick in ticks:
        assert axis.place(float(tick.label.replace("−", "-"))) == pytest.approx(
            tick.place, abs=0.2
        )
    assert len({tick.label for tick in ticks}) == len(ticks)


def test_a_strip_puts_figures_on_one_axis():
    found = strip(
        [("a", about(0.2, 0.1), True), ("b", about(-0.1, 0.05), False)],
        reference=0.0,
        title="lost",
        percent=True,
        band=0.005,
    )
    a, b = found.rows
    assert found.line < a.low < a.dot < a.high
    assert b.low < b.dot < b.high < found.line
    assert (a.marked, b.marked) == (True, False)
    assert (a.text, b.text) == ("20.0 (10.0 to 30.0)", "−10.0 (−15.0 to −5.0)")
    assert found.band[0] < found.line < found.band[1]
    per_unit = (a.dot - b.dot) / 0.3
    assert found.band[1] - found.band[0] == pytest.approx(0.01 * per_unit, abs=0.3)
    assert [tick.label for tick in found.ticks] == ["−10", "0", "10", "20", "30"]


def test_a_strip_of_figures_alike_still_has_an_axis():
    found = strip([("a", about(0.0, 0.0), False)], reference=0.0, title="", percent=False)
    assert found.rows[0].dot == found.line
    assert found.band is None
    assert found.rows[0].text == "0.00 (0.00 to 0.00)"


def test_a_histogram_fills_its_drawing():
    bars = histogram([0, 5, 10, 5])
    assert [bar.height for bar in bars] == [0.0, BARS_HEIGHT / 2, BARS_HEIGHT, BARS_HEIGHT / 2]
    assert [bar.x for bar in bars] == [0.0, BARS_WIDTH / 4, BARS_WIDTH / 2, BARS_WIDTH * 3 / 4]
    assert bars[2].label == "0.50 to 0.75: 50.0 %"


def test_a_calibrated_point_lies_on_the_diagonal():
    found = Reliability(
        about(0.1, 0.0),
        0.0,
        0.0,
        about(0.0, 0.0),
        (
            ReliabilityBin(0.4, 0.6, 30, 0.5, about(0.5, 0.1)),
            ReliabilityBin(0.8, 1.0, 60, 0.9, about(0.6, 0.1)),
        ),
    )
    fair, sure = reliability_points(found)
    assert fair.x == pytest.approx(SQUARE - fair.y)
    assert sure.y > SQUARE - sure.x  # below the diagonal: y counts from the top
    assert sure.low > sure.y > sure.high
    assert sure.bar == 2 * fair.bar
    assert sure.left < sure.x < sure.right
    assert sure.label == "60 answers of confidence 0.90: 60 % right (50 to 70)"
