"""A small store whose labels can be learned from its features."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.emotions import NO_LABELS, LabelSet
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, StoredConversation
from emospot.features.store_writer import StoreWriter

LABELS = LabelSet("moods", ("calm", "angry", "glad"))
FEATURES = {
    "words": FeatureDescription("words", "letters", "1", 8, pooled=False),
    "voice": FeatureDescription("voice", "hum", "1", 6, pooled=True),
}


def learnable(name: str, split: str, seed: int, count: int = 12) -> StoredConversation:
    """A conversation in which each class moves its own feature."""
    random = np.random.default_rng(seed)
    utterances, words, voice, hotspots = [], [], [], []
    for position in range(count):
        label = int(random.integers(3))
        length = int(random.integers(1, 6))
        tokens = random.normal(size=(length, 8))
        tokens[random.integers(length), label] += 5.0
        summary = random.normal(size=(1, 6))
        summary[0, label] += 3.0
        offsets = np.array([[2 * t, 2 * t + 1] for t in range(length)])
        utterances.append(
            Utterance(
                f"u{position}",
                "AB"[position % 2] + name[:1],
                text="x " * length,
                label=LABELS.labels[label] if position != 2 else None,
            )
        )
        words.append(Tokens(tokens, offsets=offsets))
        voice.append(Tokens(summary) if position != 4 else None)
        hotspots.append((Hotspot("words", None, None, 0.8, "test", 0, 1),) if position % 2 else ())
    conversation = Conversation(name, tuple(utterances), split=split)
    tokens_of = {"words": tuple(words), "voice": tuple(voice)}
    return StoredConversation(conversation, tokens_of, tuple(hotspots))


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., FeatureStore]:
    """A store of 16 training and 4 test conversations; test labels can be shuffled."""

    def make(name: str = "store", *, test_seed: int = 900, **changes: Any) -> FeatureStore:
        path = tmp_path / name
        given = {"corpus": "moods", "label_set": LABELS, "features": FEATURES, **changes}
        with StoreWriter(path, **given) as writer:
            for number in range(16):
                writer.add(learnable(f"s{number}", "train", number))
            for number in range(4):
                writer.add(learnable(f"t{number}", "test", test_seed + number))
        return FeatureStore.open(path)

    return make


def rated(stored: StoredConversation, *, labelled: bool) -> StoredConversation:
    """The conversation with numbers that follow its labels; unlabelled turns get none.

    Glad is a sentiment of about 2, angry of about -2; some angry turns are sad too.
    """
    turns = []
    for position, utterance in enumerate(stored.conversation.utterances):
        targets = {}
        if utterance.label is not None:
            sign = {"calm": 0, "angry": -1, "glad": 1}[utterance.label]
            targets = dict.fromkeys(("surprise", "disgust", "fear"), 0.0)
            targets |= {
                "sentiment": sign * (2 + position % 3 / 3),
                "valence": 3.0 + sign,
                "happiness": float(sign > 0),
                "sadness": float(sign < 0 and position % 4 == 0),
                "anger": 1.5 * (sign < 0),
            }
        label = utterance.label if labelled else None
        turns.append(replace(utterance, label=label, targets=targets))
    return replace(stored, conversation=replace(stored.conversation, utterances=tuple(turns)))


@pytest.fixture
def make_rated_store(tmp_path: Path) -> Callable[..., FeatureStore]:
    """A store whose utterances have numbers, with or without labels."""

    def make(*, labelled: bool = False, label_set: LabelSet | None = None) -> FeatureStore:
        labels = label_set or (LABELS if labelled else NO_LABELS)
        path = tmp_path / f"rated-{labelled}-{labels.name}"
        with StoreWriter(path, corpus="moods", label_set=labels, features=FEATURES) as writer:
            for number in range(16):
                writer.add(rated(learnable(f"s{number}", "train", number), labelled=labelled))
            for number in range(4):
                writer.add(rated(learnable(f"t{number}", "test", 900 + number), labelled=labelled))
        return FeatureStore.open(path)

    return make
