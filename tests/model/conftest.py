"""Small random conversations, and recognizers of every make."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.emotions import LabelSet
from emospot.model.builder import build_recognizer
from emospot.model.recognizer import Recognizer

LABELS = LabelSet("four", ("a", "b", "c", "d"))
POOLED = "voice"


def turn(clock: np.random.Generator, place: int) -> dict[str, Any]:
    """Start, end and text of an utterance; some have no times, some overlap."""
    start = 3.0 * place + float(clock.uniform(-1, 1))
    text = "word " * int(clock.integers(0, 8))
    if clock.random() < 0.2:
        return {"text": text}
    return {"start": start, "end": start + float(clock.uniform(0.5, 4.0)), "text": text}


@pytest.fixture
def make_example() -> Callable[..., Example]:
    """A conversation of random tokens; `dims` says which modalities and how wide."""

    def make(
        name: str,
        count: int,
        dims: dict[str, int],
        *,
        speakers: int = 2,
        missing: float = 0.2,
        hotspots: bool = True,
        longest: int = 5,
        seed: int = 0,
    ) -> Example:
        random = np.random.default_rng([seed, *name.encode()])
        clock = np.random.default_rng([seed + 1, *name.encode()])
        utterances = tuple(
            Utterance(
                f"u{i}",
                f"S{random.integers(speakers)}",
                **turn(clock, i),
                label=LABELS.labels[random.integers(4)],
            )
            for i in range(count)
        )
        tokens: dict[str, list[Tokens | None]] = {}
        found: list[list[Hotspot]] = [[] for _ in utterances]
        for modality, dim in dims.items():
            tokens[modality] = []
            for i in range(count):
                length = 1 if modality == POOLED else int(random.integers(1, longest + 1))
                start = 0.3 * np.arange(length)
                times = np.stack([start, start + 0.3], axis=1)
                own = Tokens(random.normal(size=(length, dim)), times=times)
                if hotspots and random.random() < 0.5:
                    found[i].append(Hotspot(modality, 0.0, 0.4, 0.7, "test"))
                tokens[modality].append(None if random.random() < missing else own)
        return Example(Conversation(name, utterances), tokens, found)

    return make


@pytest.fixture
def make_recognizer() -> Callable[..., Recognizer]:
    """A small recognizer in evaluation mode whose zero-initialised parameters are not zero."""

    def make(dims: dict[str, int], seed: int = 0, **settings: object) -> Recognizer:
        torch.manual_seed(seed)
        sizes = {
            "width": 16, "heads": 2, "graph_heads": 2, "experts": 3, "top_k": 2,
            "expert_rank": 2, "context_layers": 1, "token_layers": 1, "memory_layers": 1,
            "graph_past": 3, "graph_future": 2,
        }  # fmt: skip
        config = ModelConfig(modalities=tuple(dims), **{**sizes, **settings})
        model = build_recognizer(config, dims, {"emotion": len(LABELS)})
        for parameter in model.parameters():
            if not parameter.detach().any():
                torch.nn.init.normal_(parameter, std=0.3)
        model.set_transitions("emotion", torch.rand(3, len(LABELS), len(LABELS)) * 20)
        return model.eval()

    return make


def masked(lengths: list[int], dim: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Random tokens of utterances of these lengths, zero on padding, and where they are."""
    generator = torch.Generator().manual_seed(seed)
    longest = max(lengths)
    mask = torch.arange(longest) < torch.tensor(lengths).unsqueeze(1)
    content = torch.randn(len(lengths), longest, dim, generator=generator)
    return content * mask.unsqueeze(-1), mask


def marked_once(example: Example, modality: str) -> tuple[Example, int]:
    """The example with one mark alone, at the beginning of an utterance; and which that is."""
    tokens = example.tokens[modality]
    place = next(i for i, own in enumerate(tokens) if own is not None and len(own) > 2)
    mark = Hotspot(modality, 0.0, 0.4, 1.0, "mark")
    hotspots = [[mark] if i == place else [] for i in range(len(tokens))]
    return replace(example, hotspots=hotspots), place
