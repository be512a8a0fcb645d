"""The release, generated with its structure, and whole from the shared table."""

import csv

import pytest

from emospot.corpora.meld import read_meld
from emospot.emotions import MELD3, MELD7
from emospot.errors import CorpusError, UsageError

HEADER = [
    "Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID",
    "Season", "Episode", "StartTime", "EndTime",
]  # fmt: skip
ROWS = [
    ["1", "Oh my, “God”!", "Joey", "surprise", "positive", "0", "0", "8", "21",
     "00:16:16,059", "00:16:21,731"],
    ["2", "It\x92s a fiancÃ©e, she said.", "The Interviewer", "neutral", "neutral", "0", "1",
     "8", "21", "00:16:21,940", "0:16:23,442"],
    ["3", "No.", "Joey", "anger", "negative", "1", "0", "8", "21", "01:00:00,5", "01:00:00,5"],
]  # fmt: skip
FOLDERS = {
    "train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test",
}  # fmt: skip


def write_csv(path, rows, header=HEADER):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def release(tmp_path):
    root = tmp_path / "MELD.Raw"
    for split, folder in FOLDERS.items():
        # As the archives unpack: only train has a folder of its own.
        base = root / "train" if split == "train" else root
        write_csv(base / f"{split}_sent_emo.csv", ROWS)
        (base / folder).mkdir(parents=True)
        for row in ROWS:
            (base / folder / f"dia{row[5]}_utt{row[6]}.mp4").touch()
    return root


def test_the_release(release):
    corpus = read_meld(release)
    assert (corpus.name, corpus.kind, corpus.label_set) == ("meld", "meld-release", MELD7)
    found = [(one.conversation.id, one.conversation.split) for one in corpus.conversations]
    assert found == [
        ("train_0", "train"), ("train_1", "train"), ("dev_0", "dev"), ("dev_1", "dev"),
        ("test_0", "test"), ("test_1", "test"),
    ]  # fmt: skip
    first, second = corpus.conversations[0].conversation.utterances
    assert (first.id, first.speaker, first.label) == ("0", "Joey", "surprise")
    assert (first.start, first.end) == (pytest.approx(976.059), pytest.approx(981.731))
    assert (first.words[0].start, first.words[-1].end) == (first.start, first.end)
    assert second.text == "It’s a fiancée, she said."
    (third,) = corpus.conversations[1].conversation.utterances
    assert (third.start, third.end, third.words) == (None, None, ())
    assert corpus.conversations[0].clips == (
        release / "train/train_splits/dia0_utt0.mp4",
        release / "train/train_splits/dia0_utt1.mp4",
    )
    assert corpus.conversations[-1].clips[0].parent.name == "output_repeated_splits_test"
    assert corpus.notices[:2] == (
        "train_sent_emo.csv: wrongly decoded characters mended in 1 texts",
        "train_sent_emo.csv: 1 utterances have no times, or end before they start",
    )


def test_sentiments(release):
    corpus = read_meld(release, "sentiment")
    assert corpus.label_set is MELD3
    labels = [u.label for one in corpus.conversations[:2] for u in one.conversation.utterances]
    assert labels == ["positive", "neutral", "negative"]
    with pytest.raises(UsageError, match='no task "arousal"; known: emotions, sentiment'):
        read_meld(release, "arousal")


def test_missing_clips(release):
    (release / "dev_splits_complete/dia0_utt1.mp4").unlink()
    for clip in (release / "output_repeated_splits_test").iterdir():
        clip.unlink()
    (release / "output_repeated_splits_test").rmdir()
    corpus = read_meld(release)
    clips = {one.conversation.id: one.clips for one in corpus.conversations}
    assert clips["dev_0"] == (release / "dev_splits_complete/dia0_utt0.mp4", None)
    assert clips["test_0"] == ()
    assert "dev: 1 clips are missing (first: dia0_utt1.mp4)" in corpus.notices
    assert "test has no clips: no folder output_repeated_splits_test" in corpus.notices


def test_missing_files(release):
    with pytest.raises(CorpusError, match=r"no folder .*x: name the folder with train_sent_emo"):
        read_meld(release / "x")
    (release / "dev_sent_emo.csv").unlink()
    with pytest.raises(CorpusError, match=r"no file dev_sent_emo.csv in .*; get it from https"):
        read_meld(release)


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("Emotion", "happy", r'row 2: Emotion "happy" is unknown; expected neutral, surprise'),
        ("Emotion", "", 'row 2: Emotion "None" is unknown'),
        ("Speaker", "", "row 2: Speaker is empty"),
        ("Utterance_ID", "0", "row 2: dialogue 0 has utterance 0 twice"),
        ("StartTime", "16:21", 'row 2: "16:21" is no time like 00:14:38,127'),
    ],
)
def test_damaged_rows(release, column, cell, message):
    rows = [list(row) for row in ROWS]
    rows[1][HEADER.index(column)] = cell
    write_csv(release / "test_sent_emo.csv", rows)
    with pytest.raises(CorpusError, match=rf"test_sent_emo\.csv, {message}"):
        read_meld(release)


def test_a_missing_column(release):
    write_csv(release / "test_sent_emo.csv", [row[:3] for row in ROWS], HEADER[:3])
    with pytest.raises(CorpusError, match=r'test_sent_emo\.csv has no column "Dialogue_ID"'):
        read_meld(release)


def test_rows_without_times_or_words(release):
    rows = [list(row) for row in ROWS]
    rows[0][HEADER.index("StartTime")] = rows[0][HEADER.index("Utterance")] = ""
    write_csv(release / "test_sent_emo.csv", rows)
    utterance = read_meld(release).conversations[4].conversation.utterances[0]
    assert (utterance.start, utterance.text, utterance.words) == (None, None, ())


def clock(seconds):
    milliseconds = round(seconds * 1000)
    return (
        f"{milliseconds // 3_600_000:02d}:{milliseconds // 60_000 % 60:02d}:"
        f"{milliseconds // 1000 % 60:02d},{milliseconds % 1000:03d}"
    )


def test_the_whole_release_equals_the_table(shared_data, tmp_path):
    import pandas

    frame = pandas.read_parquet(shared_data / "meld/meld.parquet")
    for split, rows in frame.groupby("split"):
        write_csv(
            tmp_path / f"{split}_sent_emo.csv",
            [
                [0, r.text, r.speaker, r.emotion, r.sentiment, r.dialogue, r.utterance, r.season,
                 r.episode, clock(r.start), clock(r.end)]
                for r in rows.itertuples()
            ],
        )  # fmt: skip
    corpus = read_meld(tmp_path)
    turns = [
        (one.conversation, u) for one in corpus.conversations for u in one.conversation.utterances
    ]
    counts = {s: sum(c.split == s for c, _ in turns) for s in FOLDERS}
    assert counts == {"train": 9989, "dev": 1109, "test": 2610}
    assert len(corpus.conversations) == 1038 + 114 + 280
    order = pandas.Categorical(frame.split, list(FOLDERS))
    expected = frame.assign(order=order).sort_values("order", kind="stable")
    ids = [f"{c.id} {u.id}" for c, u in turns]
    assert (
        ids
        == (
            expected.split
            + "_"
            + expected.dialogue.astype(str)
            + " "
            + expected.utterance.astype(str)
        ).tolist()
    )
    assert [u.label for _, u in turns] == expected.emotion.tolist()
    assert [u.text for _, u in turns] == expected.text.str.strip().tolist()
    assert [u.start for _, u in turns if u.start is not None] == pytest.approx(
        expected.start[expected.end > expected.start].tolist()
    )
    assert sum("1 utterances have no times" in notice for notice in corpus.notices) == 1
