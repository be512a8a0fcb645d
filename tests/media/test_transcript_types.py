from pathlib import Path

import pytest

from emospot.errors import TranscriptError
from emospot.media.transcript_types import Notices, checked_times, shared_time


@pytest.mark.parametrize(
    ("given", "expected", "notice"),
    [
        ((1.0, 2.0), (1.0, 2.0), None),
        ((1.0, 1.0), (1.0, 1.0), None),
        ((None, None), (None, None), None),
        ((1.0, None), (1.0, None), None),
        ((2.0, 1.0), (2.0, None), "ends before it starts"),
        ((-1.0, 1.0), (0.0, 1.0), "starts before second 0"),
        ((-2.0, -1.0), (0.0, None), "ends before it starts"),
        ((None, 1.0), (None, None), "an end without a start"),
    ],
)
def test_rules_for_times(given, expected, notice):
    notices = Notices(Path("talk.srt"))
    assert checked_times(*given, "line 7", notices) == expected
    sentences = notices.sentences()
    assert bool(sentences) == (notice is not None)
    if notice is not None:
        assert any(s.startswith("talk.srt, line 7: ") and notice in s for s in sentences)


@pytest.mark.parametrize("time", [float("nan"), float("inf"), float("-inf")])
def test_times_that_are_not_finite(time):
    with pytest.raises(TranscriptError, match=r"talk\.srt, line 7: .* is no time"):
        checked_times(0.0, time, "line 7", Notices(Path("talk.srt")))


def test_sharing_covers_the_whole_span():
    parts = shared_time(0.0, 0.3, [7, 0, 3])
    assert parts[0][0] == 0.0
    assert parts[-1][1] == 0.3
    assert [b for _, b in parts[:-1]] == [a for a, _ in parts[1:]]
    assert shared_time(None, None, [1, 2]) == [(None, None)] * 2
    assert shared_time(0.0, 1.0, [0, 0]) == [(0.0, 0.0), (0.0, 1.0)]
