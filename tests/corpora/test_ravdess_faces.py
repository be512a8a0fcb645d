"""Turns made of stills: what stands where, and who detects it."""

import numpy as np
import pytest

from emospot.corpora.importing import import_corpus
from emospot.corpora.instruments import corpus_instruments
from emospot.corpora.ravdess import ACTION_UNITS
from emospot.corpora.ravdess_faces import NEUTRAL_SHARE, TURNS, read_ravdess_faces
from emospot.errors import CorpusError
from emospot.features.store import FeatureStore

SMILE = ACTION_UNITS.index("AU12_r")
EMOTIONS = (3, 4, 5, 6, 7, 8)
ACTORS = range(1, 25)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ravdess")
    write_units(folder)
    return folder


def write_units(folder):
    """Every actor's neutral clips, a calm one, and four clips of each emotion with a smile."""
    from pyarrow import Table
    from pyarrow.parquet import write_table

    codes, vectors = [], []
    for actor in ACTORS:
        own = [("01", "01", s, r) for s in (1, 2) for r in (1, 2)]
        own += [("02", "01", 1, 1)]
        own += [(f"{e:02}", f"{i:02}", s, 1) for e in EMOTIONS for i in (1, 2) for s in (1, 2)]
        for number, (emotion, intensity, statement, repetition) in enumerate(own):
            codes.append(f"03-01-{emotion}-{intensity}-{statement:02}-{repetition:02}-{actor:02}")
            units = np.full(len(ACTION_UNITS), 0.01 * number, dtype=np.float32)
            units[SMILE] = 0.0 if emotion in ("01", "02") else 1.5 * int(intensity)
            vectors.append(units.tolist())
    write_table(Table.from_pydict({"clip": codes, "au35": vectors}), folder / "au35.parquet")


def test_every_emotional_clip_stands_once_among_the_neutral(source):
    corpus = read_ravdess_faces(source)
    assert corpus.ready_made == {"face": "openface"}
    own = [c for c in corpus.conversations if c.conversation.id.startswith("actor 05")]
    turns = [
        (u, tokens, marks)
        for c in own
        for u, tokens, marks in zip(
            c.conversation.utterances, c.tokens["face"], c.marked, strict=True
        )
    ]
    moved = [turn for turn in turns if turn[0].label != "neutral"]
    assert len(moved) == len(EMOTIONS) * 4
    assert len(moved) / len(turns) == pytest.approx(1 - NEUTRAL_SHARE)
    assert [len(c.conversation.utterances) for c in own] == [TURNS] * (len(turns) // TURNS)
    for utterance, tokens, marks in turns:
        assert (tokens.times[0, 0], round(tokens.times[-1, 1], 6)) == (
            utterance.start,
            utterance.end,
        )
        smiles = tokens.values[:, SMILE] > 0
        assert smiles.sum() == (20 if marks else 0)
        assert bool(marks) == (utterance.label != "neutral")
        for mark in marks:
            inside = (tokens.times[:, 0] > mark.start - 0.01) & (
                tokens.times[:, 1] < mark.end + 0.01
            )
            assert (inside == smiles).all()
    # Nothing of calm, each clip once, all places.
    shown = [tuple(tokens.values[tokens.values[:, SMILE] > 0][0]) for _, tokens, _ in moved]
    assert len(set(shown)) == len(moved)
    assert {round(marks[0].start % 10) for _, _, marks in moved} == {0, 2, 4, 6, 8}
    labels = {u.label for u, _, _ in turns}
    assert labels == {"neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised"}


def test_splits_by_actor_and_the_same_every_time(source):
    corpus = read_ravdess_faces(source)
    splits = {
        split: {
            c.conversation.utterances[0].speaker
            for c in corpus.conversations
            if c.conversation.split == split
        }
        for split in ("train", "dev", "test")
    }
    assert [len(own) for own in splits.values()] == [10, 2, 12]
    again = read_ravdess_faces(source)
    for one, other in zip(corpus.conversations, again.conversations, strict=True):
        assert one.conversation == other.conversation
        for own, same in zip(one.tokens["face"], other.tokens["face"], strict=True):
            assert np.array_equal(own.values, same.values)


def test_the_detector_of_action_units_reads_what_the_corpus_brings(source, tmp_path):
    corpus = read_ravdess_faces(source)
    by = corpus_instruments(corpus.ready_made, words="none", detectors=["units"])
    import_corpus(corpus, tmp_path / "store", by)
    store = FeatureStore.open(tmp_path / "store")
    assert store.detectors == {"face": "units"}
    found = moved = 0
    for stored, one in zip(store.conversations(), corpus.conversations, strict=True):
        for spots, marks in zip(stored.hotspots, one.marked, strict=True):
            assert marks or not spots
            moved += bool(marks)
            for spot in spots:
                (mark,) = marks
                assert (spot.modality, spot.fired_by) == ("face", "AU12")
                assert spot.start == pytest.approx(mark.start, abs=0.11)
                assert spot.end == pytest.approx(mark.end, abs=0.11)
                found += 1
    assert found > 0.7 * moved


def test_what_is_missing_is_told(tmp_path):
    with pytest.raises(CorpusError, match=r"holds no au35.parquet"):
        read_ravdess_faces(tmp_path)


def test_the_published_table(shared_data):
    corpus = read_ravdess_faces(shared_data / "ravdess")
    assert len(corpus.conversations) == 24 * 6
    labels = [u.label for c in corpus.conversations for u in c.conversation.utterances]
    assert labels.count("neutral") == 24 * 12
    assert labels.count("happy") == 24 * 8
