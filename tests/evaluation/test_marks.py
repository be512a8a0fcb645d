"""Marks from files and corpora, handed out utterance by utterance."""

from pathlib import Path

import pytest

from emospot.conversation import Conversation, Hotspot, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.emotions import NO_LABELS
from emospot.errors import CorpusError, UsageError
from emospot.evaluation.marks import marks_from, own_marks, read_marks

TALK = Conversation(
    "d1",
    (
        Utterance("a", "Ann", 0.0, 2.0, "so very good"),
        Utterance("b", "Bob", 1.5, 3.0, "no"),
        Utterance("c", "Ann", text="well"),
    ),
    media=Path("x/talk.wav"),
)


@pytest.fixture
def write(tmp_path):
    def write(text, name="marks.csv"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def _spans(found):
    return [[(h.start, h.end, h.score, h.apex) for h in own] for own in found]


def test_moments_are_cut_at_the_utterances(write):
    marks = read_marks(
        write(
            "recording,modality,start,end,score,apex\ntalk.wav,voice,1.8,9,0.5,2.5\n"
            "talk,words,0,1,1,\ntalk,voice,0.5,1,1,\nother,voice,0,1,1,\n"
        ),
        "voice",
    )
    found = marks.detect(TALK, [])
    assert _spans(found) == [
        [(0.5, 1.0, 1.0, None), (1.8, 2.0, 0.5, None)],
        [(1.8, 3.0, 0.5, 2.5)],
        [],
    ]
    assert {spot.fired_by for own in found for spot in own} == {"marks"}
    assert marks.notices == []
    assert marks.name.startswith("marks:")


def test_characters_belong_to_the_utterance_that_is_named(write):
    rows = "utterance,char_start,char_end\na,3,7\na,0,2\nc,0,4\nz,0,1\n"
    marks = read_marks(write(rows, "talk.csv"), "words")
    found = marks.detect(TALK, [])
    assert [[(h.char_start, h.char_end) for h in own] for own in found] == [
        [(0, 2), (3, 7)],
        [],
        [(0, 4)],
    ]
    assert marks.notices == ["1 marks lie in no utterance"]
    assert not any(marks.detect(Conversation("d9", TALK.utterances), []))


def test_a_folder_in_a_name_counts(write):
    marks = read_marks(write("recording,start,end\nx/talk.wav,0,1\ny/talk.wav,1,2\n"), "voice")
    assert _spans(marks.detect(TALK, []))[0] == [(0.0, 1.0, 1.0, None)]
    dotted = Conversation("s1/e.02", TALK.utterances)
    marks = read_marks(write("recording,start,end\ns1/e.02,0,1\ns2/e.02,1,2\n"), "voice")
    assert _spans(marks.detect(dotted, []))[0] == [(0.0, 1.0, 1.0, None)]


def test_what_lies_beyond_the_utterance_is_none_of_it(write):
    rows = "utterance,start,end,char_start,char_end\na,1,9,0,2\na,5,6,0,2\na,,,3,90\n,0,1,0,2\n"
    marks = read_marks(write(rows, "talk.csv"), "words")
    found = marks.detect(TALK, [])
    assert [[(h.start, h.end, h.char_start) for h in own] for own in found] == [
        [(0.0, 1.0, None), (1.0, 2.0, 0)],
        [],
        [],
    ]
    assert marks.notices == ["2 marks lie in no utterance"]


def test_other_marks_have_another_name(write):
    one, other = (
        read_marks(write(f"recording,start,end\ntalk,0,{end}\n"), "face").name for end in (1, 2)
    )
    assert one != other


@pytest.mark.parametrize(
    ("rows", "modality", "message"),
    [
        ("recording,modality,start,end\ntalk,words,0,1\n", "voice", "marks no voice"),
        ("recording,start,end,score\ntalk,0,1,3\n", "voice", r"talk: .*lie in \[0, 1\], found 3"),
        ("recording,start,end\ntalk,0,1\n", "smell", 'marks of "smell": expected words, voice'),
    ],
)
def test_marks_that_teach_nothing(write, rows, modality, message):
    with pytest.raises(UsageError, match=message):
        marks_from({modality: write(rows)}, None)


def test_marks_of_the_corpus_itself():
    spot = Hotspot("words", None, None, 1.0, "cause", 3, 7)
    marked = CorpusConversation(TALK, marked=((spot,), (), ()))
    corpus = Corpus("c", "k", NO_LABELS, (marked,))
    found = marks_from({"words": Path("corpus")}, corpus)["words"].detect(TALK, [])
    assert found == [[spot], [], []]
    for modality, source in (("voice", corpus), ("words", None)):
        with pytest.raises(CorpusError, match=f"brings no marks of {modality}"):
            own_marks(source, modality)
