"""Scores of spotted spans equal hand-computed ones and those of an independent program."""

from dataclasses import asdict, replace
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import pointbiserialr
from sklearn.metrics import average_precision_score

from emospot.errors import ShapeError, UsageError
from emospot.evaluation.spotting import (
    Span,
    SpottedRecording,
    iou,
    mark_correlation,
    matches,
    ranking_within,
    spotting_scores,
)


def _value(scores: dict, name: str) -> float:
    return scores[name].value


def test_by_hand() -> None:
    recording = SpottedRecording(
        found=(
            Span(0.0, 2.0, 0.9),  # IoU 1/2 with the first
            Span(5.0, 6.2, 0.8, apex=6.1),  # IoU 1/1.2 with the second
            Span(5.0, 6.0, 0.7),  # better, but the second is taken
            Span(20.0, 21.0, 0.1),
        ),
        marked=(Span(0.0, 1.0), Span(5.0, 6.0), Span(9.0, 10.0)),
    )
    scores = spotting_scores([recording, SpottedRecording((), ())])
    assert _value(scores, "precision") == pytest.approx(2 / 4)
    assert _value(scores, "recall") == pytest.approx(2 / 3)
    assert _value(scores, "f1") == pytest.approx(4 / 7)
    assert _value(scores, "average_precision") == pytest.approx((1 + 1) / 3)
    # The first is hit at its very end by the middle of a found span, the second by the
    # middle of the third found span; the apex of its own lies outside.
    assert _value(scores, "apex_hit_rate") == pytest.approx(2 / 3)
    assert _value(scores, "onset_error") == 0.0
    assert _value(scores, "offset_error") == pytest.approx((1.0 + 0.2) / 2)


def test_a_marked_span_is_taken_once_and_by_the_best_score() -> None:
    recording = SpottedRecording((Span(0, 4, 0.2), Span(0, 4, 0.9)), (Span(0, 4), Span(1, 5)))
    assert matches(recording) == [1, 0]
    assert matches(recording, least=0.7) == [None, 0]


def _reference_precision(recordings: list[SpottedRecording]) -> float:
    """Average precision by scikit-learn, missed spans put last as never found."""
    right, scores, missed = [], [], 0
    for recording in recordings:
        taken = matches(recording)
        right += [j is not None for j in taken]
        scores += [span.score for span in recording.found]
        missed += len(recording.marked) - sum(j is not None for j in taken)
    share = sum(right) / (sum(right) + missed)
    return average_precision_score(right, scores) * share


def _best_matching(recording: SpottedRecording) -> int:
    """The most right spans of any assignment."""
    slots = [*range(len(recording.marked)), *[None] * len(recording.found)]
    return max(
        sum(
            j is not None and iou(span, recording.marked[j]) >= 0.5
            for span, j in zip(recording.found, order, strict=False)
        )
        for order in permutations(slots, len(recording.found))
    )


def _random(seed: int) -> list[SpottedRecording]:
    random = np.random.default_rng(seed)
    recordings = []
    for _ in range(6):
        # Marked spans that do not overlap, found ones near them or anywhere.
        marked = [Span(10.0 * k, 10.0 * k + float(random.uniform(1, 6))) for k in range(3)]
        found = []
        for _ in range(4):
            near = marked[int(random.integers(3))]
            start = near.start + float(random.normal(0, 1))
            end = start + float(random.uniform(1, 6))
            found.append(Span(start, end, float(random.integers(0, 5)) / 5))
        recordings.append(SpottedRecording(tuple(found), tuple(marked)))
    return recordings


@pytest.mark.parametrize("seed", range(5))
def test_against_scikit_learn_and_all_assignments(seed: int) -> None:
    recordings = _random(seed)
    scores = spotting_scores(recordings, draws=50)
    assert _value(scores, "average_precision") == pytest.approx(_reference_precision(recordings))
    best = sum(_best_matching(recording) for recording in recordings)
    right = _value(scores, "precision") * sum(len(r.found) for r in recordings)
    # Above one half, no two marked spans can claim a found one, so greedy is optimal.
    assert right == pytest.approx(best)
    for interval in scores.values():
        assert interval.low <= interval.value <= interval.high or np.isnan(interval.value)


@pytest.mark.parametrize("least", [0.2, 0.5])
def test_matching_asks_about_all_marks_that_it_must(least: float) -> None:
    """The plain rule, every found span against every mark, which overlap and touch at will."""
    random = np.random.default_rng(7)
    for _ in range(100):
        both = []
        for count in random.integers(0, 25, 2):
            starts = random.integers(0, 40, count)
            both.append(
                tuple(
                    Span(float(a), float(a + random.integers(1, 12)), float(random.integers(3)))
                    for a in starts
                )
            )
        recording = SpottedRecording(*both)
        free = list(range(len(recording.marked)))
        expected: list[int | None] = [None] * len(recording.found)
        for i in sorted(range(len(recording.found)), key=lambda i: -recording.found[i].score):
            overlap = [iou(recording.found[i], recording.marked[j]) for j in free]
            if overlap and max(overlap) >= least:
                expected[i] = free.pop(int(np.argmax(overlap)))
        assert matches(recording, least) == expected
        if recording.marked:
            hits = _value(spotting_scores([recording], draws=1), "apex_hit_rate")
            assert hits == np.mean(
                [
                    any(m.start <= f.peak <= m.end for f in recording.found)
                    for m in recording.marked
                ]
            )


def test_intervals_are_over_recordings() -> None:
    good = SpottedRecording((Span(0, 1),), (Span(0, 1),))
    bad = SpottedRecording((Span(5, 6),), (Span(0, 1),))
    scores = spotting_scores([good] * 10 + [bad] * 10)
    # Twenty coins: 95 % of the draws lie within 0.5 ± 0.22.
    assert scores["recall"].low == pytest.approx(0.3, abs=0.06)
    assert scores["recall"].high == pytest.approx(0.7, abs=0.06)
    certain = spotting_scores([good] * 20)
    assert (certain["f1"].low, certain["f1"].high) == (1.0, 1.0)
    assert spotting_scores([good] * 10 + [bad] * 10) == scores


def test_nothing_found_and_nothing_marked() -> None:
    scores = spotting_scores([SpottedRecording((), (Span(0, 1),))], draws=5)
    assert [_value(scores, n) for n in ("precision", "recall", "f1", "average_precision")] == [
        0
    ] * 4
    assert np.isnan(_value(scores, "onset_error"))
    with pytest.raises(UsageError, match="no span is marked"):
        spotting_scores([SpottedRecording((Span(0, 1),), ())])
    for start, end in ((1.0, 1.0), (2.0, 1.0), (np.nan, 1.0)):
        with pytest.raises(UsageError, match="must end after it starts"):
            Span(start, end)


def test_correlation_equals_scipys() -> None:
    random = np.random.default_rng(0)
    scores = [random.normal(size=n) for n in (5, 9, 30)]
    marked = [s + random.normal(size=len(s)) > 0.3 for s in scores]
    found = mark_correlation(scores, marked)
    expected = pointbiserialr(np.concatenate(marked), np.concatenate(scores)).statistic
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high
    with pytest.raises(ShapeError):
        mark_correlation([np.zeros(3)], [np.zeros(4, bool)])


def test_ranking_within_utterances() -> None:
    scores = [[np.array([0.1, 0.9, 0.5]), np.array([1.0])], [np.array([0.2, 0.4])]]
    marked = [
        [np.array([False, True, False]), np.array([True])],
        [np.array([True, False])],
    ]
    found = ranking_within(scores, marked)
    assert found["auc"].value == pytest.approx((1 + 0) / 2)
    assert found["average_precision"].value == pytest.approx((1 + 0.5) / 2)
    with pytest.raises(UsageError, match="both marked tokens and others"):
        ranking_within([[np.zeros(2)]], [[np.zeros(2, bool)]])


def test_recordings_of_a_group_are_drawn_together():
    """Two recordings of each speaker are as one of both, far apart."""
    random = np.random.default_rng(5)
    recordings = [
        SpottedRecording(
            tuple(Span(s, s + 2, float(random.random())) for s in random.uniform(0, 90, 4)),
            tuple(Span(s, s + 2) for s in (10, 40, 70)),
        )
        for _ in range(12)
    ]

    def moved(spans):
        return tuple(replace(span, start=span.start + 1000, end=span.end + 1000) for span in spans)

    both = [
        SpottedRecording(a.found + moved(b.found), a.marked + moved(b.marked))
        for a, b in zip(recordings[::2], recordings[1::2], strict=True)
    ]
    grouped = spotting_scores(recordings, groups=[str(n // 2) for n in range(12)])
    whole = spotting_scores(both)
    for metric, figure in grouped.items():
        assert asdict(figure) == pytest.approx(asdict(whole[metric])), metric
    scores = [random.random(9) for _ in range(12)]
    marked = [random.random(9) < 0.4 for _ in range(12)]
    apart = mark_correlation(scores, marked, groups=[str(n // 2) for n in range(12)])
    joined = [np.concatenate(scores[n : n + 2]) for n in range(0, 12, 2)]
    marks = [np.concatenate(marked[n : n + 2]) for n in range(0, 12, 2)]
    assert asdict(apart) == pytest.approx(asdict(mark_correlation(joined, marks)))
