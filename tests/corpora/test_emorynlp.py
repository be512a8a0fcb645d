import csv
import json

import pytest

from emospot.conversation import Utterance
from emospot.corpora.emorynlp import read_emorynlp
from emospot.emotions import EMORYNLP7
from emospot.errors import CorpusError

HEADER = (
    "Utterance", "Speaker", "Emotion", "Scene_ID", "Utterance_ID", "Season", "Episode",
    "Start_Time", "End_Time",
)  # fmt: skip
ROWS = [
    ("Where is he?", "['Ann Lee']", "Neutral", 1, 2, 1, 2, "00:00:05.171", "00:00:07.421"),
    ("Hey!", "['Ann Lee', 'Bo Day']", "Joyful", 1, 1, 1, 2, "00:00:02.500", "00:00:03.500"),
    ("No.", "['Bo Day']", "Mad", 2, 1, 1, 2, "00:01:00.000", "00:01:00.000"),
]


@pytest.fixture
def release(tmp_path):
    """The three JSON files; one scene a file."""

    def write(split="trn", season=1, folder=tmp_path, **changes):
        utterances = [
            {
                "utterance_id": f"s0{season}_e01_c01_u00{number}",
                "speakers": speakers,
                "transcript": text,
                "tokens": [text.split()],
                "emotion": emotion,
                **(changes if number == 2 else {}),
            }
            for number, (speakers, text, emotion) in enumerate(
                [(["Ann Lee"], "Hi there.", "Joyful"), (["Ann Lee", "Bo Day"], "Oh!", "Scared")], 1
            )
        ]
        scene = {"scene_id": f"s0{season}_e01_c01", "utterances": utterances}
        empty = {"scene_id": f"s0{season}_e01_c02", "utterances": []}
        episode = {"episode_id": f"s0{season}_e01", "scenes": [scene, empty]}
        path = folder / f"emotion-detection-{split}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"season_id": split, "episodes": [episode]}))
        return path

    return write


@pytest.fixture
def tables(tmp_path):
    def write(rows=ROWS, split="train"):
        path = tmp_path / f"emorynlp_{split}_final.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([HEADER, *rows])
        return path

    return write


def test_the_json_release(release, tmp_path):
    for season, split in enumerate(("tst", "trn", "dev"), 1):
        release(split, season, tmp_path / "json")
    corpus = read_emorynlp(tmp_path)
    assert (corpus.name, corpus.kind, corpus.label_set) == ("emorynlp", "emorynlp-json", EMORYNLP7)
    assert [(c.conversation.id, c.conversation.split) for c in corpus.conversations] == [
        ("s02_e01_c01", "train"),
        ("s03_e01_c01", "dev"),
        ("s01_e01_c01", "test"),
    ]
    assert corpus.conversations[0].conversation.utterances == (
        Utterance("s02_e01_c01_u001", "Ann Lee", text="Hi there.", label="joyful"),
        Utterance("s02_e01_c01_u002", "Ann Lee + Bo Day", text="Oh!", label="scared"),
    )
    assert corpus.notices == (
        "3 utterances have several speakers; each such group is taken as one speaker",
    )


def test_one_file_is_one_split(release):
    (one,) = read_emorynlp(release("dev")).conversations
    assert one.conversation.split == "dev"


def test_the_csv_edition(tables, tmp_path):
    tables()
    clip = tmp_path / "train" / "sea1_ep2_sc1_utt2.mp4"
    clip.parent.mkdir()
    clip.touch()
    corpus = read_emorynlp(tmp_path)
    assert corpus.kind == "emorynlp-csv"
    first, second = corpus.conversations
    assert first.conversation.id == "s01_e02_c01"
    assert [u.id for u in first.conversation.utterances] == [
        "s01_e02_c01_u001",
        "s01_e02_c01_u002",
    ]
    hey, where = first.conversation.utterances
    assert (hey.speaker, hey.start, hey.end, hey.label) == ("Ann Lee + Bo Day", 2.5, 3.5, "joyful")
    assert [(w.char_start, w.char_end) for w in where.words] == [(0, 5), (6, 8), (9, 12)]
    assert where.word_times_estimated
    assert first.clips == (None, clip)
    (no,) = second.conversation.utterances
    assert (no.start, no.end, no.words, no.label) == (None, None, (), "mad")
    assert second.clips == ()
    assert corpus.notices[1:] == (
        "1 utterances have times that run backwards (first: emorynlp_train_final.csv, row 3); "
        "they are kept without times",
        "2 utterances have no clip",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"emotion": "Bored"},
            r'trn\.json, "episodes", episode 1, "scenes", scene 1, "utterances", utterance 2, '
            r'"emotion": emotion "Bored" is none of neutral, joyful',
        ),
        ({"speakers": "Ann"}, r"\"speakers\": speakers must be a list of names, found 'Ann'"),
        ({"speakers": []}, r"found \[\]"),
        ({"transcript": None}, '"transcript": expected a text, found null'),
    ],
)
def test_a_damaged_json_file(release, changes, message):
    with pytest.raises(CorpusError, match=message):
        read_emorynlp(release(**changes))


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("Emotion", "Bored", 'row 1: emotion "Bored" is none of'),
        ("Speaker", "Ann", "row 1: speakers must be a list of names, found 'Ann'"),
        ("Start_Time", "5.1", 'row 1: time "5.1" is not of the form'),
        ("Scene_ID", "1.5", 'row 1: column "Scene_ID" must be a whole number, found 1.5'),
        ("Season", "", 'row 1: column "Season" must be a whole number'),
    ],
)
def test_a_damaged_csv_file(tables, column, cell, message):
    row = list(ROWS[0])
    row[HEADER.index(column)] = cell
    with pytest.raises(CorpusError, match=message):
        read_emorynlp(tables([row]))


def test_missing_mixed_and_doubled_files(release, tables, tmp_path):
    with pytest.raises(CorpusError, match="no such file or folder"):
        read_emorynlp(tmp_path / "none")
    with pytest.raises(CorpusError, match=r"holds no file of EmoryNLP; expected emotion-detec"):
        read_emorynlp(tmp_path)
    release()
    tables()
    with pytest.raises(CorpusError, match="holds both editions"):
        read_emorynlp(tmp_path)
    (tmp_path / "emorynlp_train_final.csv").unlink()
    release(folder=tmp_path / "copy")
    with pytest.raises(CorpusError, match="is there twice"):
        read_emorynlp(tmp_path)
