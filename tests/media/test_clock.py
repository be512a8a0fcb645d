import pytest

from emospot.media.clock import parse_clock


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("01:02:03,450", 3723.45),
        ("1:2:3.45", 3723.45),
        ("02:03", 123.0),
        ("100:00:00.000", 360000.0),
        ("00:00:01:500", 1.5),
        (" 12,5 ", 12.5),
        ("-3", -3.0),
        ("1e3", 1000.0),
    ],
)
def test_times(text, seconds):
    assert parse_clock(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "1:2:3:4:5", "12:", ":30", "00:0x:04"])
def test_no_times(text):
    assert parse_clock(text) is None
