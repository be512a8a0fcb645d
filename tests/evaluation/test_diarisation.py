import math
import random

import pytest

from emospot.errors import UsageError
from emospot.evaluation.diarisation import DiarisationErrors, diarisation_errors

TRUE = [(0.0, 4.0, "Ann"), (5.0, 8.0, "Ben"), (8.0, 10.0, "Ann")]


def test_the_same_turns_under_other_names_are_right():
    renamed = [(a, b, {"Ann": "x", "Ben": "y"}[name]) for a, b, name in TRUE]
    for collar in (0.0, 0.25):
        errors = diarisation_errors(TRUE, renamed, collar=collar)
        assert errors.rate == pytest.approx(0.0, abs=1e-12)
    assert diarisation_errors(TRUE, renamed).speech == pytest.approx(9.0)
    # Four turns' ends of a quarter on the inner side each; at 8 s both sides are speech.
    assert diarisation_errors(TRUE, renamed, collar=0.25).speech == pytest.approx(9.0 - 6 * 0.25)


def test_each_kind_of_error_by_hand():
    found = [(0.0, 3.0, "1"), (4.0, 6.0, "2"), (6.0, 10.0, "1")]
    errors = diarisation_errors(TRUE, found)
    # 1 is Ann (3 + 2 s), 2 is Ben (1 s): 3 to 4 is missed, 4 to 5 is nobody's, 6 to 8 is Ben's.
    assert errors.miss == pytest.approx(1.0)
    assert errors.false_alarm == pytest.approx(1.0)
    assert errors.confusion == pytest.approx(2.0)
    assert errors.rate == pytest.approx(4.0 / 9.0)


def test_one_voice_for_two_costs_the_shorter_one():
    errors = diarisation_errors(TRUE, [(0.0, 4.0, "1"), (5.0, 10.0, "1")])
    assert (errors.miss, errors.false_alarm) == (0.0, 0.0)
    assert errors.confusion == pytest.approx(3.0)


def test_overlapping_speech_counts_twice():
    both = [(0.0, 2.0, "Ann"), (1.0, 3.0, "Ben")]
    errors = diarisation_errors(both, [(0.0, 3.0, "1")])
    assert errors.speech == pytest.approx(4.0)
    assert errors.miss == pytest.approx(1.0)
    assert errors.confusion == pytest.approx(1.0)


def test_nothing_found_and_nothing_true():
    assert diarisation_errors(TRUE, []).miss == pytest.approx(9.0)
    empty = diarisation_errors([], [(0.0, 2.0, "1")])
    assert (empty.false_alarm, empty.speech) == (2.0, 0.0)
    assert math.isnan(empty.rate)
    assert diarisation_errors([], []) == DiarisationErrors()


def test_errors_of_recordings_add_up():
    one = diarisation_errors(TRUE, [])
    assert (one + one).miss == pytest.approx(18.0)
    assert (one + one).rate == pytest.approx(one.rate)


def test_wrong_input_is_refused():
    with pytest.raises(UsageError, match="no negative length"):
        diarisation_errors(TRUE, TRUE, collar=-0.1)
    with pytest.raises(UsageError, match="ends before it begins"):
        diarisation_errors(TRUE, [(2.0, 1.0, "1")])


def _random_turns(draw: random.Random, prefix: str) -> list[tuple[float, float, str]]:
    """Three speakers who may overlap each other, but not themselves."""
    turns = []
    for speaker in range(3):
        time = draw.uniform(0, 5)
        for _ in range(5):
            start = time + draw.uniform(0.2, 4)
            time = start + draw.uniform(0.3, 5)
            turns.append((start, time, f"{prefix}{speaker}"))
    return turns


@pytest.mark.parametrize("collar", [0.0, 0.25])
def test_equals_pyannote_metrics(collar):
    pytest.importorskip("pyannote.metrics")
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    def annotation(turns):
        made = Annotation()
        for number, (start, end, name) in enumerate(turns):
            made[Segment(start, end), number] = name
        return made

    for seed in range(25):
        draw = random.Random(seed)  # noqa: S311
        true, found = _random_turns(draw, "a"), _random_turns(draw, "b")
        theirs = DiarizationErrorRate(collar=2 * collar).compute_components(
            annotation(true), annotation(found), uem=Timeline([Segment(0, 100)])
        )
        ours = diarisation_errors(true, found, collar=collar)
        assert ours.speech == pytest.approx(theirs["total"])
        assert ours.miss == pytest.approx(theirs["missed detection"])
        assert ours.false_alarm == pytest.approx(theirs["false alarm"])
        assert ours.confusion == pytest.approx(theirs["confusion"])
