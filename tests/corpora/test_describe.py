import json

import numpy as np
import pytest

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.corpora.describe import describe
from emospot.emotions import LabelSet
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, StoredConversation, StoreWriter

FEATURES = {
    "words": FeatureDescription("words", "letters", "1", 2, pooled=False),
    "voice": FeatureDescription("voice", "hum", "3", 1, pooled=True, licence="research only"),
}


def talk(name, split, speakers, texts, label="calm"):
    """A conversation: the n-th utterance has n + 1 words tokens, the first no voice."""
    utterances = tuple(
        Utterance(str(i), speaker, text=text, label=label if i else None, targets={"v": 1.0})
        for i, (speaker, text) in enumerate(zip(speakers, texts, strict=True))
    )
    count = len(utterances)
    words = tuple(Tokens(np.ones((i + 1, 2))) for i in range(count))
    voice = (None, *(Tokens(np.ones((1, 1))) for _ in range(count - 1)))
    spots = [Hotspot("face", 0, 1, 1.0, "brow"), Hotspot("words", None, None, 0.5, "x", 0, 1)]
    hotspots = tuple(tuple(spots if i == 1 else ()) for i in range(count))
    return StoredConversation(
        Conversation(name, utterances, split=split), {"words": words, "voice": voice}, hotspots
    )


@pytest.fixture
def described(tmp_path):
    def make(*talks):
        labels = LabelSet("two", ("calm", "angry"))
        with StoreWriter(
            tmp_path / "s", corpus="tiny", label_set=labels, features=FEATURES
        ) as writer:
            for one in talks:
                writer.add(one)
        return describe(FeatureStore.open(tmp_path / "s"))

    return make


def test_counts(described):
    found = described(
        talk("a", "train", "ABA", ("one", "two", "three")),
        talk("b", "train", "CD", ("four", "five"), "angry"),
        talk("c", "test", "EFEFE", ("x",) * 5),
    )
    assert found.label_counts == {
        "train": {"calm": 2, "angry": 1},
        "test": {"calm": 4, "angry": 0},
    }
    assert found.speakers == {"train": 4, "test": 2}
    assert found.conversation_lengths == {"train": (2, 2.5, 3), "test": (5, 5, 5)}
    assert found.targets == {"v": 10}
    words, voice, face = found.modalities
    assert (words.extractor, words.dim, words.pooled) == ("letters", 2, False)
    # token counts 1 2 3, 1 2, 1 2 3 4 5
    assert (words.tokens_median, words.tokens_most, words.missing) == (2, 5, 0)
    assert (voice.missing, voice.tokens_most, voice.licence) == (0.3, 1, "research only")
    assert (words.hotspots, words.with_hotspots) == (0.3, 0.3)
    assert (face.modality, face.extractor, face.hotspots, face.missing) == ("face", "", 0.3, 1)
    assert found.warnings == (
        "test has no utterance labelled angry",
        "voice has one token an utterance (hum): hotspot-gated fusion cannot be tested on it",
    )


def test_what_has_no_split_is_told_in_words(described):
    found = described(talk("a", None, "AB", ("x", "y")))
    assert found.warnings[0] == "the part without a split has no utterance labelled angry"


def test_rows_and_dictionary(described):
    found = described(talk("a", "train", "AB", ("x", "y")), talk("b", None, "CD", ("u", "v")))
    assert found.split_rows()[1] == {
        "split": "none", "conversations": 1, "utterances": 2, "labelled": 1, "speakers": 2,
        "length": "2 / 2 / 2", "calm": 1, "angry": 0,
    }  # fmt: skip
    words, voice, face = found.modality_rows()
    assert words == {
        "modality": "words", "extractor": "letters", "dim": 2, "tokens": "1.5 / 2",
        "missing": "0.0%", "hotspots": "0.50", "with_hotspots": "50.0%",
    }  # fmt: skip
    assert (voice["tokens"], voice["missing"]) == ("pooled", "50.0%")
    assert (face["extractor"], face["dim"]) == ("-", 0)
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["splits"]["train"]["labelled"] == 1
    assert plain["content_hash"] == found.content_hash


def test_leaks_are_found(described):
    same = ("Hello there my friend, how are you doing on this fine day of ours?", "Go away now!")
    found = described(
        talk("a", "train", "AB", same),
        talk("b", "test", "AB", same),
        talk("c", "dev", "CD", ("Hm.", "I see that.")),
    )
    conversations, speakers, sentences = found.warnings[:3]
    assert conversations == (
        "1 conversations are in more than one split, word by word (e.g. the one that begins "
        '"Hello there my friend, how are you doing on this fine day...")'
    )
    assert speakers.startswith("2 of 4 speakers are in more than one split (e.g. A)")
    assert sentences.startswith("2 sentences of 3 words or more are said by the same speaker")


def test_what_is_no_leak(described):
    """Other speakers, short answers, conversations without a split, another split's text."""
    found = described(
        talk("a", "train", "AB", ("Yes.", "That is all I know.")),
        talk("b", "test", "CD", ("Yes.", "That is all I know of.")),
        talk("c", None, "AB", ("Yes.", "That is all I know.")),
    )
    assert not any("more than one split" in warning for warning in found.warnings)


def test_a_split_without_labels(described):
    found = described(talk("a", "train", "AB", ("x", "y")), talk("b", "test", "CD", "uv", None))
    assert "test has no labelled utterance" in found.warnings
    assert not any("labelled calm" in warning for warning in found.warnings)


def test_a_modality_absent_everywhere(described):
    silent = talk("a", "train", "A", (None,))
    (_, voice) = described(silent).modalities
    assert (voice.missing, voice.tokens_median, voice.tokens_most) == (1.0, 0, 0)


def test_iemocap(iemocap_summary):
    found = describe(FeatureStore.open(iemocap_summary.store))
    assert found.speakers == {"train": 8, "test": 2}
    assert list(found.label_counts["test"].values()) == [144, 245, 384, 170, 299, 381]
    assert found.modalities[0].missing == 0
    # The official split parts the actors, so no leak but the pooled voice is told.
    assert len(found.warnings) == 1
