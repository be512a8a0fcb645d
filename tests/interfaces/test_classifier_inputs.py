import numpy as np
import pandas as pd
import pytest

from emospot.errors import FeatureError, UsageError
from emospot.interfaces.classifier_inputs import missing, read_given

TURNS = [
    {"speaker": "Anna", "text": "Oh my", "start": 0.0, "end": 1.0, "emotion": "joy"},
    {"text": "Well", "emotion": None},
]


def frame(**more):
    told = {
        "dialogue": ["b", "a", "b", "a"],
        "speaker": ["Anna", "Ben", None, "Cleo"],
        "text": ["one", "two", "three", float("nan")],
        "start": [0.0, None, 2.0, 1.0],
        "end": [1.0, None, 3.0, 0.5],
        "emotion": ["joy", "anger", None, "joy"],
    }
    return pd.DataFrame({**told, **more})


def test_turns_become_utterances_in_their_order():
    given = read_given([TURNS, [{"text": "Hi"}]])
    first, second = (one.conversation for one in given.conversations)
    assert [u.speaker for u in first.utterances] == ["Anna", "speaker"]
    assert (first.utterances[0].start, first.utterances[0].end) == (0.0, 1.0)
    assert len(first.utterances[0].words) == 2
    assert first.utterances[0].word_times_estimated
    assert first.utterances[1].start is None
    assert (first.id, second.id) == ("0", "1")
    assert given.labels == (("joy", None), (None,))
    assert given.rows is None


def test_other_forms_of_a_conversation():
    forms = [
        TURNS,
        tuple(TURNS),
        {"turns": TURNS},
        {"utterances": TURNS},
        pd.DataFrame(TURNS),
        np.array(TURNS),
    ]
    texts = [
        [u.text for u in one.conversation.utterances] for one in read_given(forms).conversations
    ]
    assert texts == [["Oh my", "Well"]] * len(forms)
    plain = read_given([["Oh my", "Well"]]).conversations[0].conversation
    assert [u.text for u in plain.utterances] == ["Oh my", "Well"]


def test_y_goes_before_the_labels_of_the_turns():
    given = read_given([TURNS], [np.array([1, 2])])
    assert given.labels == ((1, 2),)
    assert type(given.labels[0][0]) is int
    assert read_given([[{"text": "Hi"}]]).labels is None


def test_rows_of_a_frame_are_gathered_by_dialogue():
    given = read_given(frame())
    first, second = (one.conversation for one in given.conversations)
    assert (first.id, [u.text for u in first.utterances]) == ("b", ["one", "three"])
    assert (second.id, [u.text for u in second.utterances]) == ("a", ["two", None])
    assert [u.speaker for u in first.utterances] == ["Anna", "speaker"]
    assert second.utterances[1].start is None  # it would end before it begins
    assert given.labels == (("joy", None), ("anger", "joy"))
    values = [np.array([10, 11]), np.array([20, 21])]
    assert given.as_given(values, np.zeros(0, int)).tolist() == [10, 20, 11, 21]


def test_a_frame_with_labels_apart_and_another_column():
    changed = frame().rename(columns={"dialogue": "call"})
    given = read_given(changed, pd.Series([1, 2, 3, np.nan]), dialogue="call")
    assert given.labels == ((1.0, 3.0), (2.0, None))
    assert read_given(frame().drop(columns="emotion")).labels is None


def test_an_index_of_any_kind_changes_nothing():
    shuffled = frame().set_index(pd.Index([7, 7, "x", None]))
    assert read_given(shuffled).labels == read_given(frame()).labels


def test_no_conversations_and_no_utterances():
    assert read_given([]).as_given([], np.zeros(0)).shape == (0,)
    given = read_given([[], TURNS], [[], ["a", "b"]])
    assert [len(one.conversation.utterances) for one in given.conversations] == [0, 2]
    empty = read_given(frame().iloc[:0])
    assert empty.as_given([], np.zeros((0, 3))).shape == (0, 3)


def test_ready_made_features():
    turns = [{"tone": [1, 2]}, {"tone": np.ones((3, 2))}, {"tone": None}, {}]
    (one,) = read_given([turns], ready_made=["tone"]).conversations
    shapes = [None if t is None else t.values.shape for t in one.tokens["tone"]]
    assert shapes == [(1, 2), (3, 2), None, None]
    column = [np.zeros(2), [1.0, 2.0], None, float("nan")]
    first, second = read_given(frame(tone=column), ready_made=["tone"]).conversations
    assert [t is None for t in first.tokens["tone"]] == [False, True]
    assert [t is None for t in second.tokens["tone"]] == [False, True]


@pytest.mark.parametrize(
    ("tone", "told"),
    [
        ("loud", "no array of numbers"),
        ([[1.0], [1.0, 2.0]], "no array of numbers"),
        ([], "has shape"),
        (np.zeros((1, 2, 3)), "has shape"),
        ([np.inf], "NaN or infinite"),
    ],
)
def test_malformed_features_are_told(tone, told):
    with pytest.raises(FeatureError, match=told):
        read_given([[{"tone": tone}]], ready_made=["tone"])


@pytest.mark.parametrize(
    ("X", "y", "told"),
    [
        ("I am happy", None, "found a str"),
        ({"turns": []}, None, "found a dict"),
        (7, None, "found a int"),
        ([7], None, "conversation 0 is no list"),
        (["Hi"], None, "conversation 0 is no list"),
        ([{"text": "Hi"}], None, "conversation 0 is no list"),
        ([[7]], None, "turn 0 is a int"),
        ([[{"text": 7}]], None, "the text of utterance 0-0 is 7"),
        ([[{"start": "soon"}]], None, "a time of utterance"),
        ([TURNS], ["joy"], "a list of labels a conversation"),
        ([TURNS], [["joy"]], "conversation 0 has labels: 1, utterances: 2$"),
        ([TURNS], [], "found 0 such lists, and the conversations are 1$"),
        (frame(), ["joy"], "found 1 labels for 4 rows"),
        (frame().drop(columns="dialogue"), None, 'no column "dialogue"'),
        (frame(dialogue=["a", None, "b", "b"]), None, 'row 1 has no "dialogue"'),
    ],
)
def test_what_is_no_conversation_is_told(X, y, told):
    with pytest.raises(UsageError, match=told):
        read_given(X, y)


def test_what_stands_for_nothing():
    for value in (None, float("nan"), np.float32("nan"), pd.NA, pd.NaT):
        assert missing(value)
    for value in (0, "", "nan", [], np.zeros(2)):
        assert not missing(value)
