from dataclasses import replace
from itertools import pairwise

from emospot.analysis.types import Analysis
from emospot.emotions import UNSURE
from emospot.report.shifts import emotion_shifts


def felt(analysis: Analysis, *turns: str) -> Analysis:
    """An analysis with turns such as "A:anger"."""
    made = []
    for index, turn in enumerate(turns):
        speaker, _, emotion = turn.partition(":")
        made.append(
            replace(analysis.utterances[0], id=str(index), speaker=speaker, emotion=emotion)
        )
    return replace(analysis, utterances=tuple(made))


def test_shifts_are_each_speakers_own(analysis: Analysis) -> None:
    a, b = emotion_shifts(felt(analysis, "A:anger", "B:joy", "A:anger", "B:fear", "A:joy"))
    assert (a.speaker, a.sure, a.count) == ("A", 3, 1)
    assert [(s.before, s.after, [p.utterance for p in s.places]) for s in a.shifts] == [
        ("anger", "joy", [4])
    ]
    assert [(s.before, s.after) for s in b.shifts] == [("joy", "fear")]


def test_unsure_turns_are_stepped_over_and_counted(analysis: Analysis) -> None:
    turns = ("A:unsure", "A:anger", "A:unsure", "A:unsure", "A:joy", "A:unsure", "A:joy")
    (a,) = emotion_shifts(felt(analysis, *turns))
    ((place,),) = [shift.places for shift in a.shifts]
    assert (place.utterance, place.unsure_between) == (4, 2)
    assert a.sure == 3


def test_the_most_frequent_come_first(analysis: Analysis) -> None:
    (a,) = emotion_shifts(felt(analysis, "A:x", "A:y", "A:z", "A:y", "A:z"))
    assert [(s.before, s.after, len(s.places)) for s in a.shifts] == [
        ("y", "z", 2),
        ("x", "y", 1),
        ("z", "y", 1),
    ]


def test_the_counts_are_those_of_neighbouring_sure_answers(analysis: Analysis) -> None:
    for row in emotion_shifts(analysis):
        sure = [
            u.emotion
            for u in analysis.utterances
            if u.speaker == row.speaker and u.emotion != UNSURE
        ]
        assert row.count == sum(one != other for one, other in pairwise(sure))
        assert row.sure == len(sure)


def test_nothing_said_nothing_shifts(analysis: Analysis) -> None:
    assert emotion_shifts(replace(analysis, utterances=())) == ()
