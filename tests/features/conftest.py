"""Conversations with features, made from a seed, for the tests of the store."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance, Word
from emospot.features.base import FeatureDescription
from emospot.features.store import StoredConversation

LABELS = (None, "calm", "angry")


@pytest.fixture(scope="session")
def store_features() -> dict[str, FeatureDescription]:
    """Words as tokens and voice as one vector an utterance."""
    return {
        "words": FeatureDescription("words", "letters", "1", 4, pooled=False, options={"k": 1}),
        "voice": FeatureDescription("voice", "hum", "2", 3, pooled=True),
    }


def _utterance(position: int) -> Utterance:
    return Utterance(
        id=f"u{position}",
        speaker="AB"[position % 2],
        start=None if position == 3 else 1.5 * position,
        end=None if position == 3 else 1.5 * position + 1,
        text=None if position == 4 else "Grüß dich, ja",
        words=(Word(0.1, 0.25, 0, 4), Word(0.3, 0.4, 5, 9)) if position == 1 else (),
        word_times_estimated=position == 1,
        label=LABELS[position % 3],
        targets={"valence": 0.5 * position, "arousal": 1.0} if position % 2 else {},
    )


@pytest.fixture(scope="session")
def make_stored() -> Callable[..., StoredConversation]:
    """A conversation of `count` utterances; the fifth has no words, every third no voice."""

    def make(
        name: str = "d", count: int = 5, split: str | None = "train", seed: int = 0
    ) -> StoredConversation:
        random = np.random.default_rng(seed)
        words: list[Tokens | None] = []
        voice: list[Tokens | None] = []
        hotspots: list[tuple[Hotspot, ...]] = []
        for position in range(count):
            length = position + 1
            spans = random.integers(0, 9, (length, 2))
            words.append(
                None
                if position == 4
                else Tokens(
                    random.normal(size=(length, 4)),
                    times=random.normal(size=(length, 2)) if position == 1 else None,
                    offsets=spans,
                )
            )
            one = Tokens(random.normal(size=(1, 3)), columns=("loudness", "pitch", "rate"))
            voice.append(None if position % 3 == 0 else one)
            hotspots.append(
                (
                    Hotspot("voice", 0.125, 0.5, 0.75, "loudness", apex=0.25),
                    Hotspot("words", None, None, 1.0, "lexicon", 0, 4),
                )[: position % 3]
            )
        conversation = Conversation(
            name, tuple(_utterance(i) for i in range(count)), Path("a/b.wav"), split
        )
        return StoredConversation(
            conversation, {"words": tuple(words), "voice": tuple(voice)}, tuple(hotspots)
        )

    return make
