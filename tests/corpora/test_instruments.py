import math
import struct
import wave

import pytest

from emospot.conversation import Conversation, Utterance
from emospot.corpora.instruments import NONE, standard_instruments
from emospot.corpora.measuring import measure
from emospot.errors import UsageError


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
    by = standard_instruments(words="minilm-l6", voice="basic", recordings=True)
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
    by = standard_instruments(words=NONE, face="facemesh", recordings=True)
    assert list(by.features()) == ["face"]
    assert by.face_hotspots.modality == "face"
    assert by.frames is not None
    assert by.audio is None


def test_without_recordings_only_words():
    by = standard_instruments(voice="ge2e", face="facemesh")
    assert list(by.features()) == ["words"]
    assert standard_instruments(words=NONE).features() == {}


def test_unknown_names():
    with pytest.raises(UsageError, match="hum"):
        standard_instruments(voice="hum", recordings=True)
