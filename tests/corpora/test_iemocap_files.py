import pytest

from emospot.corpora.iemocap_files import EvaluatedTurn, read_evaluation, read_transcription
from emospot.errors import CorpusError

EVALUATION = """\
% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()
C-E3:\tNeutral;\t(calm; Anger; at first)
C-E4:\tNeutral; Frustration;\t()
C-F1:\tAnger;\t(curious)
A-E3:\tval 3; act 2; dom  3;\t()
A-F1:\tval 3; act 2; dom  1;\t()

[10.0100 - 11.3925]\tSes01F_impro01_F001\txxx\t[5.5000, 4.0000, 0.5000]
C-E2:\t:Excited; :Happiness;\t()
C-E3:\tSurprise;\t()

[7.5712 - 10.4750]\tSes01F_impro01_M000\tfru\t[2.5000, 2.0000, 2.5000]
"""
TRANSCRIPTION = """\
Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.
M: Yeah.
Ses01F_impro01_M000 [007.5712-010.4750]: Do you have your forms: all of them?
Ses01F_impro01_MXX0 [008.0000-008.5000]: [LAUGHTER]

Ses01F_impro01_F001 [010.0100-011.3925]:
"""


@pytest.fixture
def write(tmp_path):
    def write(content, encoding="utf-8"):
        path = tmp_path / "Ses01F_impro01.txt"
        path.write_bytes(content.encode(encoding))
        return path

    return write


def test_an_evaluation(write):
    turns = read_evaluation(write(EVALUATION))
    assert list(turns) == ["Ses01F_impro01_F000", "Ses01F_impro01_F001", "Ses01F_impro01_M000"]
    first, second, third = turns.values()
    none = dict.fromkeys(
        ("neutral", "happiness", "sadness", "anger", "surprise", "fear", "disgust", "frustration",
         "excited", "other"),
        0.0,
    )  # fmt: skip
    assert first == EvaluatedTurn(
        6.2901,
        8.2357,
        "neutral",
        {"valence": 2.5, "activation": 2.5, "dominance": 2.5},
        {**none, "neutral": 3.0, "frustration": 1.0},  # neither comments nor the actor herself
    )
    assert second.emotion is None
    assert second.ratings == {"valence": 5.5, "activation": 4.0, "dominance": 0.5}
    assert second.votes == {**none, "excited": 1.0, "happiness": 1.0, "surprise": 1.0}
    assert (third.emotion, third.votes) == ("frustration", {})


def test_a_transcription(write):
    found = read_transcription(write(TRANSCRIPTION))
    assert found.words == {
        "Ses01F_impro01_F000": "Excuse me.",
        "Ses01F_impro01_M000": "Do you have your forms: all of them?",
        "Ses01F_impro01_F001": "",
    }
    assert found.others == 2


def test_characters_of_windows_and_line_ends(write):
    content = TRANSCRIPTION.replace("Excuse me.", "It’s me…").replace("\n", "\r\n")
    assert read_transcription(write(content, "cp1252")).words["Ses01F_impro01_F000"] == "It’s me…"
    assert read_transcription(write(content)).words["Ses01F_impro01_F000"] == "It’s me…"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("neu\t", "joy\t", r'txt, line 3: emotion "joy" of Ses01F_impro01_F000 is unknown; exp'),
        ("[2.5000, 2.5000, 2.5000]", "[2.5", r'line 3: "\[6.2901 - 8.2357\].* is no turn: exp'),
        ("Ses01F_impro01_F000", "F000", "line 3: .* is no turn"),
        ("[6.2901 - ", "[9.2901 - ", r"line 3: Ses01F_impro01_F000 lasts from 9.2901 to 8.2357 s"),
        ("_F001", "_F000", "line 11: Ses01F_impro01_F000 stands twice"),
        (EVALUATION, "% nothing\n", "has no turn"),
    ],
)
def test_damaged_evaluations(write, old, new, message):
    with pytest.raises(CorpusError, match=message) as caught:
        read_evaluation(write(EVALUATION.replace(old, new)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (" [006.2901-008.2357]:", "", 'line 1: "Ses01F_impro01_F000 Excuse me." is no line TURN'),
        ("[006.2901-008.2357]", "[006.2901", 'line 1: "Ses01F_impro01_F000 .* is no line TURN'),
        ("_M000", "_F000", "line 3: Ses01F_impro01_F000 stands twice"),
        (TRANSCRIPTION, "M: Yeah.\n", "has no turn"),
    ],
)
def test_damaged_transcriptions(write, old, new, message):
    with pytest.raises(CorpusError, match=message):
        read_transcription(write(TRANSCRIPTION.replace(old, new)))


def test_missing_files(tmp_path):
    with pytest.raises(CorpusError, match=r"no file .*none\.txt; unpack the release again"):
        read_evaluation(tmp_path / "none.txt")
    with pytest.raises(CorpusError, match="cannot be read"):
        read_transcription(tmp_path)
