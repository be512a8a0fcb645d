"""Detectors side by side find what each finds alone."""

import numpy as np
import pytest

from emospot.conversation import Conversation, Utterance
from emospot.errors import UsageError
from emospot.features.voice_basic import BasicVoice
from emospot.hotspots.registry import panel
from emospot.hotspots.side_by_side import side_by_side


@pytest.fixture
def talk():
    """A soft voice that is loud and high for a while."""
    time = np.arange(16_000 * 9) / 16_000
    moved = (time > 4) & (time < 6)
    sound = np.sin(2 * np.pi * np.where(moved, 320, 160) * time) * np.where(moved, 0.5, 0.05)
    sound *= (time % 1.5) < 1.2
    conversation = Conversation("c", (Utterance("1", "A", 0.0, 9.0),))
    return conversation, {"basic": [BasicVoice().extract(sound.astype(np.float32), 0.0)]}


def test_each_finds_what_it_finds_alone(talk):
    choices = [panel(name) for name in ("peaks", "prosody", "peaks+prosody", "peaks=2,prosody=1")]
    both = side_by_side(choices)
    first = both.detect(*talk)
    assert list(both.found) == [one.name for one in choices]
    for one in choices:
        assert both.found[one.name] == one.detect(*talk)
    assert first == both.found["peaks"]
    assert any(both.found["prosody"])


def test_only_those_that_understand_a_language_are_asked():
    words = side_by_side([panel("lexicon"), panel("lexicon=1")])
    assert words.of_language("de") is None
    english = words.of_language("en")
    english.detect(Conversation("c", (Utterance("1", "A", text="I hate it"),)), {})
    assert list(words.found) == ["lexicon", "lexicon=1"]


def test_one_modality_alone():
    with pytest.raises(UsageError, match="look at voice and words"):
        side_by_side([panel("lexicon"), panel("peaks")])
