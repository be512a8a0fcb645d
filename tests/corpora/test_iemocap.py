"""The release, generated with exactly its structure: small, and whole from the shared table."""

from collections import Counter

import numpy as np
import pytest

from emospot.corpora.iemocap import read_iemocap, speaker_of
from emospot.emotions import IEMOCAP4, IEMOCAP6
from emospot.errors import CorpusError, UsageError

CODES = {
    "neutral": "neu", "happiness": "hap", "sadness": "sad", "anger": "ang", "surprise": "sur",
    "fear": "fea", "disgust": "dis", "frustration": "fru", "excited": "exc", "other": "oth",
    "undecided": "xxx",
}  # fmt: skip
SMALL = [
    # turn, emotion, start, in turn order
    ("F000", "neutral", 1.0),
    ("M000", "excited", 0.5),
    ("F001", "undecided", 3.0),
    ("M001", "happiness", 4.0),
]


def write_dialogue(root, name, turns):
    """Write (turn, start, end, emotion, ratings, words) as a dialogue of the release.

    The evaluations list the turns of F before those of M, as the release does.
    """
    folder = root / f"Session{int(name[3:5])}" / "dialog"
    for part in ("EmoEvaluation", "transcriptions"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
    for turn, start, end, emotion, ratings, _ in sorted(turns, key=lambda t: t[0]):
        means = ", ".join(f"{rating:.4f}" for rating in ratings)
        lines += [f"[{start:.4f} - {end:.4f}]\t{turn}\t{CODES[emotion]}\t[{means}]"]
        lines += [f"C-E2:\t{emotion.capitalize()};\t()", "A-E3:\tval 3; act 2; dom  3;\t()", ""]
    (folder / "EmoEvaluation" / f"{name}.txt").write_text("\n".join(lines))
    spoken = [
        f"{turn} [{start:08.4f}-{end:08.4f}]: {words}" for turn, start, end, _, _, words in turns
    ]
    spoken.insert(1, f"{name}_MXX0 [000.1000-000.2000]: [LAUGHTER]")
    (folder / "transcriptions" / f"{name}.txt").write_text("\n".join(spoken) + "\n")
    # Files of single raters, which must not be read.
    (folder / "EmoEvaluation" / "Categorical").mkdir(exist_ok=True)
    (folder / "EmoEvaluation" / "Categorical" / f"{name}_e2_cat.txt").write_text("x")


@pytest.fixture
def release(tmp_path):
    root = tmp_path / "IEMOCAP_full_release"
    for session in range(1, 6):
        name = f"Ses{session:02d}F_impro01"
        turns = [
            (f"{name}_{turn}", start, start + 1, emotion, (2.0, 3.0, 4.5), f"Words of {turn}.")
            for turn, emotion, start in SMALL
        ]
        write_dialogue(root, name, turns)
        for folder, suffix in (("wav", "wav"), ("avi/DivX", "avi")):
            (root / f"Session{session}/dialog/{folder}").mkdir(parents=True)
            (root / f"Session{session}/dialog/{folder}/{name}.{suffix}").touch()
    return root


def test_the_release(release):
    corpus = read_iemocap(release)
    assert (corpus.name, corpus.kind, corpus.label_set) == ("iemocap", "iemocap-release", IEMOCAP6)
    assert corpus.notices == ("5 lines of the transcriptions are no evaluated turns",)
    splits = [one.conversation.split for one in corpus.conversations]
    assert splits == ["train"] * 4 + ["test"]
    last = corpus.conversations[-1]
    assert last.conversation.id == "Ses05F_impro01"
    assert last.conversation.media == release / "Session5/dialog/wav/Ses05F_impro01.wav"
    assert last.video == release / "Session5/dialog/avi/DivX/Ses05F_impro01.avi"
    utterances = last.conversation.utterances
    assert [u.id[-4:] for u in utterances] == ["F000", "M000", "F001", "M001"]
    assert [u.start for u in utterances] == [1.0, 0.5, 3.0, 4.0]
    assert [u.speaker for u in utterances] == ["Ses05_F", "Ses05_M", "Ses05_F", "Ses05_M"]
    assert [u.label for u in utterances] == ["neutral", "excited", None, "happiness"]
    first = utterances[0]
    assert (first.text, first.end, first.word_times_estimated) == ("Words of F000.", 2.0, True)
    assert [first.text[w.char_start : w.char_end] for w in first.words] == ["Words", "of", "F000."]
    assert first.targets["valence"] == 2.0
    assert first.targets["dominance"] == 4.5
    assert (first.targets["votes_neutral"], first.targets["votes_anger"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("task", "label_set", "labels"),
    [
        ("4-way", IEMOCAP4, ["neutral", None, None, "happiness"]),
        ("4-way-merged", IEMOCAP4, ["neutral", "happiness", None, "happiness"]),
    ],
)
def test_four_classes_in_both_meanings(release, task, label_set, labels):
    corpus = read_iemocap(release.parent, task)  # the folder above will do
    assert corpus.label_set is label_set
    assert [u.label for u in corpus.conversations[0].conversation.utterances] == labels


def test_an_unknown_task(release):
    with pytest.raises(UsageError, match='no task "5-way"; known: 6-way, 4-way, 4-way-merged'):
        read_iemocap(release, "5-way")


def test_without_recordings(release):
    for path in [*release.rglob("*.avi"), release / "Session2/dialog/wav/Ses02F_impro01.wav"]:
        path.unlink()
    corpus = read_iemocap(release)
    assert [one.conversation.media is None for one in corpus.conversations] == [
        False, True, False, False, False,
    ]  # fmt: skip
    assert corpus.notices[1:] == (
        "1 dialogues have no sound (dialog/wav)",
        "5 dialogues have no film (dialog/avi/DivX)",
    )


def test_a_missing_folder(release, tmp_path):
    (release / "Session4").rename(release / "Session4.part")
    with pytest.raises(CorpusError, match=r"no folder .*Session4.dialog.EmoEvaluation: expected"):
        read_iemocap(release)
    with pytest.raises(CorpusError, match=r"no folder .*nowhere: name the folder IEMOCAP_full_re"):
        read_iemocap(tmp_path / "nowhere")
    (release / "Session4/dialog/EmoEvaluation").mkdir(parents=True)
    with pytest.raises(CorpusError, match=r"has no files Ses04….txt; unpack"):
        read_iemocap(release)


@pytest.mark.parametrize(
    ("damaged", "other"),
    [("EmoEvaluation", "transcriptions"), ("transcriptions", "EmoEvaluation")],
)
def test_a_missing_line(release, damaged, other):
    path = release / f"Session3/dialog/{damaged}/Ses03F_impro01.txt"
    lines = [line for line in path.read_text().split("\n") if "_M001" not in line]
    path.write_text("\n".join(lines))
    message = (
        rf"Session3.dialog.{damaged}.Ses03F_impro01\.txt has no line for Ses03F_impro01_M001, "
        rf"which .*{other}.Ses03F_impro01\.txt has; unpack the release again"
    )
    with pytest.raises(CorpusError, match=message):
        read_iemocap(release)


def test_a_missing_transcription(release):
    (release / "Session3/dialog/transcriptions/Ses03F_impro01.txt").unlink()
    with pytest.raises(CorpusError, match=r"no file .*transcriptions.Ses03F_impro01\.txt"):
        read_iemocap(release)


def test_who_speaks_is_not_who_wears_the_markers():
    assert speaker_of("Ses01F_impro01_M000") == "Ses01_M"
    assert speaker_of("Ses05M_script01_1b_F003") == "Ses05_F"


@pytest.fixture(scope="module")
def whole(shared_data, tmp_path_factory):
    """All 10,039 turns of the shared table, written as the release has them."""
    import pandas

    frame = pandas.read_parquet(shared_data / "iemocap/iemocap.parquet")
    root = tmp_path_factory.mktemp("iemocap")
    for name, rows in frame.sort_values(["dialogue", "position"]).groupby("dialogue"):
        ratings = rows[["valence", "activation", "dominance"]].to_numpy()
        turns = zip(
            rows.utterance, rows.start, rows.end, rows.emotion, ratings, rows.text.fillna(""),
            strict=True,
        )  # fmt: skip
        write_dialogue(root, name, list(turns))
    return root, frame.set_index("utterance")


@pytest.mark.parametrize(
    ("task", "count"), [("6-way", 7380), ("4-way", 4490), ("4-way-merged", 5531)]
)
def test_the_published_counts(whole, task, count):
    corpus = read_iemocap(whole[0], task)
    labels = Counter(u.label for one in corpus.conversations for u in one.conversation.utterances)
    assert labels.total() - labels[None] == count
    assert (labels["neutral"], labels["sadness"], labels["anger"]) == (1708, 1084, 1103)


def test_the_whole_release_equals_the_table(whole):
    root, frame = whole
    corpus = read_iemocap(root)
    splits = Counter(one.conversation.split for one in corpus.conversations)
    assert splits == {"train": 120, "test": 31}
    turns = [
        (one.conversation, u) for one in corpus.conversations for u in one.conversation.utterances
    ]
    assert len(turns) == 10_039
    expected = frame.sort_values(["dialogue", "position"])
    assert [u.id for _, u in turns] == expected.index.tolist()
    assert [u.speaker for _, u in turns] == expected.speaker.tolist()
    assert [c.split for c, _ in turns] == expected.split.tolist()
    assert [u.text or "" for _, u in turns] == expected.text.fillna("").str.strip().tolist()
    emotions = [e if e in IEMOCAP6.labels else None for e in expected.emotion]
    assert [u.label for _, u in turns] == emotions
    for name in ("valence", "activation", "dominance"):
        found = np.array([u.targets[name] for _, u in turns])
        np.testing.assert_allclose(found, expected[name], atol=1e-4)
