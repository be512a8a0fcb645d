import numpy as np
import pytest

from emospot.config import parse_config
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.emotions import LabelSet
from emospot.errors import StoreError
from emospot.features.base import FeatureDescription
from emospot.features.store import StoredConversation
from emospot.interfaces.classifier_training import trained

FEATURES = {"tone": FeatureDescription("tone", "ready-made", "", 2, True)}
CONFIG = parse_config(
    {
        "model": {"kind": "logistic_regression", "modalities": ("tone",)},
        "training": {"choose": "last", "dev": "none"},
    }
)


def stored(name: str, count: int = 4) -> StoredConversation:
    utterances = tuple(Utterance(f"{name}-{n}", "A") for n in range(count))
    tokens = tuple(Tokens(np.full((1, 2), float(n % 2), np.float32)) for n in range(count))
    return StoredConversation(Conversation(name, utterances), {"tone": tokens}, ((),) * count)


def model(talks, labels):
    return trained(talks, labels, LabelSet("classes", ("a", "b")), FEATURES, {}, CONFIG, 0)


def test_conversations_without_labels_teach_nothing():
    talks, labels = [stored("0"), stored("1")], [["a", "b", "a", "b"]] * 2
    alone = model(talks, labels)
    beside = model([*talks, stored("2"), stored("3", 0)], [*labels, [None] * 4, []])
    weights = (m.recognizer.state_dict() for m in (alone, beside))
    for one, other in zip(*(w.values() for w in weights), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert alone.card.name == "emotion-classifier"
    assert alone.card.features == FEATURES


def test_a_label_outside_of_the_set_is_refused():
    with pytest.raises(StoreError, match='"c"'):
        model([stored("0")], [["a", "b", "c", "a"]])
