"""Conversations cut from clips: turns with labels, and what is emotional in them marked."""

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from emospot.corpora import ravdess_conversations
from emospot.corpora.importing import import_corpus
from emospot.corpora.instruments import corpus_instruments
from emospot.corpora.ravdess_conversations import read_ravdess_conversations
from emospot.corpora.ravdess_splices import splice
from emospot.evaluation.marks import own_marks
from emospot.features.store import FeatureStore

RATE = 16_000


def write_clips(folder: Path) -> None:
    """What splices need of each of the 24 actors: tones of 0.2 s, emotional ones higher."""
    neutral = itertools.product([1], [1], (1, 2), (1, 2))
    emotional = itertools.product(range(3, 9), (1, 2), [1], [1])
    for actor, (emotion, intensity, statement, repetition) in itertools.product(
        range(1, 25), [*neutral, *emotional]
    ):
        code = (3, 1, emotion, intensity, statement, repetition, actor)
        name = "-".join(f"{number:02}" for number in code)
        tone = 150.0 if emotion == 1 else 250.0 + 10 * emotion
        sound = 0.3 * np.sin(2 * np.pi * tone * np.arange(RATE // 5) / RATE)
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes((32767 * sound).astype("<i2").tobytes())


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.setattr(ravdess_conversations, "EACH", 3)
    write_clips(tmp_path)
    return read_ravdess_conversations(tmp_path)


def test_turns_are_the_clips_and_marked_where_emotional(corpus, tmp_path):
    assert len(corpus.conversations) == 24 * 3
    for one in corpus.conversations:
        talk = one.conversation
        actor, number = int(talk.id[6:8]), int(talk.id.split(", ")[1])
        assert talk.split == ("train" if actor <= 10 else "dev" if actor <= 12 else "test")
        made = splice(tmp_path, actor, number, ravdess_conversations.SEED)
        assert np.array_equal(one.sound(), made.audio)
        turns = talk.utterances
        assert [u.start for u in turns] == sorted(u.start for u in turns)
        assert sum(u.label == "neutral" for u in turns) == 4
        for turn, marks in zip(turns, one.marked, strict=True):
            assert [(m.start, m.end) for m in marks] == (
                [] if turn.label == "neutral" else [(turn.start, turn.end)]
            )
        labels = [u.label for u in turns if u.label != "neutral"]
        named = [corpus.label_set.labels[clip.emotion - 1] for clip in made.emotional]
        assert labels == named


def test_the_sound_is_measured_turn_by_turn(corpus, tmp_path):
    by = corpus_instruments(
        {}, words="none", voice="basic:0.1", marks={"voice": own_marks(corpus, "voice")}
    )
    import_corpus(corpus, tmp_path / "store", by)
    for stored in FeatureStore.open(tmp_path / "store").conversations():
        for turn, tokens, spots in zip(
            stored.conversation.utterances,
            stored.tokens["voice"],
            stored.hotspots,
            strict=True,
        ):
            assert tokens.times[0, 0] == pytest.approx(turn.start, abs=0.02)
            assert tokens.times[-1, 1] == pytest.approx(turn.end, abs=0.1)
            assert bool(spots) == (turn.label != "neutral")
