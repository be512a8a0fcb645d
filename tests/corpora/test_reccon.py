import json

import pytest

from emospot.conversation import Hotspot
from emospot.corpora.reccon import Cause, read_causes, read_reccon
from emospot.emotions import DAILYDIALOG7, IEMOCAP6
from emospot.errors import CorpusError, UsageError

TURNS = [
    {"turn": 1, "speaker": "A", "utterance": "Cake ! Good cake !", "emotion": "neutral"},
    {
        "turn": 2, "speaker": "B", "utterance": "Oh , cake !", "emotion": "happines",
        "expanded emotion cause evidence": [1, 2, "b"],
        "expanded emotion cause span": ["Good cake", "cake", "b"],
        "type": ["inter-personal"],
    },
    {
        "turn": 3, "speaker": "A", "utterance": "Yes", "emotion": "happiness",
        "expanded emotion cause evidence": [1],
        "expanded emotion cause span": ["Good cake"],
        "type": ["no-context"],
    },
]  # fmt: skip


@pytest.fixture
def release(tmp_path):
    """The files of both parts; `changes` go into the second turn of train."""

    def write(folder="data/original_annotation", turns=TURNS, **changes):
        place = tmp_path / folder
        place.mkdir(parents=True, exist_ok=True)
        changed = [{**turn, **(changes if turn["turn"] == 2 else {})} for turn in turns]
        for name, content in {
            "dailydialog_train": {"tr_1": [changed], "tr_2": [TURNS[:1]]},
            "dailydialog_valid": {"va_1": [TURNS[:2]]},
            "dailydialog_test": {"te_1": [TURNS]},
            "iemocap_test": {"train.Ses01F_impro01": [[{**TURNS[0], "emotion": "frustrated"}]]},
        }.items():
            (place / f"{name}.json").write_text(json.dumps(content))
        return tmp_path

    return write


@pytest.mark.parametrize("folder", ["data/original_annotation", "."])
def test_the_release(release, folder):
    corpus = read_reccon(release(folder))
    assert (corpus.name, corpus.label_set) == ("reccon-dailydialog", DAILYDIALOG7)
    assert [(c.conversation.id, c.conversation.split) for c in corpus.conversations] == [
        ("tr_1", "train"), ("tr_2", "train"), ("va_1", "dev"), ("te_1", "test"),
    ]  # fmt: skip
    first = corpus.conversations[0]
    assert [u.label for u in first.conversation.utterances] == [
        "neutral",
        "happiness",
        "happiness",
    ]
    assert first.conversation.speakers == ("tr_1 A", "tr_1 B")
    # The words of turn 1 caused two emotions and are marked once.
    assert first.marked == (
        (Hotspot("words", None, None, 1.0, "cause", 7, 16),),
        (Hotspot("words", None, None, 1.0, "cause", 5, 9),),
        (),
    )
    assert corpus.notices == ("misspelt emotions are repaired: happines → happiness (3)",)


def test_causes_know_their_emotion(release):
    causes = read_causes(release())
    assert causes[:3] == (
        Cause("tr_1", "2", "1", 7, 16),
        Cause("tr_1", "2", "2", 5, 9),
        Cause("tr_1", "3", "1", 7, 16),
    )
    assert len(causes) == 3 + 2 + 3


def test_the_other_part_has_its_own_names(release):
    corpus = read_reccon(release(), "iemocap")
    assert corpus.label_set is IEMOCAP6
    assert corpus.conversations[0].conversation.utterances[0].label == "frustration"
    assert len(corpus.notices) == 1
    assert "sessions 1 to 4" in corpus.notices[0]


def test_an_emotion_of_the_other_part_is_no_label(release):
    corpus = read_reccon(release(emotion="excited"))
    assert corpus.conversations[0].conversation.utterances[1].label is None
    assert corpus.notices[-1] == "emotions outside the label set are no label: excited (1)"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"emotion": "bored"}, r'train\.json, "tr_1", list 1, turn 2: emotion "bored" is none of'),
        ({"turn": 5}, 'is numbered 5 by "turn", expected 2'),
        ({"expanded emotion cause evidence": [1]}, "1 turns of causes, but 3 spans"),
        ({"expanded emotion cause evidence": [9, 2, "b"]}, r"there is no turn 9 \(1 to 3\)"),
        ({"expanded emotion cause evidence": ["c", 2, "b"]}, 'expected a number, found "c"'),
        ({"expanded emotion cause span": ["tea", "cake", "b"]}, '"tea" is not in turn 1 word by'),
        ({"expanded emotion cause span": [" ", "cake", "b"]}, '" " is not in turn 1'),
        ({"utterance": None}, '"utterance": expected a text'),
    ],
)
def test_damaged_files(release, changes, message):
    turns = [{**turn, **(changes if turn["turn"] == 2 else {})} for turn in TURNS]
    with pytest.raises(CorpusError, match=message) as caught:
        read_reccon(release(turns=turns))
    assert "\n" not in str(caught.value)


def test_a_dialogue_is_one_list_in_a_list(release, tmp_path):
    path = release() / "data/original_annotation/dailydialog_test.json"
    for content, message in (([], "found 0"), ([TURNS, TURNS], "found 2"), ([[]], "has no turns")):
        path.write_text(json.dumps({"te_1": content}))
        with pytest.raises(CorpusError, match=f'"te_1".*{message}'):
            read_reccon(tmp_path)


def test_missing_parts(release, tmp_path):
    with pytest.raises(UsageError, match='no part "meld" of RECCON; known: dailydialog, iemocap'):
        read_reccon(tmp_path, "meld")
    with pytest.raises(CorpusError, match=r"has no dailydialog_train\.json, dailydialog_valid"):
        read_reccon(tmp_path)


def test_the_real_files(shared_data):
    folder = shared_data / "reccon"
    corpus = read_reccon(folder)
    counts = {"train": [0, 0], "dev": [0, 0], "test": [0, 0]}
    for one in corpus.conversations:
        counts[one.conversation.split][0] += 1
        counts[one.conversation.split][1] += len(one.conversation.utterances)
        for utterance, spans in zip(one.conversation.utterances, one.marked, strict=True):
            assert all(utterance.text[s.char_start : s.char_end].strip() for s in spans)
    assert counts == {"train": [834, 8206], "dev": [47, 493], "test": [225, 2405]}
    # All spans but those beyond the text: 7,630 + 352 + 1,933 spans, of them "b" 403.
    assert len(read_causes(folder)) == 7630 + 352 + 1933 - (359 + 5 + 39)
    assert "happy → happiness (5)" in corpus.notices[0]
    other = read_reccon(folder, "iemocap")
    assert sum(len(one.conversation.utterances) for one in other.conversations) == 665
    assert len(read_causes(folder, "iemocap")) == 1154 - 74
