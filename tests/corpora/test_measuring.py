import dataclasses
from pathlib import Path

import numpy as np
import pytest

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.corpora.clips import measure_clips
from emospot.corpora.measuring import Instruments, measure
from emospot.errors import MediaError
from emospot.features.base import FACE_TRACK_COLUMNS, FeatureDescription


@pytest.fixture
def talk():
    return Conversation(
        "d",
        (
            Utterance("a", "Ann", 0.0, 1.5, "so good"),
            Utterance("b", "Bob", None, None, "no"),
            Utterance("c", "Ann", 1.0, 2.0),
            Utterance("d", "Bob", 5.0, 6.0, "well"),
        ),
        media=Path("talk.mp4"),
    )


def test_everything_is_measured_where_it_can_be(talk, fake):
    stored = measure(talk, fake.all)
    assert [t and len(t) for t in stored.tokens["words"]] == [7, 2, None, 4]
    voice = stored.tokens["voice"]
    assert voice[1] is None
    assert [t.values.ravel().tolist() for t in voice if t] == [[0, 15, 0], [1, 10, 1], [5, 10, 5]]
    face = stored.tokens["face"]
    assert [t and t.values.ravel().tolist() for t in face] == [[0, 10], None, [10], None]
    fired = [[h.modality for h in own] for own in stored.hotspots]
    assert fired == [["words", "voice", "face"], ["words"], ["voice", "face"], ["words", "voice"]]


def test_without_a_recording_only_words(talk, fake):
    stored = measure(dataclasses.replace(talk, media=None), fake.all)
    assert stored.tokens["voice"] == stored.tokens["face"] == (None,) * 4
    assert {h.modality for own in stored.hotspots for h in own} == {"words"}


def test_nothing_is_read_for_instruments_that_are_not_there(talk, fake):
    def forbidden(*_):
        raise AssertionError("must not be read")

    by = Instruments(words=fake.letters, audio=forbidden, frames=forbidden)
    stored = measure(talk, by)
    assert list(stored.tokens) == ["words"]
    assert stored.hotspots == ((),) * 4


def test_descriptors_of_their_own(talk, fake):
    """Hotspots from descriptors alone, and from others than the features."""
    other = fake.heard_by(fake.other_voice)
    alone = dataclasses.replace(fake.all, voice=None, voice_hotspots=other)
    stored = measure(talk, alone)
    assert "voice" not in stored.tokens
    assert [h.score for h in stored.hotspots[2] if h.modality == "voice"] == [0.3]
    kinds = {h.modality for own in stored.hotspots for h in own}
    assert kinds == {"words", "voice", "face"}
    both = measure(talk, dataclasses.replace(fake.all, voice_hotspots=other))
    assert both.hotspots == measure(talk, fake.all).hotspots


def test_voice_features_without_hotspots(talk, fake):
    alone = dataclasses.replace(fake.all, voice_hotspots=None)
    stored = measure(talk, alone)
    assert stored.tokens["voice"][0] is not None
    assert {h.modality for own in stored.hotspots for h in own} == {"words", "face"}


def test_given_tokens_stay(talk, fake):
    given = (Tokens(np.ones((1, 2))),) * 4
    stored = measure(talk, fake.words(), {"voice": given})
    assert stored.tokens["voice"] is given


def test_a_clip_spans_its_recording(fake):
    clip = Conversation("d", (Utterance("a", "Ann"),), media=Path("clip.wav"))
    stored = measure(clip, fake.all)
    (utterance,) = stored.conversation.utterances
    assert (utterance.start, utterance.end) == (0.0, 2.0)
    assert stored.tokens["voice"][0].values.ravel().tolist() == [0, 20, 0]
    timed = Conversation("d", (Utterance("a", "Ann", 1.0, 1.5),), media=Path("clip.wav"))
    assert measure(timed, fake.all).conversation == timed


def broken(*_):
    raise MediaError("talk.mp4 is corrupt")


def test_an_unreadable_recording_is_an_error(talk, fake):
    with pytest.raises(MediaError, match="corrupt"):
        measure(talk, dataclasses.replace(fake.all, audio=broken))


def test_an_unreadable_recording_can_be_absent(talk, fake):
    notes = []
    by = dataclasses.replace(fake.all, audio=broken, duration=broken)
    stored = measure(talk, by, unreadable=notes)
    assert notes == ["talk.mp4 is corrupt"]
    assert stored.tokens["voice"] == (None,) * 4
    assert stored.tokens["face"][0] is not None
    clip = dataclasses.replace(talk, utterances=(Utterance("a", "Ann"),))
    assert measure(clip, by, unreadable=notes).conversation == clip
    assert len(notes) == 2


def test_identity_names_what_changes_results(fake):
    other = dataclasses.replace(fake.all, voice_hotspots=fake.heard_by(fake.other_voice))
    assert len(fake.all.identity()) == 6
    assert fake.all.identity() != other.identity()
    assert list(fake.all.features()) == ["words", "voice", "face"]


class TwoFaces:
    """The lips of face 1 move until second 2, those of face 2 from then on."""

    def describe(self):
        return FeatureDescription("face", "two", "1", 1, pooled=False)

    def extract(self, frames, spans):
        raise AssertionError("who speaks is known, so all faces are asked for")

    def faces(self, frames, spans):
        list(frames)
        for index, (start, end) in enumerate(spans):
            times = np.repeat(np.arange(start, end, 0.1), 2)
            track = np.tile([1.0, 2.0], len(times) // 2)
            moves = (track == 1) == (times < 2.0)
            lips = np.where(moves, 0.2 * np.sin(25 * times), 0.0)
            rows = np.column_stack([lips, 0 * track, track, track])
            columns = ("mouth opening", *FACE_TRACK_COLUMNS)
            yield index, Tokens(rows, np.column_stack([times, times + 0.1]), columns=columns)


def two_people(*speakers):
    turns = [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0)]
    utterances = (Utterance(f"{n}", who, *turns[n]) for n, who in enumerate(speakers))
    return Conversation("d", tuple(utterances), media=Path("talk.mp4"))


@pytest.mark.parametrize("hotspots", [False, True])
def test_of_several_faces_the_speakers_is_measured(fake, hotspots):
    by = Instruments(face=TwoFaces(), frames=fake.all.frames)
    if hotspots:
        spotter = dataclasses.replace(fake.all.face_hotspots, readers={"brightness": TwoFaces()})
        by = dataclasses.replace(by, face_hotspots=spotter)
    notices = []
    stored = measure(two_people("Ann", "Bob", "Bob"), by, notices=notices)
    face = stored.tokens["face"]
    assert all(own.columns == ("mouth opening",) and np.ptp(own.values) > 0.3 for own in face)
    assert [len(own) for own in stored.hotspots] == [int(hotspots)] * 3
    assert notices == []


def test_where_it_is_not_clear_who_speaks_there_is_no_face_and_a_notice(fake):
    by = Instruments(face=TwoFaces(), frames=fake.all.frames)
    notices = []
    stored = measure(two_people("Ann", "Bob", "Ann"), by, notices=notices)
    # In the last one the lips of the other face move.
    assert [own is not None for own in stored.tokens["face"]] == [True, True, False]
    assert notices == ["no face in 1 utterance: several faces, and which one speaks is not clear"]


def test_clips_with_several_faces(fake):
    by = Instruments(face=TwoFaces(), frames=fake.all.frames, duration=lambda path: 2.0)
    notices = []
    talk = two_people("Ann", "Bob", "Bob")
    clips = (Path("a.mp4"), None, Path("b.mp4"))
    stored = measure_clips(talk, clips, by, notices=notices)
    # A clip shows nobody while another one speaks.
    assert stored.tokens["face"] == (None,) * 3
    assert notices == ["no face in 2 utterances: several faces, and which one speaks is not clear"]
