import dataclasses
from pathlib import Path

import numpy as np
import pytest

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.corpora.clips import measure_clips
from emospot.corpora.measuring import Instruments, measure
from emospot.errors import MediaError
from emospot.features.base import FeatureDescription

CLIPS = (Path("a.mp4"), None, Path("c.mp4"))


class Seconds:
    """One token a second of sound: its number of samples, with times."""

    def describe(self):
        return FeatureDescription("voice", "seconds", "1", 1, pooled=False)

    def extract(self, audio, start):
        count = len(audio) // 10
        times = start + np.stack([np.arange(count), np.arange(count) + 1.0], axis=1)
        return Tokens(np.full((count, 1), float(len(audio))), times=times)


@pytest.fixture
def talk():
    return Conversation(
        "d",
        (
            Utterance("a", "Ann", 100.0, 102.0, "so good"),
            Utterance("b", "Bob", 103.0, 104.0, "no"),
            Utterance("c", "Ann", None, None, "well"),
        ),
    )


def test_tokens_stand_where_the_utterances_do(talk, fake):
    by = dataclasses.replace(fake.all, voice=Seconds(), voice_hotspots=None)
    stored = measure_clips(talk, CLIPS, by)
    first, second, third = stored.tokens["voice"]
    assert first.times.tolist() == [[100, 101], [101, 102]]
    assert second is None
    # Without times of its own, an utterance follows the one before.
    assert third.times.tolist() == [[104, 105], [105, 106]]
    utterance = stored.conversation.utterances[2]
    assert (utterance.start, utterance.end) == (104.0, 106.0)
    assert stored.conversation.utterances[:2] == talk.utterances[:2]
    assert first.values.ravel().tolist() == [20, 20]  # each clip counts from its own zero


def test_every_clip_is_opened_once_for_each_sense(talk, fake):
    opened = []

    def audio(path, spans):
        opened.append((path.name, spans))
        return fake.all.audio(path, spans)

    def frames(path):
        opened.append((path.name, "film"))
        return fake.all.frames(path)

    stored = measure_clips(talk, CLIPS, dataclasses.replace(fake.all, audio=audio, frames=frames))
    assert opened == [
        ("a.mp4", [(0.0, 2.0)]), ("a.mp4", "film"), ("c.mp4", [(0.0, 2.0)]), ("c.mp4", "film"),
    ]  # fmt: skip
    assert [t and t.values.ravel().tolist() for t in stored.tokens["face"]] == [
        [0, 10], None, [0, 10],
    ]  # fmt: skip
    assert [t and len(t) for t in stored.tokens["words"]] == [7, 2, 4]
    fired = [[h.modality for h in own] for own in stored.hotspots]
    assert fired == [["words", "voice", "face"], ["words"], ["words", "voice", "face"]]


def test_words_alone_need_no_clip(talk, fake):
    stored, plain = measure_clips(talk, CLIPS, fake.words()), measure(talk, fake.words())
    assert stored.conversation == plain.conversation
    assert stored.hotspots == plain.hotspots
    assert [len(t) for t in stored.tokens["words"]] == [len(t) for t in plain.tokens["words"]]


def test_given_tokens_stay(talk):
    given = (Tokens(np.ones((1, 2))),) * 3
    assert measure_clips(talk, CLIPS, Instruments(), {"pulse": given}).tokens == {"pulse": given}


def test_clips_that_cannot_be_read(talk, fake):
    def audio(path, spans):
        if path.name == "a.mp4":
            raise MediaError("a.mp4 is corrupt")
        return fake.all.audio(path, spans)

    by = dataclasses.replace(fake.all, audio=audio)
    with pytest.raises(MediaError, match="a.mp4 is corrupt"):
        measure_clips(talk, CLIPS, by)
    told: list[str] = []
    stored = measure_clips(talk, CLIPS, by, unreadable=told)
    assert told == ["a.mp4 is corrupt"]
    assert [t is None for t in stored.tokens["voice"]] == [True, True, False]
    assert stored.tokens["face"][0] is not None  # the pictures of the same clip can be read


def test_empty_clips(talk, fake):
    by = dataclasses.replace(fake.all, duration=lambda path: 0.0)
    with pytest.raises(MediaError, match=r"a\.mp4 is a recording of 0 s: get the clip again"):
        measure_clips(talk, CLIPS, by)
    told: list[str] = []
    stored = measure_clips(talk, CLIPS, by, unreadable=told)
    assert len(told) == 2
    assert stored.tokens["voice"] == stored.tokens["face"] == (None,) * 3
    assert stored.conversation == talk
