"""The page of gains: everything stands where its value says."""

import re

import pytest

from emospot.experiments.gains import LEFT, RIGHT, WIDTH, gains_page
from emospot.experiments.mechanisms import Gain, MechanismMatrix, MechanismTest
from emospot.experiments.study import load_study

GAINS = (
    Gain("hotspots", "bare", "plain", 0.0, -0.01, 0.01, (0.0, 0.005), False),
    Gain("hotspots", "bare", "sparse", 0.15, 0.12, 0.18, (0.14, 0.16), True),
    Gain("hotspots", "full", "sparse", 0.06, 0.05, 0.07, (0.06, 0.06), True),
)
TESTS = (
    MechanismTest("hotspots", "bare", "sparse", 0.15, 0.12, 0.18, 0.00001),
    MechanismTest("hotspots", "full", "sparse", 0.06, 0.05, 0.07, 0.0123),
)


def _page(gains: tuple[Gain, ...], tests: tuple[MechanismTest, ...] = TESTS) -> str:
    return gains_page(load_study("mechanisms"), MechanismMatrix(gains, tests))


def test_places_are_those_of_the_values() -> None:
    page = _page(GAINS)
    ticks = {
        name: float(x)
        for x, name in re.findall(r'class="tick" x="([\d.]+)"[^>]*>([^<]+)</text>', page)
    }
    assert ticks["0"] < ticks["+5"] < ticks["+15"]
    (x,) = re.findall(
        r"sparse, bare: \+15\.0 \[\+12\.0, \+18\.0\].*?<circle cx=\"([\d.]+)\"", page, re.S
    )
    assert float(x) == pytest.approx(ticks["+15"], abs=0.2)
    ends = [float(v) for v in re.findall(r'x[12]?="([\d.]+)"', page)]
    assert max(ends) <= WIDTH
    assert all(LEFT - 0.1 <= place <= WIDTH - RIGHT + 0.1 for place in ticks.values())


def test_what_is_for_a_world_is_told_and_shaded() -> None:
    page = _page(GAINS)
    assert page.count("<rect ") == 1
    assert '<text class="own"' in page
    assert "added to the bare model: +15.0 points more in sparse" in page
    assert "p &lt; 0.0001" in page
    assert "p 0.0123" in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize("wide", [0.0, 0.004, 30.0])
def test_an_axis_of_any_width(wide: float) -> None:
    one = Gain("graph", "bare", "plain", wide, wide, wide, (wide,), False)
    page = _page((one,), ())
    assert 1 <= page.count('class="tick"') <= 40
    assert "nan" not in page
