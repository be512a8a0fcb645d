import importlib.util
import sys
from dataclasses import replace

import pytest

from emospot.analysis.course import Course
from emospot.analysis.inputs import read_inputs
from emospot.analysis.measure import measure
from emospot.conversation import FACE, VOICE, WORDS, Conversation, Utterance
from emospot.errors import FeatureError
from emospot.features.base import FeatureDescription
from emospot.hotspots.registry import panels
from emospot.media.decode import probe
from emospot.sample import sample_files

SAMPLE = sample_files()
MINILM = FeatureDescription(WORDS, "minilm-l6", "", 384, pooled=False)
GE2E = FeatureDescription(VOICE, "ge2e", "", 256, pooled=True)

needs_voice = pytest.mark.skipif(
    importlib.util.find_spec("resemblyzer") is None, reason="needs the extra [voice]"
)
needs_face = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="needs the extra [face]"
)


def talk(*texts: str | None, media=None, times: bool = True) -> Conversation:
    utterances = tuple(
        Utterance(f"t-{n}", "A", n * 4.0 if times else None, n * 4.0 + 4 if times else None, text)
        for n, text in enumerate(texts)
    )
    return Conversation("t", utterances, media)


@pytest.fixture(scope="module")
def sound():
    """The first four turns of the sample, and what the file is."""
    read = read_inputs(SAMPLE.conversation, SAMPLE.transcript)
    return replace(read.conversation, utterances=read.conversation.utterances[:4]), read.info


def test_words_alone():
    found = measure(talk("I hate this.", None, "It is a table."), None, {WORDS: MINILM})
    tokens = found.features[WORDS]
    assert [t is None for t in tokens] == [False, True, False]
    assert tokens[0].dim == 384
    assert [found.seen(WORDS, n) for n in range(3)] == [True, False, True]
    assert [[h.modality for h in own] for own in found.hotspots] == [[WORDS], [], []]
    assert found.absent == {
        VOICE: "no recording was given, so there is no voice",
        FACE: "no recording was given, so there is no face",
    }
    assert not found.seen(VOICE, 0)


def test_the_lexicon_is_not_asked_in_another_language():
    # "die" and "hell" are English words of strong feeling, and plain German ones.
    german = talk("Die Sonne scheint hell.")
    assert measure(german, None, {}, language="de").hotspots == [[]]
    assert measure(german, None, {}).hotspots != [[]]


def test_what_the_model_does_not_read_is_no_feature():
    found = measure(talk("I hate this."), None, {})
    assert found.features == {}
    assert found.hotspots[0]


@needs_voice
def test_voice_is_measured_for_hotspots_and_for_the_model(sound):
    conversation, info = sound
    stages = []
    found = measure(conversation, info, {VOICE: GE2E}, course=Course(stages.append))
    assert stages == [WORDS, VOICE, FACE]
    assert [(len(t), t.dim) for t in found.features[VOICE]] == [(1, 256)] * 4
    assert any(h.modality == VOICE for own in found.hotspots for h in own)
    assert max(found.waveform) <= 1.0
    assert "ge2e" in found.extractors[VOICE]
    assert found.absent == {FACE: "the recording has no picture"}


def test_one_extractor_serves_hotspots_and_model(sound, monkeypatch):
    from emospot.features.voice_basic import BasicVoice

    calls = []
    extract = BasicVoice.extract
    monkeypatch.setattr(
        BasicVoice, "extract", lambda *a: calls.append(1) or extract(*a), raising=True
    )
    conversation, info = sound
    wanted = {VOICE: BasicVoice().describe()}
    found = measure(conversation, info, wanted)
    assert len(calls) == 4
    assert found.features[VOICE][0].columns is not None
    assert found.extractors[VOICE].count("basic") == 1


def test_without_the_voice_extra_hotspots_are_basic_and_the_model_hears_nothing(
    sound, monkeypatch
):
    monkeypatch.setitem(sys.modules, "resemblyzer", None)
    monkeypatch.setitem(sys.modules, "opensmile", None)
    conversation, info = sound
    found = measure(conversation, info, {VOICE: GE2E})
    assert VOICE not in found.features
    assert "pip install 'emospot[voice]'" in found.unread[VOICE]
    assert found.extractors[VOICE].startswith("basic")
    assert found.seen(VOICE, 0)


def test_only_what_is_asked_for_is_looked_at(sound):
    found = measure(*sound, {}, detectors=panels(["phrases"]))
    assert found.absent == {WORDS: "not asked for", FACE: "not asked for"}
    assert {h.modality for own in found.hotspots for h in own} == {VOICE}


@needs_voice
def test_features_without_detectors(sound):
    found = measure(*sound, {VOICE: GE2E}, detectors={})
    assert found.features[VOICE][0] is not None
    assert found.hotspots == [[]] * 4
    assert found.seen(VOICE, 0)


def test_without_the_face_extra_the_reason_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    read = read_inputs(SAMPLE.face)
    found = measure(read.conversation, read.info, {})
    assert "pip install 'emospot[face]'" in found.absent[FACE]
    assert any("emospot[face]" in notice for notice in found.notices)


@needs_face
def test_a_face_is_measured(monkeypatch):
    read = read_inputs(SAMPLE.face)
    found = measure(read.conversation, read.info, {})
    assert found.seen(FACE, 0)
    assert {h.modality for h in found.hotspots[0]} == {FACE}
    assert FACE not in found.features


@needs_face
def test_a_model_of_the_face_gets_its_tokens_only_if_they_fit():
    from emospot.features.registry import face_extractor

    read = read_inputs(SAMPLE.face)
    wanted = face_extractor().describe()
    short = replace(
        read.conversation, utterances=(replace(read.conversation.utterances[0], end=1.0),)
    )
    assert measure(short, read.info, {FACE: wanted}).features[FACE][0].dim == wanted.dim
    other = measure(short, read.info, {FACE: replace(wanted, dim=35)})
    assert FACE not in other.features
    assert "35 numbers a token" in other.unread[FACE]


@needs_face
def test_no_face_is_told(shared_data):
    path = shared_data / "faces/no_face.mp4"
    conversation = talk(None, media=path)
    assert measure(conversation, probe(path), {}).absent[FACE] == "no face was seen"


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (
            FeatureDescription(VOICE, "hubert", "", 768, pooled=True),
            '"hubert" .768 numbers an utter',
        ),
        (
            FeatureDescription(VOICE, "basic", "", 88, pooled=True),
            '"basic" .88 numbers an utterance',
        ),
    ],
)
def test_a_voice_that_cannot_be_measured_as_in_training_is_not_read(sound, wanted, reason):
    import re

    found = measure(*sound, {VOICE: wanted})
    assert VOICE not in found.features
    assert re.search(reason, found.unread[VOICE])
    assert found.seen(VOICE, 0)


def test_words_of_another_shape_are_not_read():
    found = measure(talk("I hate this."), None, {WORDS: replace(MINILM, pooled=True)})
    assert WORDS not in found.features
    assert "384 numbers an utterance" in found.unread[WORDS]
    assert "384 numbers a token" in found.unread[WORDS]


def test_a_words_model_that_is_not_here_is_an_error():
    wanted = replace(MINILM, extractor="no-such/model")
    with pytest.raises(FeatureError, match="no-such/model"):
        measure(talk("I hate this."), None, {WORDS: wanted})


def test_without_times_words_remain(sound):
    untimed = talk("I hate this.", media=SAMPLE.conversation, times=False)
    found = measure(untimed, sound[1], {})
    assert "no times" in found.absent[VOICE]
    face = measure(talk("I hate this.", media=SAMPLE.face, times=False), probe(SAMPLE.face), {})
    assert "no times" in face.absent[FACE]


def test_an_utterance_without_times_has_no_voice(sound):
    conversation, info = sound
    untimed = Utterance("x", "A", None, None, "Hi.")
    mixed = replace(conversation, utterances=(untimed, conversation.utterances[0]))
    found = measure(mixed, info, {})
    assert [found.seen(VOICE, n) for n in range(2)] == [False, True]


def test_sound_without_speech_is_no_voice(sound):
    found = measure(*sound, {}, speechless=True)
    assert found.absent[VOICE] == "no speech was found in the recording"


def test_nothing_to_measure(sound):
    found = measure(talk(), sound[1], {})
    assert set(found.absent.values()) == {
        "there is no utterance to measure",
        "the recording has no picture",
    }


def test_damage_is_told(cut_off, sound):
    conversation = replace(sound[0], media=cut_off)
    found = measure(conversation, probe(cut_off), {})
    assert sum("it seems to be cut off" in notice for notice in set(found.notices)) == 1


def test_a_recording_that_is_gone_costs_its_modalities_only(sound, tmp_path):
    conversation, info = sound
    gone = replace(conversation, media=tmp_path / "gone.ogg")
    found = measure(gone, replace(info, path=tmp_path / "gone.ogg"), {WORDS: MINILM})
    assert "gone.ogg: no such file" in found.absent[VOICE]
    assert found.features[WORDS][0] is not None
