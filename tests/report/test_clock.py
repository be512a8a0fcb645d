from datetime import timedelta

import pytest

from emospot.report.clock import clock, hundredths, number, percent


@pytest.mark.parametrize("seconds", [0, 0.04, 9.96, 59.94, 59.96, 61.25, 3599.99, 3600, 86399.9])
def test_clock_reads_back_to_the_nearest_tenth(seconds: float) -> None:
    parts = [float(part) for part in clock(seconds).split(":")]
    hours, minutes, rest = [0.0] * (3 - len(parts)) + parts
    assert rest < 60
    assert minutes < 60
    read = timedelta(hours=hours, minutes=minutes, seconds=rest).total_seconds()
    assert read == pytest.approx(seconds, abs=0.0501)


def test_clock_keeps_a_negative_time() -> None:
    assert clock(-62.5) == "-1:02.5"
    assert clock(-0.01) == "0:00.0"


@pytest.mark.parametrize("share", [1e-9, 0.004, 0.9951, 1 - 1e-9])
def test_percent_claims_no_certainty(share: float) -> None:
    assert percent(share) not in ("0%", "100%")


def test_percent_of_certainties() -> None:
    assert (percent(0.0), percent(1.0), percent(0.5)) == ("0%", "100%", "50%")


@pytest.mark.parametrize(
    ("value", "digits"), [(50, 0), (0, 2), (100.0, 4), (-0.001, 2), (12.3456, 3)]
)
def test_number_reads_back(value: float, digits: int) -> None:
    text = number(value, digits)
    assert float(text) == pytest.approx(value, abs=0.5 * 10**-digits)
    assert not text.startswith("-0")


def test_hundredths_have_one_width() -> None:
    assert [hundredths(score) for score in (0, 0.5, 1)] == ["0.00", "0.50", "1.00"]
