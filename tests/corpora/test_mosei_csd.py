import json

import numpy as np
import pytest

from emospot.conversation import Word
from emospot.corpora.mosei import read_mosei, read_mosi
from emospot.corpora.mosei_targets import COLUMNS
from emospot.errors import CorpusError, UsageError

# Two utterances, the later one first, as in the release; one without length.
SPANS = [[4.0, 6.0], [0.0, 3.0], [7.0, 7.0]]
RATED = [[1.5, 1, 0, 0, 0, 0, 2], [-3, 0, 0, 3, 0, 0, 0], [0] * 7]
SPOKEN = [(0.0, 1.0, b"so"), (1.0, 2.0, b"sp"), (2.0, 3.0, b"good"), (4.0, 5.5, b"well")]
WORDS = ([[a, b] for a, b, _ in SPOKEN], np.array([[w] for *_, w in SPOKEN], dtype="S32"))
FRAMES = ([[n / 2, n / 2 + 0.5] for n in range(12)], [[float(n), 1.0] for n in range(12)])


@pytest.fixture
def release(write_csd, tmp_path):
    """The release: labels, words, word vectors, voice and face of two videos."""

    def write(labels=RATED, leave_out=(), dimensions=None, root="All Labels"):
        vectors = (WORDS[0], np.arange(1.0, 13.0).reshape(4, 3))
        sequences = {
            "Labels": (root, (SPANS, labels)),
            "TimestampedWords": ("words", WORDS),
            "TimestampedWordVectors": ("glove_vectors", vectors),
            "COVAREP": ("COVAREP", FRAMES),
            "VisualFacet42": ("FACET 4.2", FRAMES),
            "TimestampedPhones": ("phones", WORDS),
        }
        for name, (root_name, video) in sequences.items():
            if name in leave_out:
                continue
            videos = {"v1": video, "v2": video} if name != "VisualFacet42" else {"v1": video}
            write_csd(f"csd/CMU_MOSEI_{name}.csd", root_name, videos, dimensions)
        return tmp_path / "csd"

    return write


def folds(folder, train=("v1",), test=("v2",)):
    (folder / "splits.json").write_text(json.dumps({"train": train, "valid": [], "test": test}))


def test_intervals_of_the_labels_are_utterances(release):
    folder = release()
    folds(folder)
    corpus = read_mosei(folder)
    assert (corpus.kind, len(corpus.label_set)) == ("mosei-csd", 0)
    first, second = (one.conversation for one in corpus.conversations)
    assert [(one.id, one.split) for one in (first, second)] == [("v1", "train"), ("v2", "test")]
    early, late = first.utterances
    assert (early.id, early.start, early.end) == ("1", 0.0, 3.0)
    assert (early.text, early.speaker) == ("so good", "v1")
    assert early.words == (Word(0.0, 1.0, 0, 2), Word(2.0, 3.0, 3, 7))
    assert not early.word_times_estimated
    assert early.targets == dict(zip(COLUMNS, RATED[1], strict=True))
    assert (late.id, late.text, late.targets["fear"]) == ("0", "well", 2)
    assert corpus.notices == ("2 intervals of the labels have no length; they are left out",)


def test_voice_and_face_are_means_over_words(release):
    first, second = read_mosei(release()).conversations
    early, late = first.tokens["voice"]
    # "so" holds frames 0 and 1, the silence 2 and 3, "good" 4 and 5.
    assert early.values[:, 0].tolist() == [0.5, 2.5, 4.5]
    assert early.times.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert late.values.tolist() == [[9.0, 1.0]]
    assert first.tokens["words"][0].values.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert second.tokens["face"] == (None, None)


def test_frames_can_be_kept(release):
    corpus = read_mosei(release(), tokens="frame")
    early, late = corpus.conversations[0].tokens["voice"]
    assert early.values[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert late.times.tolist() == [[4, 4.5], [4.5, 5], [5, 5.5], [5.5, 6]]
    assert corpus.features["voice"].extractor == "COVAREP:frame"
    with pytest.raises(UsageError, match='tokens must be "word" or "frame", found "second"'):
        read_mosei(release(), tokens="second")


def test_without_words_frames_are_kept(release):
    corpus = read_mosei(release(leave_out=("TimestampedWords", "TimestampedWordVectors")))
    assert len(corpus.conversations[0].tokens["voice"][0]) == 6
    assert corpus.conversations[0].conversation.utterances[0].text is None
    assert any("there is no file of words to average over" in one for one in corpus.notices)


def test_word_vectors_alone_time_the_words(release):
    corpus = read_mosei(release(leave_out=("TimestampedWords",)))
    assert corpus.conversations[0].tokens["voice"][0].values[:, 0].tolist() == [0.5, 2.5, 4.5]


def test_the_files_of_mosi_have_the_sentiment_alone(release):
    corpus = read_mosi(release([[-1.6], [np.nan], [0]], root="Opinion Segment Labels"))
    early, late = corpus.conversations[0].conversation.utterances
    assert (early.targets, late.targets) == ({}, {"sentiment": pytest.approx(-1.6)})


def test_columns_may_be_named_in_another_order(release):
    names = ["fear", "sentiment", "happy", "sad", "anger", "surprise", "disgust"]
    rated = [[2, 1.5, 1, 0, 0, 0, 0], [0, -3, 0, 0, 3, 0, 0], [0] * 7]
    corpus = read_mosei(release(rated, dimensions=names))
    early = corpus.conversations[0].conversation.utterances[0]
    assert early.targets == dict(zip(COLUMNS, RATED[1], strict=True))


def test_numbers_that_are_not_finite_do_not_spoil_a_mean(release, write_csd):
    folder = release(leave_out=("COVAREP",))
    values = np.array(FRAMES[1])
    values[0, 1] = -np.inf
    write_csd("csd/COVAREP.csd", "COVAREP", {"v1": (FRAMES[0], values)})
    corpus = read_mosei(folder)
    assert corpus.conversations[0].tokens["voice"][0].values[0].tolist() == [0.5, 0.5]
    assert any("voice of 1 utterances" in one for one in corpus.notices)


def test_splits_are_told_when_missing(release, tmp_path):
    folder = release()
    corpus = read_mosei(folder)
    assert {one.conversation.split for one in corpus.conversations} == {None}
    assert "no splits: put the SDK's *_std_folds.py or a splits.json" in corpus.notices[0]
    folds(folder, test=("v9",))
    assert "1 videos are in no split" in read_mosei(folder).notices
    other = tmp_path / "mine_std_folds.py"
    other.write_text("standard_train_fold=['v2']\nstandard_test_fold=['v1']")
    found = read_mosei(folder / "CMU_MOSEI_Labels.csd", other).conversations
    assert [one.conversation.split for one in found] == ["test", "train"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[9.0] + [0] * 6] * 3, r"CMU_MOSEI_Labels\.csd, v1\[1\]: sentiment is 9"),
        ([[0.0] * 3] * 3, r"CMU_MOSEI_Labels\.csd has 3 columns; expected 7 \(sentiment, happ"),
        (np.array([[b"a"]] * 3), r"v1\[1\]: labels must be numbers"),
    ],
)
def test_damaged_labels(release, labels, message):
    with pytest.raises(CorpusError, match=message) as caught:
        read_mosei(release(labels))
    assert "\n" not in str(caught.value)


def test_folders_that_do_not_fit(release, write_csd):
    with pytest.raises(CorpusError, match=r"has no labels .found: .*COVAREP\.csd.*download CMU_M"):
        read_mosei(release(leave_out=("Labels",)))
    folder = release()
    write_csd("csd/more.csd", "OpenSMILE", {"v1": FRAMES})
    with pytest.raises(CorpusError, match=r"COVAREP\.csd and more\.csd are both for voice"):
        read_mosei(folder)
    write_csd("csd/more.csd", "gestures", {"v1": FRAMES})
    with pytest.raises(CorpusError, match='nothing is known of a sequence named "gestures"'):
        read_mosei(folder)


def test_features_that_are_texts(release, write_csd):
    folder = release(leave_out=("COVAREP",))
    write_csd("csd/COVAREP.csd", "COVAREP", {"v1": WORDS})
    with pytest.raises(CorpusError, match=r"COVAREP\.csd, v1\[1\]: features must be numbers"):
        read_mosei(folder)


def test_videos_may_lack_parts(release, write_csd):
    folder = release(leave_out=("TimestampedWordVectors", "TimestampedWords", "Labels"))
    nothing = (np.zeros((0, 2)), np.zeros((0, 7)))
    instant = ([[1.0, 1.0]], [[0.0] * 7])
    rated = {"v1": (SPANS, RATED), "v2": nothing, "v3": instant, "v4": (SPANS, RATED)}
    write_csd("csd/l.csd", "All Labels", rated)
    # A word long after the first utterance; none at all in v4.
    write_csd("csd/w.csd", "words", {"v1": ([[5.0, 5.6]], [[b"ah"]])})
    first, last = read_mosei(folder).conversations
    assert (first.conversation.id, last.conversation.id) == ("v1", "v4")
    early, late = first.tokens["voice"]
    assert early is None
    assert late.values[:, 0].tolist() == [10.5]
    assert last.tokens["voice"] == (None, None)
    assert [u.text for u in last.conversation.utterances] == [None, None]
