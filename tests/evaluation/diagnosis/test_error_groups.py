"""Groups of utterances and their errors against counts by hand."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from emospot.batch import Example
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.conversation.build import UNKNOWN_SPEAKER
from emospot.emotions import Task
from emospot.evaluation.diagnosis.error_groups import (
    DIALOGUE_LENGTH,
    POSITION,
    SHIFT,
    SHIFTS,
    SPEAKER,
    UTTERANCE_LENGTH,
    confusions,
    error_groups,
    errors_of,
    groupings,
)
from emospot.evaluation.predictions import Predictions

TASK = Task("emotion", "single", ("calm", "cross", "glad"))


def talk(name: str, turns: str, lengths: str = "") -> Example:
    """Of "Ac Bx A-", A is calm, B cross, A unlabelled; and the tokens of each turn's words."""
    labels = {"c": "calm", "x": "cross", "g": "glad", "-": None}
    utterances = tuple(
        Utterance(f"u{n}", turn[:-1], label=labels[turn[-1]])
        for n, turn in enumerate(turns.split())
    )
    sizes = [int(s) for s in lengths.split()] or [1] * len(utterances)
    words = [Tokens(np.zeros((n, 2))) if n else None for n in sizes]
    return Example(Conversation(name, utterances), {"words": words})


def names_of(examples, family, task=TASK):
    return next(g for g in groupings(task, examples, ["words"]) if g.family == family).names


def test_an_emotion_shifts_within_a_speaker():
    talks = [talk("d", "Ac Bx Ac Bc A- Ax Bc"), talk("e", "Ax")]
    other, same, first = SHIFTS
    # The unlabelled turn of A is not scored, and of the turn behind it nothing is known.
    assert names_of(talks, SHIFT) == (first, first, same, other, "", same, first)


def test_parts_of_a_dialogue_and_its_length():
    talks = [talk("short", "Ac Bc"), talk("middle", "Ac " * 5), talk("long", "Ac " * 9)]
    positions = names_of(talks, POSITION)
    assert positions[:2] == ("first turn", "third quarter")
    assert positions[7:] == (
        "first turn", "first quarter", "first quarter", "second quarter", "second quarter",
        "third quarter", "third quarter", "last quarter", "last quarter",
    )  # fmt: skip
    assert set(names_of(talks, DIALOGUE_LENGTH)[:2]) == {"up to 2 turns"}
    assert names_of(talks, DIALOGUE_LENGTH)[-1] == "above 5 turns"
    assert names_of(talks, DIALOGUE_LENGTH)[2] == "3 to 5 turns"


def test_utterances_by_their_tokens_and_speakers_by_name():
    talks = [talk("d", f"Ac {UNKNOWN_SPEAKER}c Bc Ac", "1 4 0 7")]
    assert names_of(talks, UTTERANCE_LENGTH) == (
        "up to 1 tokens of words", "2 to 4 tokens of words", "", "above 4 tokens of words",
    )  # fmt: skip
    assert names_of(talks, SPEAKER) == ("A", "", "B", "A")
    pooled = [talk("d", "Ac Bc Ac")]
    assert names_of(pooled, UTTERANCE_LENGTH) == ("", "", "")
    number = Task("n", "number", ("n",))
    assert SHIFT not in {g.family for g in groupings(number, pooled, ["words"])}


def predictions(examples, said, task=TASK):
    true = [
        task.outputs.index(u.label)
        for e in examples
        for u in e.conversation.utterances
        if u.label is not None
    ]
    dialogues = [e.conversation.id for e in examples for u in e.conversation.utterances if u.label]
    return Predictions(task, tuple(dialogues), np.array(true), np.array(said)[None])


def test_confusions_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    true, said = random.integers(3, size=60), random.integers(3, size=60)
    found = confusions(Predictions(TASK, ("d",) * 60, true, said[None]))
    counts = confusion_matrix(true, said)
    assert len(found) == 6
    assert [c.count for c in found] == sorted((c.count for c in found), reverse=True)
    for own in found:
        i, j = TASK.outputs.index(own.true), TASK.outputs.index(own.said)
        assert own.count == counts[i, j]
        assert own.of_true == pytest.approx(counts[i, j] / counts[i].sum())
    assert sum(own.of_errors for own in found) == pytest.approx(1.0)
    assert confusions(Predictions(TASK, ("d",) * 60, true, true[None])) == ()


def test_errors_of_every_kind():
    several = Task("t", "several", ("a", "b"))
    true = np.array([[True, False], [True, True]])
    both = Predictions(several, ("d", "d"), true, np.array([[[True, True], [False, False]]]))
    assert errors_of(both).tolist() == [0.5, 1.0]
    number = Predictions(
        Task("n", "number", ("n",)), ("d", "d"), np.array([1.0, 2.0]), np.array([[1.5, 0.0]])
    )
    assert errors_of(number).tolist() == [0.5, 2.0]


def crowd(worse: float, speakers: int = 4, dialogues: int = 24, turns: int = 12):
    """Dialogues of speakers in turn; S0 is answered wrongly more often."""
    random = np.random.default_rng(3)
    talks, said = [], []
    for d in range(dialogues):
        turned = [f"S{(d + n) % speakers}" for n in range(turns)]
        talks.append(talk(f"d{d}", " ".join(f"{name}c" for name in turned)))
        said += [int(random.random() < 0.2 + worse * (name == "S0")) for name in turned]
    return talks, predictions(talks, said)


def test_a_speaker_who_is_worse_is_told_and_only_that_one():
    talks, found = crowd(worse=0.4)
    groups = {g.name: g for g in error_groups(found, talks, ["words"]) if g.family == SPEAKER}
    wrong = errors_of(found)
    mine = np.array([u.speaker == "S0" for e in talks for u in e.conversation.utterances])
    assert groups["S0"].error.value == pytest.approx(wrong[mine].mean())
    assert groups["S0"].utterances == mine.sum()
    assert groups["S0"].comparison.difference.value == pytest.approx(
        wrong[mine].mean() - wrong[~mine].mean()
    )
    assert groups["S0"].comparison.corrected < 0.001
    assert groups["S0"].comparison.corrected == pytest.approx(4 * groups["S0"].comparison.p)
    assert all(groups[f"S{n}"].comparison.difference.value < 0 for n in (1, 2, 3))


def test_few_utterances_or_dialogues_are_not_compared():
    talks, found = crowd(worse=0.4, dialogues=5)
    assert all(g.comparison is None for g in error_groups(found, talks, ["words"]))
    talks, found = crowd(worse=0.4, speakers=40, dialogues=12)
    speakers = [g for g in error_groups(found, talks, ["words"]) if g.family == SPEAKER]
    assert max(g.utterances for g in speakers) < 20
    assert all(g.comparison is None for g in speakers)


def test_a_group_is_not_compared_with_few_others():
    talks = [talk(f"d{d}", "Ac " * 9 + ("Bc" if d < 8 else "Ac")) for d in range(30)]
    random = np.random.default_rng(0)
    found = predictions(talks, random.integers(2, size=300))
    own = {g.name: g for g in error_groups(found, talks, ["words"]) if g.family == SPEAKER}
    assert (own["A"].utterances, own["B"].utterances) == (292, 8)
    assert own["A"].comparison is None


def test_a_family_of_one_group_is_left_out():
    talks, found = crowd(worse=0.0, speakers=1)
    families = {g.family for g in error_groups(found, talks, ["words"])}
    # One speaker, dialogues and utterances of one length.
    assert families == {SHIFT, POSITION}


def test_an_interval_of_shares_stays_among_shares_and_one_of_distances_does_not():
    talks, found = crowd(worse=0.0, dialogues=8)
    nearly_all = (np.random.default_rng(0).random(found.predicted.shape) < 0.95).astype(int)
    for said in (found.predicted, nearly_all):
        groups = error_groups(replace(found, predicted=said), talks, ["words"])
        for group in groups:
            assert 0.0 <= group.error.low <= group.error.value <= group.error.high <= 1.0
    number = Task("valence", "number", ("valence",))
    rated = [
        replace(
            e,
            conversation=replace(
                e.conversation,
                utterances=tuple(
                    replace(u, targets={"valence": 0.0}) for u in e.conversation.utterances
                ),
            ),
        )
        for e in talks
    ]
    far = replace(found, task=number, true=np.zeros(len(found)), predicted=nearly_all * 5.0)
    assert all(g.error.high > 1.0 for g in error_groups(far, rated, ["words"]))
