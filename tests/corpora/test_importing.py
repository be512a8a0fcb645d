"""From a corpus in memory to a store."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.corpora.corpus import Corpus, CorpusConversation
from emospot.corpora.importing import import_corpus
from emospot.corpora.instruments import corpus_instruments
from emospot.corpora.measuring import Instruments, Spotter
from emospot.emotions import LabelSet
from emospot.errors import CorpusError, MediaError, StoreError, UsageError
from emospot.features import store_writer
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, SplitCounts
from emospot.hotspots.marks import Mark, MarkedHotspots
from emospot.hotspots.panel import Panel

LABELS = LabelSet("two", ("calm", "angry"))
PULSE = FeatureDescription("pulse", "watch", "1", 2, pooled=True)


def talk(name, split="train", media=None, **changes):
    utterances = (
        Utterance("a", "Ann", 0.0, 1.5, "so good", label="calm"),
        Utterance("b", "Bob", 1.0, 2.0, "no", label="angry"),
        Utterance("c", "Ann", 2.5, 3.0),
    )
    pulse = (Tokens(np.array([[1.0, 2.0]])), None, Tokens(np.array([[3.0, 4.0]])))
    return CorpusConversation(
        Conversation(name, utterances, media, split), {"pulse": pulse}, **changes
    )


def corpus(*talks, **changes):
    given = {"features": {"pulse": PULSE}, "notices": ("odd",), **changes}
    return Corpus("tiny", "tiny-release", LABELS, talks, **given)


def test_ready_made_and_measured_parts(tmp_path, fake):
    told = []
    summary = import_corpus(
        corpus(talk("x"), talk("y", "test")),
        tmp_path / "s",
        fake.words(),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(3, 6), (6, 6)]
    assert summary.total == SplitCounts(2, 6, 4)
    assert summary.label_counts == {
        "train": {"calm": 1, "angry": 1},
        "test": {"calm": 1, "angry": 1},
    }
    assert summary.notices == ("odd",)
    store = FeatureStore.open(tmp_path / "s", verify=True)
    assert (store.manifest.corpus, store.manifest.kind) == ("tiny", "tiny-release")
    assert list(store.features) == ["words", "pulse"]
    assert store.features["pulse"] == PULSE
    first, second = store.conversations()
    assert [t and t.values.tolist() for t in first.tokens["pulse"]] == [[[1, 2]], None, [[3, 4]]]
    assert [t and len(t) for t in first.tokens["words"]] == [7, 2, None]
    assert (first.conversation.id, second.conversation.split) == ("x", "test")


def test_words_from_one_file_and_faces_from_another(tmp_path, fake):
    opened = []

    def audio(path, spans):
        opened.append(("sound", path.name))
        return fake.all.audio(path, spans)

    def frames(path):
        opened.append(("film", path.name))
        return fake.all.frames(path)

    by = dataclasses.replace(fake.all, audio=audio, frames=frames)
    one = talk("x", media=Path("d.wav"), video=Path("d.avi"))
    import_corpus(corpus(one, talk("y", video=Path("e.avi"))), tmp_path / "s", by)
    assert opened == [("sound", "d.wav"), ("film", "d.avi"), ("film", "e.avi")]
    first, second = FeatureStore.open(tmp_path / "s").conversations()
    assert first.conversation.media == Path("d.wav")
    assert [t and t.values.ravel().tolist() for t in first.tokens["face"]] == [[0, 10], [10], None]
    assert second.tokens["voice"] == (None,) * 3
    assert second.tokens["face"][0] is not None


def test_clips_are_measured_one_by_one(tmp_path, fake):
    clips = (Path("a.mp4"), None, Path("c.mp4"))
    import_corpus(corpus(talk("x", clips=clips)), tmp_path / "s", fake.all)
    (found,) = FeatureStore.open(tmp_path / "s").conversations()
    # start and number of samples of each clip, read by itself: two seconds from its own zero
    assert [t and t.values[:2, 0].tolist() for t in found.tokens["voice"]] == [
        [0, 20], None, [0, 20],
    ]  # fmt: skip


def test_marked_spans_are_no_hotspots(tmp_path, fake):
    mark = ((Hotspot("words", None, None, 1.0, "cause", 0, 2),), (), ())
    for name, marked in (("a", mark), ("b", ())):
        import_corpus(corpus(talk("x", marked=marked)), tmp_path / name, fake.words())
    hashes = {FeatureStore.open(tmp_path / name).content_hash for name in "ab"}
    assert len(hashes) == 1


def interrupted(made, out, by, **settings):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_corpus(made, out, by, progress=stop, **settings)


def test_an_interrupted_import_goes_on(tmp_path, fake, monkeypatch):
    monkeypatch.setattr(store_writer, "SHARD_SECONDS", 0.0)
    made, by = corpus(talk("x"), talk("y", "test")), fake.words()
    interrupted(made, tmp_path / "s", by)
    assert by.words.calls == 1
    again = import_corpus(made, tmp_path / "s", by)
    assert (again.resumed, by.words.calls) == (1, 2)
    assert again.content_hash == import_corpus(made, tmp_path / "w", by).content_hash


@pytest.mark.parametrize(
    "change",
    [
        {"value_type": "float32"},
        {"fingerprint": "another file"},
        {"talks": (talk("x"), talk("y", "train"))},
        {"talks": (talk("x", media=Path("new.wav")), talk("y", "test"))},
        {"changes": {"features": {"pulse": dataclasses.replace(PULSE, version="2")}}},
    ],
)
def test_another_corpus_or_setting_does_not_resume(tmp_path, fake, monkeypatch, change):
    monkeypatch.setattr(store_writer, "SHARD_SECONDS", 0.0)
    talks = (talk("x"), talk("y", "test"))
    interrupted(corpus(*talks), tmp_path / "s", fake.words())
    other = corpus(*change.pop("talks", talks), **change.pop("changes", {}))
    with pytest.raises(StoreError, match="differs in: "):
        import_corpus(other, tmp_path / "s", fake.words(), **change)


def test_what_the_corpus_has_not_got_is_told(tmp_path, fake):
    silent = dataclasses.replace(
        talk("x"), conversation=Conversation("x", (Utterance("a", "Ann", label="calm"),) * 1),
        tokens={"pulse": (None,)},
    )  # fmt: skip
    summary = import_corpus(corpus(silent), tmp_path / "s", fake.all)
    assert summary.notices == (
        "odd",
        "no words: the corpus has no texts",
        "no voice and face from recordings: the corpus has none here",
    )
    assert list(FeatureStore.open(tmp_path / "s").features) == ["pulse"]


def test_impossible_wishes(tmp_path, fake):
    with pytest.raises(UsageError, match='error, absent, skip, found "zero"'):
        import_corpus(corpus(talk("x")), tmp_path / "s", missing="zero")
    made = corpus(talk("x"), features={"words": dataclasses.replace(PULSE, modality="words")})
    with pytest.raises(CorpusError, match=r"words is ready-made in this corpus \(watch\) and to"):
        import_corpus(made, tmp_path / "s", fake.words())
    bare = dataclasses.replace(talk("x"), tokens={})
    with pytest.raises(CorpusError, match="nothing to learn from: choose a words extractor"):
        import_corpus(corpus(bare, features={}), tmp_path / "s", Instruments())
    assert not (tmp_path / "s").exists()


def hears_all_but_a(fake):
    def audio(path, spans):
        if path.name == "a.wav":
            raise MediaError("a.wav is corrupt")
        return fake.all.audio(path, spans)

    return dataclasses.replace(fake.all, audio=audio)


def test_recordings_that_cannot_be_read(tmp_path, fake):
    by = hears_all_but_a(fake)
    made = corpus(talk("x", media=Path("a.wav")), talk("y", media=Path("b.wav")))
    with pytest.raises(
        MediaError,
        match=r'1 of 2 conversations could not be measured: dialogue "x": a.wav is corrupt\. What',
    ):
        import_corpus(made, tmp_path / "a", by)
    absent = import_corpus(made, tmp_path / "b", by, missing="absent")
    assert absent.notices == ("odd", "a.wav is corrupt")
    skipped = import_corpus(made, tmp_path / "c", by, missing="skip")
    assert skipped.notices == ("odd", 'left out: dialogue "x": a.wav is corrupt')
    (left,) = FeatureStore.open(tmp_path / "c").conversations()
    assert left.conversation.id == "y"
    with pytest.raises(MediaError, match="1 of 1 conversations"):
        import_corpus(corpus(made.conversations[0]), tmp_path / "d", by, missing="skip")


@pytest.mark.parametrize(("missing", "ids"), [("error", "yx"), ("absent", "yx"), ("skip", "y")])
def test_what_could_be_measured_is_not_measured_again(tmp_path, fake, missing, ids):
    """After a recording was repaired, or when it shall be done without."""
    made = corpus(talk("x", media=Path("a.wav")), talk("y", media=Path("b.wav")))
    with pytest.raises(MediaError):
        import_corpus(made, tmp_path / "s", hears_all_but_a(fake))
    by = fake.all if missing == "error" else hears_all_but_a(fake)
    summary = import_corpus(made, tmp_path / "s", by, missing=missing)
    assert summary.resumed == 1
    found = FeatureStore.open(tmp_path / "s").conversations()
    assert [one.conversation.id for one in found] == list(ids)


def test_marks_take_the_place_of_a_detector(tmp_path, fake):
    """Only where they are asked for, and only those of recordings that are there."""
    spot = Hotspot("words", 0.2, 0.6, 1.0, "marks", 0, 2)
    marks = MarkedHotspots("words", {"x": [Mark(spot, "a")], "gone": [], "there": [Mark(spot)]})
    by = dataclasses.replace(fake.words(), words_hotspots=Spotter(Panel((marks,))))
    talks = corpus(talk("x"), talk("y", media=Path("films/there.mp4")))
    summary = import_corpus(talks, tmp_path / "s", by)
    assert summary.notices == (
        "odd",
        "marks of words are about recordings that the corpus has not got: gone",
    )
    store = FeatureStore.open(tmp_path / "s")
    elsewhere = dataclasses.replace(spot, char_start=None, char_end=None)
    assert [stored.hotspots[0] for stored in store.conversations()] == [(spot,), (elsewhere,)]
    assert store.detectors == {"words": marks.name}
    with pytest.raises(CorpusError, match=r"marks of words are about x, gone, .* corpus has z: n"):
        import_corpus(corpus(talk("z")), tmp_path / "other", by)
    with pytest.raises(UsageError, match="words are to be marks and what lexicon finds"):
        corpus_instruments({}, detectors=["lexicon"], marks={"words": marks})


def test_marks_need_no_recording(tmp_path, fake):
    """Ready-made features of the voice have moments too."""
    spot = Hotspot("voice", 0.2, 0.6, 1.0, "marks")
    marks = MarkedHotspots("voice", {"x": [Mark(spot)]})
    by = Instruments(voice_hotspots=Spotter(Panel((marks,))))
    summary = import_corpus(corpus(talk("x")), tmp_path / "s", by)
    assert summary.notices == ("odd",)
    (stored,) = FeatureStore.open(tmp_path / "s").conversations()
    assert stored.hotspots[0] == (spot,)


def test_a_name_of_two_recordings_is_an_error(tmp_path, fake):
    marks = MarkedHotspots("words", {"a.wav": [Mark(Hotspot("words", 0.0, 1.0, 1.0, "m"))]})
    by = dataclasses.replace(fake.words(), words_hotspots=Spotter(Panel((marks,))))
    two = corpus(talk("x", media=Path("one/a.wav")), talk("y", media=Path("two/a.wav")))
    with pytest.raises(CorpusError, match=r'"a\.wav", and that may be one/a\.wav, two/a\.wav: na'):
        import_corpus(two, tmp_path / "s", by)


def test_sound_that_is_made_has_no_face(tmp_path, fake):
    made = talk("x", media=Path("clips"), sound=lambda: np.ones(16_000 * 3, np.float32))
    summary = import_corpus(corpus(made), tmp_path / "s", fake.all)
    assert summary.notices == ("odd", "no face: the corpus is sound alone")
    (stored,) = FeatureStore.open(tmp_path / "s").conversations()
    assert list(stored.tokens) == ["words", "voice", "pulse"]
