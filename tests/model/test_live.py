"""A conversation in pieces is answered as the whole, and costs no more as it goes on."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from emospot.batch import Example, collate
from emospot.config import ModelConfig
from emospot.conversation import Conversation
from emospot.emotions import LabelSet
from emospot.errors import ModelError
from emospot.features.base import FeatureDescription
from emospot.model.live import LiveConversation
from emospot.model.predict import predict
from emospot.model.pretrained import ModelCard, PretrainedModel
from emospot.model.reading import Reading, readings_of
from emospot.model.recognizer import Recognizer

LABELS = LabelSet("four", ("a", "b", "c", "d"))
DIMS = {"words": 7, "voice": 5, "face": 4}
FEATURES = {m: FeatureDescription(m, m, "1", d, pooled=m == "voice") for m, d in DIMS.items()}
WORDS = ("oh my", "well", "what is it", "go away now", "I see", "really")
MAKES: dict[str, dict[str, object]] = {
    "usual": {},
    "two layers of context": {"context_layers": 2, "graph_past": 1},
    "no context, no chain": {"context": "none", "dynamics": 0.0},
    "learned hotspots": {"learned_hotspots": ("words", "face")},
    "a second reading": {
        "memory_reads": "moment",
        "second_reading": True,
        "speaker_lags": True,
        "lag_start": 1.0,
        "graph_reads": "memory",
        "graph_places": True,
        "speaker_typed_edges": True,
    },
    "no graph": {"graph": False},
    "a moving average": {"graph_form": "moving_average"},
    "no edges in time": {"temporal_edges": False},
}
Maker = Callable[..., Example]
Builder = Callable[..., Recognizer]


@pytest.fixture
def make_model(make_recognizer: Builder, make_example: Maker) -> Callable[..., PretrainedModel]:
    """A causal model whose reader has learned something."""

    def make(**settings: object) -> PretrainedModel:
        model = make_recognizer(DIMS, **{"causal": True, **settings})
        random = np.random.default_rng(0)
        if "emotion" in model.readers:
            told = [reading_of(talk(make_example, f"t{seed}", 12)) for seed in range(6)]
            model.fit_reader("emotion", told, [random.integers(0, 4, 12) for _ in told])
        config = ModelConfig(modalities=tuple(DIMS), **{"causal": True, **settings})
        return PretrainedModel(model, config, ModelCard("live", LABELS, FEATURES))

    return make


def reading_of(example: Example) -> Reading:
    return readings_of(collate([example], DIMS))[0]


def talk(make_example: Maker, name: str, count: int, *, speakers: int = 3) -> Example:
    """A conversation with words; its first utterances have none, and one speaker is not named."""
    example = make_example(name, count, DIMS, speakers=speakers, missing=0.3)
    random = np.random.default_rng(len(name))
    utterances = tuple(
        replace(
            u,
            text=str(random.choice(WORDS)),
            speaker="unknown" if u.speaker == "S2" else u.speaker,
        )
        for u in example.conversation.utterances
    )
    tokens = {m: list(own) for m, own in example.tokens.items()}
    for own in tokens.values():
        own[0] = None
    tokens["words"][:3] = [None] * 3
    return Example(Conversation(name, utterances), tokens, example.hotspots)


def piece(example: Example, start: int, end: int) -> Example:
    return Example(
        Conversation("another", example.conversation.utterances[start:end]),
        {m: own[start:end] for m, own in example.tokens.items()},
        example.hotspots[start:end],
    )


def answers(live: LiveConversation, example: Example, ends: list[int]) -> np.ndarray:
    parts = zip([0, *ends], ends, strict=False)
    return np.concatenate([live.answer(piece(example, a, b)).logits for a, b in parts])


@pytest.mark.parametrize("make", MAKES)
def test_any_pieces_give_the_answers_of_the_whole(
    make_model: Callable[..., PretrainedModel], make_example: Maker, make: str
) -> None:
    model = make_model(**MAKES[make])
    # Longer than what the reader and the graph look back.
    whole = talk(make_example, "whole", 90)
    (expected,) = predict(model, [whole])
    for ends in ([*range(1, 91)], [90], [1, 2, 40, 41, 67, 90]):
        found = answers(LiveConversation(model), whole, ends)
        assert np.abs(found - expected.logits).max() < 1e-4, ends
    # The test can fail: without the past the answers are others.
    alone = [predict(model, [piece(whole, i, i + 1)])[0].logits for i in range(90)]
    assert np.abs(np.concatenate(alone) - expected.logits).max() > 1e-2


def test_what_is_provisional_is_forgotten(
    make_model: Callable[..., PretrainedModel], make_example: Maker
) -> None:
    model = make_model()
    whole = talk(make_example, "whole", 8)
    live = LiveConversation(model)
    live.answer(piece(whole, 0, 4))
    other = talk(make_example, "other", 3)
    first = live.answer(other, provisional=True).logits
    assert np.array_equal(first, live.answer(other, provisional=True).logits)
    (expected,) = predict(model, [whole])
    found = live.answer(piece(whole, 4, 8)).logits
    assert np.abs(found - expected.logits[4:]).max() < 1e-4


def test_an_utterance_costs_the_same_whenever_it_comes(
    make_model: Callable[..., PretrainedModel], make_example: Maker
) -> None:
    live = LiveConversation(make_model())
    kept = []
    for number in range(5):
        live.answer(talk(make_example, f"t{number}", 70))
        kept.append(live.kept)
    # Of letters, those that occur in the last 64 turns.
    assert max(kept[1:]) < 1.02 * min(kept[1:])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"causal": False}, "model.causal"),
        ({"context": "attention"}, "recurrent"),
        ({"alignment_axis": "both"}, "aligns tokens alone"),
    ],
)
def test_a_model_that_cannot_go_on_says_why(
    make_model: Callable[..., PretrainedModel], settings: dict[str, object], reason: str
) -> None:
    with pytest.raises(ModelError, match=reason):
        LiveConversation(make_model(**settings))
