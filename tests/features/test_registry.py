import subprocess
import sys

import pytest

from emospot.errors import UsageError
from emospot.features import registry


def test_every_name_gives_its_extractor():
    assert registry.voice_extractor("basic").describe().extractor == "basic"
    pytest.importorskip("opensmile")
    pytest.importorskip("resemblyzer")
    for name in ("egemaps", "ge2e"):
        assert registry.voice_extractor(name).describe().extractor == name


def test_tokens_of_a_voice_may_be_longer():
    assert registry.voice_extractor("basic:0.1").describe().options == {"hop": 0.1}
    assert registry.voice_extractor("egemaps:0.05").describe().options["hop"] == 0.05
    for name, message in (
        ("basic:x", 'expected seconds after the colon, as in "basic:0.1"'),
        ("basic:0.015", "must be a multiple of 0.01 s"),
        ("ge2e:0.1", 'no voice extractor "ge2e:0.1"'),
    ):
        with pytest.raises(UsageError, match=message):
            registry.voice_extractor(name)


def test_words():
    assert registry.words_extractor().describe().extractor == "minilm-l6"
    with pytest.raises(UsageError, match="minilm-l6"):
        registry.words_extractor(" ")


def test_face():
    pytest.importorskip("mediapipe")
    assert registry.face_extractor("facemesh").describe().modality == "face"


def test_unknown_names_list_the_known_ones():
    with pytest.raises(UsageError, match=r'"wav2vec".*"egemaps", "basic", "ge2e"'):
        registry.voice_extractor("wav2vec")
    with pytest.raises(UsageError, match=r'"eyes".*"facemesh"'):
        registry.face_extractor("eyes")


def test_importing_every_part_brings_nothing_heavy():
    code = """
import sys
import emospot.features.registry, emospot.features.words, emospot.features.voice_basic
import emospot.features.voice_egemaps, emospot.features.voice_ge2e
import emospot.hotspots.words_lexicon, emospot.hotspots.voice_prosody, emospot.hotspots.tokens
heavy = {"torch", "transformers", "opensmile", "resemblyzer", "mediapipe", "librosa", "av"}
sys.exit(", ".join(heavy & set(sys.modules)) or 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
