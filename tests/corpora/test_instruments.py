import math
import struct
import sys
import wave

import pytest

from emospot.conversation import Conversation, Utterance
from emospot.corpora.instruments import (
    NONE,
    corpus_instruments,
    spotter_for,
    standard_instruments,
)
from emospot.corpora.measuring import Instruments, measure
from emospot.errors import MissingExtraError, UsageError
from emospot.features.registry import voice_extractor
from emospot.hotspots.panel import Panel
from emospot.hotspots.registry import panel


@pytest.fixture
def tone(tmp_path):
    """Four seconds of a soft tone that is loud in the third."""
    loudness = [0.05, 0.05, 0.8, 0.05]
    samples = [
        loudness[i // 16000] * math.sin(2 * math.pi * 200 * i / 16000) for i in range(4 * 16000)
    ]
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(struct.pack(f"<{len(samples)}h", *(int(32767 * s) for s in samples)))
    return path


def test_the_real_parts_on_a_real_file(tone):
    by = standard_instruments(words="minilm-l6", voice="basic", detectors=["prosody"])
    assert {m: d.extractor for m, d in by.features().items()} == {
        "words": "minilm-l6",
        "voice": "basic",
    }
    talk = Conversation("d", (Utterance("a", "Ann", text="I love it!"),), media=tone)
    stored = measure(talk, by)
    assert stored.conversation.utterances[0].end == pytest.approx(4)
    assert stored.tokens["words"][0].dim == 384
    assert stored.tokens["voice"][0].times[-1, 1] == pytest.approx(4, abs=0.1)
    loud = [h for h in stored.hotspots[0] if h.fired_by == "loudness"]
    assert any(h.start < 2.9 and h.end > 2.1 for h in loud)
    words = [h for h in stored.hotspots[0] if h.modality == "words"]
    assert any("love" in "I love it!"[h.char_start : h.char_end] for h in words)


def test_the_face_is_wired():
    pytest.importorskip("mediapipe", reason="needs the extra [face]")
    by = standard_instruments(words=NONE, face="facemesh")
    assert list(by.features()) == ["face"]
    assert by.detectors() == {"face": "expression"}
    assert by.frames is not None
    assert by.audio is None


def test_nothing_is_measured_that_is_not_asked_for():
    by = standard_instruments(words="minilm-l6")
    assert list(by.features()) == ["words"]
    assert by.detectors() == {"words": "lexicon"}
    assert by.audio is by.frames is by.duration is None
    assert standard_instruments() == Instruments()


def test_one_extractor_serves_model_and_detector():
    by = standard_instruments(voice="basic")
    assert by.detectors() == {"voice": "phrases"}
    assert by.voice_hotspots.readers == {"basic": by.voice}


def test_a_detector_has_its_own_reader_where_the_model_reads_another():
    by = standard_instruments(words=NONE, detectors=["phrases+prosody"])
    assert by.features() == {}
    assert list(by.voice_hotspots.readers) == ["basic"]
    assert by.detectors() == {"voice": "phrases+prosody"}


def test_a_corpus_that_brings_its_words_is_not_read_again():
    assert corpus_instruments({"words": ""}).detectors() == {}
    chosen = corpus_instruments({"words": ""}, detectors=["lexicon"])
    assert chosen.detectors() == {"words": "lexicon"}
    assert chosen.words is None


def test_detectors_read_ready_made_tokens_but_no_vector_of_an_utterance():
    given = corpus_instruments({"face": "openface"}, words=NONE, detectors=["units"])
    assert (given.face_hotspots.ready_made, given.face_hotspots.readers) == ("openface", {})
    # The sound is heard where what is there are means.
    pooled = corpus_instruments({"voice": ""}, words=NONE, detectors=["phrases"])
    assert (pooled.voice_hotspots.ready_made, [*pooled.voice_hotspots.readers]) == ("", ["basic"])
    with pytest.raises(UsageError, match='no face extractor "openface"'):
        corpus_instruments({}, words=NONE, detectors=["units"])


class NeedsMuch:
    name, modality, reads = "needs much", "voice", ("egemaps", "basic")

    def detect(self, conversation, descriptors):
        return [[] for _ in conversation.utterances]


def test_a_detector_reads_what_is_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "opensmile", None)
    panel = Panel((NeedsMuch(),))
    assert list(spotter_for(panel, voice_extractor).readers) == ["basic"]
    picky = NeedsMuch()
    picky.reads = ("egemaps",)
    with pytest.raises(MissingExtraError, match=r"emospot\[voice\]"):
        spotter_for(Panel((picky,)), voice_extractor)


def test_unknown_names():
    with pytest.raises(UsageError, match="hum"):
        standard_instruments(voice="hum")
    with pytest.raises(UsageError, match="there is no hotspot detector"):
        standard_instruments(detectors=["hum"])


def test_detectors_look_at_the_finest_frames():
    """A model that reads longer tokens takes none from the detectors."""
    for name, shared in (("basic", True), ("basic:0.1", False)):
        reading = voice_extractor(name)
        spotter = spotter_for(panel("phrases"), voice_extractor, reading)
        (reader,) = spotter.readers.values()
        assert (reader is reading) is shared
        assert reader.describe().options["hop"] == 0.01
