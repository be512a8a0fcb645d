import math

import pytest

from emospot.conversation import Conversation, Utterance, Word
from emospot.corpora.table_columns import read_table
from emospot.corpora.table_conversations import read_conversations
from emospot.errors import CorpusError

LABELS = ("happy", "angry", "happy", None, "sad")


@pytest.fixture
def read(write_table):
    def read(columns=None, targets=(), **changes):
        return read_conversations(
            read_table(write_table(**changes), columns or {}), LABELS, targets
        )

    return read


def ids(content):
    return [[u.id for u in one.conversation.utterances] for one in content.conversations]


def test_rows_become_conversations(read):
    first, second = read(
        targets=("valence",), valence=[1.0, None, 2.0, math.nan, 3.0]
    ).conversations
    assert first.rows == (0, 1, 3)
    assert second.rows == (2, 4)
    assert first.conversation == Conversation(
        "d1",
        (
            Utterance(
                "a", "Ann", 0, 1.5, "so good",
                words=(
                    Word(0, pytest.approx(3 / 7), 0, 2),
                    Word(pytest.approx(4.5 / 7), 1.5, 3, 7),
                ),
                word_times_estimated=True, label="happy", targets={"valence": 1.0},
            ),
            Utterance(
                "b", "Bob", 1, 2, "no", words=(Word(1, 2, 0, 2),), word_times_estimated=True,
                label="angry",
            ),
            Utterance("c", "Ann", 2.5, 4, None),
        ),
        split="train",
    )  # fmt: skip


def test_position_decides_the_order_not_the_start(read):
    content = read(position=[2, 0, 1, 1, 0])
    assert ids(content) == [["b", "c", "a"], ["b", "a"]]
    assert content.conversations[0].rows == (1, 3, 0)


def test_the_files_order_counts_without_position(read):
    assert ids(read(start=[9.0, 1.0, 5.0, 0.0, 1.0], end=[10.0] * 5)) == [
        ["a", "b", "c"],
        ["a", "b"],
    ]


@pytest.mark.parametrize("name", ["VAL", "validation", "dev"])
def test_names_of_splits(read, name):
    content = read(split=[name] * 5)
    assert {one.conversation.split for one in content.conversations} == {"dev"}


def test_optional_columns_may_be_missing(read):
    content = read(start=..., end=..., text=..., split=...)
    assert content.conversations[1].conversation == Conversation(
        "d2", (Utterance("a", "Cid", label="happy"), Utterance("b", "Dan", label="sad"))
    )
    assert len(content.notices) == 3


@pytest.mark.parametrize("name", ["text", "split", "start", "end"])
def test_a_column_asked_for_must_be_there(read, name):
    with pytest.raises(CorpusError, match=f'no column "nowhere" for {name}'):
        read({name: "nowhere"})


def test_impossible_times_are_left_out_and_told(read):
    content = read(start=[2.0, 1.0, None, None, -1.0], end=[1.0, 1.0, None, 3.0, 3.0])
    for one in content.conversations:
        for utterance in one.conversation.utterances:
            assert (utterance.start, utterance.end, utterance.words) == (None, None, ())
            assert not utterance.word_times_estimated
    times = [notice for notice in content.notices if "times" in notice]
    assert times == [
        "4 rows have times that are negative, incomplete or run backwards (first: row 1: 2.0 to "
        "1.0); they are kept without times"
    ]


def test_missing_texts_are_told(read):
    assert read().notices == ("1 of 5 utterances have no text",)


def test_recordings_are_looked_up_beside_the_table(read, tmp_path):
    for name in ("one.wav", "two.wav"):
        (tmp_path / name).touch()
    media = ["one.wav", "one.wav", "two.wav", "one.wav", "two.wav"]
    paths = [one.conversation.media for one in read(media=media).conversations]
    assert paths == [(tmp_path / "one.wav").resolve(), (tmp_path / "two.wav").resolve()]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"speaker": ["Ann", None, "Cid", "Ann", "Dan"]}, "row 2: speaker is empty"),
        ({"dialogue": ...}, 'no column "dialogue"'),
        ({"utterance": ["a", "b", "a", "a", "b"]}, 'row 4: utterance "a" stands twice .*row 1'),
        ({"split": ["train", "test", "test", "train", "test"]}, 'row 2: .* split "test" here and'),
        ({"split": ["train", None, "test", "train", "test"]}, 'split "None" here and "train"'),
        ({"split": ["a"] * 5}, 'row 1: split "a" is unknown; expected train, dev or test'),
        ({"position": [0, 0, 0, 1, 1]}, "row 2: position 0 stands twice"),
        ({"position": [0, None, 0, 1, 1]}, "row 2: position is empty"),
        ({"media": ["x", "y", "x", "x", "x"]}, 'row 2: dialogue "d1" has media "y"'),
        ({"media": ["none.wav"] * 5}, r"row 1: no recording at .*none\.wav"),
    ],
)
def test_wrong_rows_are_named(read, changes, message):
    with pytest.raises(CorpusError, match=message):
        read(**changes)
