from dataclasses import replace

import pytest

from emospot.analysis.types import Analysis
from emospot.report.summary import summarize


def test_shares_are_of_speaking_time(analysis: Analysis) -> None:
    summary = summarize(analysis)
    assert summary.unit == "speaking time"
    jonas = summary.speakers[1]
    # Jonas: neutral 1.8 s, unsure 2.2 s, excited 4.8 s + 3.8 s.
    assert (jonas.speaker, jonas.utterances) == ("Jonas", 4)
    assert jonas.seconds == pytest.approx(12.6)
    assert list(jonas.shares) == ["excited", "unsure", "neutral"]
    assert list(jonas.shares.values()) == pytest.approx([8.6 / 12.6, 2.2 / 12.6, 1.8 / 12.6])


def test_shares_of_everyone_are_the_weighted_shares_of_the_speakers(analysis: Analysis) -> None:
    summary = summarize(analysis)
    assert summary.everyone.utterances == 10
    for emotion, share in summary.everyone.shares.items():
        parts = sum(s.seconds * s.shares.get(emotion, 0) for s in summary.speakers)
        assert share == pytest.approx(parts / summary.everyone.seconds)
    assert sum(summary.everyone.shares.values()) == pytest.approx(1)


def test_without_times_utterances_are_counted(bare_text: Analysis) -> None:
    summary = summarize(bare_text)
    assert summary.unit == "utterances"
    assert summary.speakers[1].shares == {"excited": 0.5, "neutral": 0.25, "unsure": 0.25}
    assert summary.everyone.seconds is None


def test_one_missing_time_makes_it_counts(analysis: Analysis) -> None:
    first = replace(analysis.utterances[0], end=None)
    changed = replace(analysis, utterances=(first, *analysis.utterances[1:]))
    assert summarize(changed).unit == "utterances"


def test_a_speaker_who_speaks_no_time_still_counts(analysis: Analysis) -> None:
    point = replace(analysis.utterances[0], speaker="Third", start=5.0, end=4.0)
    third = summarize(replace(analysis, utterances=(*analysis.utterances, point))).speakers[2]
    assert (third.seconds, third.shares) == (0.0, {"frustration": 1.0})


def test_no_utterances(analysis: Analysis) -> None:
    summary = summarize(replace(analysis, utterances=()))
    assert (summary.everyone.shares, summary.speakers) == ({}, ())
