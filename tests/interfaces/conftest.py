"""Small conversations that anybody could learn."""

from typing import Any

import numpy as np
import pytest

HAPPY = ("What a lovely day!", "I am so glad.", "This is wonderful news!", "I love it.")
SAD = ("I lost everything.", "She died and I cry.", "I feel so empty.", "It hurts so much.")


def conversation(seed: int, turns: int = 4) -> tuple[list[dict[str, Any]], list[str]]:
    """Turns whose vector "tone" tells the label, and the labels."""
    dice = np.random.default_rng(seed)
    labels = [("sad", "happy")[k] for k in dice.permutation([0, 1] * turns)[:turns]]
    told = [
        {
            "speaker": "AB"[n % 2],
            "text": (HAPPY if label == "happy" else SAD)[dice.integers(4)],
            "tone": dice.normal(size=3) + (2.0 if label == "happy" else -2.0),
        }
        for n, label in enumerate(labels)
    ]
    return told, labels


@pytest.fixture(scope="session")
def talks() -> tuple[list[list[dict[str, Any]]], list[list[str]]]:
    """Eight conversations of different lengths with their labels."""
    drawn = [conversation(seed, 3 + seed % 3) for seed in range(8)]
    return [turns for turns, _ in drawn], [labels for _, labels in drawn]
