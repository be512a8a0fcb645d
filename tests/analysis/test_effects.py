"""What counted, against models whose answers are known and against asking one by one."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from emospot.analysis import effects as module
from emospot.analysis.effects import PASSES, effects_of
from emospot.batch import ConversationBatch, Example, collate
from emospot.config import ModelConfig
from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.emotions import LabelSet
from emospot.features.base import FeatureDescription
from emospot.model.builder import build_recognizer
from emospot.model.confidence import Confidence
from emospot.model.emotion_model import EmotionModel, EmotionOutput
from emospot.model.predict import Prediction, predict
from emospot.model.pretrained import ModelCard, PretrainedModel, renamed

DIMS = {"words": 4, "voice": 3}
T = 8
CLASSES = LabelSet("two", ("yes", "no"))


def pretrained(recognizer: EmotionModel, temperature: float = 1.0) -> PretrainedModel:
    features = {
        m: FeatureDescription(m, "x", "1", dim, pooled=m == "voice") for m, dim in DIMS.items()
    }
    card = ModelCard("small", CLASSES, features, temperature=temperature)
    return PretrainedModel(recognizer, ModelConfig(modalities=tuple(DIMS)), card)


class Counting(EmotionModel):
    """Its logits are the sum of the first numbers of an utterance's tokens; no context."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("prior_emotion", torch.zeros(2))

    @property
    def modalities(self) -> tuple[str, ...]:
        return tuple(DIMS)

    def set_input_statistics(self, modality: str, mean: Tensor, deviation: Tensor) -> None:
        raise NotImplementedError

    def forward(self, batch: ConversationBatch) -> EmotionOutput:
        yes = sum(
            (t.values.float()[..., 0] * t.mask).sum(dim=-1) for t in batch.modalities.values()
        )
        return EmotionOutput({"emotion": torch.stack([yes, -yes], dim=-1)})


def spot(token: int, score: float = 0.9, modality: str = "words") -> Hotspot:
    return Hotspot(modality, None, None, score, "x", 2 * token, 2 * token + 1)


def talk(firsts: list[np.ndarray], voices: list[float]) -> Example:
    """Utterances of T words, whose first numbers are given, and a voice."""
    offsets = np.array([(2 * t, 2 * t + 1) for t in range(T)])
    words, voice = [], []
    for own, loud in zip(firsts, voices, strict=True):
        values = np.zeros((T, 4))
        values[:, 0] = own
        words.append(Tokens(values, offsets=offsets))
        voice.append(Tokens(np.array([[loud, 0.0, 0.0]])))
    turns = tuple(Utterance(f"u{n}", "A", text="x " * T) for n in range(len(firsts)))
    return Example(Conversation("t", turns), {"words": words, "voice": voice})


def probability(yes: float) -> float:
    return float(1 / (1 + np.exp(-2 * yes)))


NEAR = {"rel": 1e-4, "abs": 1e-6}


def asked(model: PretrainedModel, example: Example, hotspots: list[list[Hotspot]]):
    (prediction,) = predict(model, [example])
    return effects_of(model, example, prediction, hotspots)


def test_an_effect_is_the_fall_of_the_most_probable_class() -> None:
    firsts = np.zeros(T)
    firsts[2], firsts[5] = 1.0, -0.3
    example = talk([firsts, -firsts], [0.2, 0.2])
    found = asked(pretrained(Counting()), example, [[spot(2), spot(5)], [spot(2)]])
    yes = probability(0.9)
    assert found.hotspots[0, 0] == pytest.approx(yes - probability(-0.1), **NEAR)
    # What speaks against the answer has a negative effect.
    assert found.hotspots[0, 1] == pytest.approx(yes - probability(1.2), **NEAR)
    assert found.modalities["words"][0] == pytest.approx(yes - probability(0.2), **NEAR)
    assert found.modalities["voice"][0] == pytest.approx(yes - probability(0.7), **NEAR)
    # The second utterance says no: its fall is that of "no".
    no = 1 - probability(-0.5)
    assert found.hotspots[1, 0] == pytest.approx(no - (1 - probability(0.5)), **NEAR)
    assert found.modalities["voice"][1] == pytest.approx(no - (1 - probability(-0.7)), **NEAR)


def test_probabilities_are_the_calibrated_ones() -> None:
    example = talk([np.eye(T)[2]], [0.0])
    found = asked(pretrained(Counting(), temperature=4.0), example, [[spot(2)]])
    assert found.hotspots[0, 0] == pytest.approx(probability(0.25) - 0.5, **NEAR)


def test_a_temperature_of_what_is_left_is_no_evidence() -> None:
    plain = pretrained(Counting(), temperature=2.0)
    sharp = renamed(plain, partial={"words": Confidence(0.5), "voice": Confidence(0.5)})
    example = talk([np.full(T, 0.1)], [0.0])
    # The voice says nothing, so nothing is lost without it.
    for model in (plain, sharp):
        effects = asked(model, example, [[]])
        assert effects.modalities["voice"][0] == pytest.approx(0.0, abs=1e-6)
        assert effects.modalities["words"][0] == pytest.approx(probability(0.4) - 0.5, **NEAR)


def test_what_the_model_cannot_tell_apart_is_not_asked() -> None:
    example = talk([np.eye(T)[2]], [1.0])
    between = Hotspot("words", None, None, 0.9, "x", 100, 101)
    pooled = Hotspot("voice", None, None, 0.9, "x")
    unread = Hotspot("face", None, None, 0.9, "x")
    model = pretrained(Counting())
    found = asked(model, example, [[pooled, spot(2), unread, between]])
    assert set(found.hotspots) == {(0, 1)}
    assert set(found.modalities) == {"words", "voice"}
    silent = Example(example.conversation, {"words": example.tokens["words"]})
    assert set(asked(model, silent, [[]]).modalities) == {"words"}


def test_a_short_conversation_is_asked_about_every_hotspot() -> None:
    example = noisy(10)
    hotspots = [[spot(t, 0.1 * t + 0.1) for t in range(T)] for _ in range(10)]
    found = asked(pretrained(Counting()), example, hotspots)
    assert set(found.hotspots) == {(u, n) for u in range(10) for n in range(T)}


@pytest.mark.parametrize("spots", [2, 5])
def test_where_hotspots_are_dense_the_strongest_are_asked(spots: int) -> None:
    scores = [0.3, 0.9, 0.5, 0.8, 0.4][:spots]
    own = [spot(t, score) for t, score in enumerate(scores)]
    example = noisy(600)
    found = asked(pretrained(Counting()), example, [own] * 600)
    strongest = int(np.argmax(scores))
    assert set(found.hotspots) == {(u, strongest) for u in range(600)}
    # Where few utterances have any, all of each.
    sparse = [own if u % 20 == 0 else [] for u in range(600)]
    some = {n for u, n in asked(pretrained(Counting()), example, sparse).hotspots if u == 20}
    assert some == set(range(spots))


def test_hotspots_of_a_pass_lie_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is withheld is counted: one hotspot an utterance, and far from the next."""
    seen: list[list[int]] = []

    def watched(example: Example, modality: str, kept: dict[int, np.ndarray]) -> Example:
        seen.append(sorted(kept))
        assert all((~own).sum() == 1 for own in kept.values())
        return example

    monkeypatch.setattr(module, "with_tokens", watched)
    asked(pretrained(Counting()), noisy(600), [[spot(u % T), spot(3, 0.1)] for u in range(600)])
    assert len(seen) == PASSES
    assert sorted(u for own in seen for u in own) == list(range(600))
    assert all(np.diff(own).min() >= 10 for own in seen)


def test_passes_with_long_utterances_are_computed_by_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []

    def counted(model: PretrainedModel, examples: list[Example]) -> list[Prediction]:
        sizes.append(len(examples))
        return predict(model, examples)

    offsets = np.array([(2 * t, 2 * t + 1) for t in range(3000)])
    long = Tokens(np.zeros((3000, 4)), offsets=offsets)
    short = noisy(40)
    example = Example(short.conversation, {"words": [long, *short.tokens["words"][1:]]})
    hotspots = [[spot(t) for t in range(20)], *([] for _ in range(39))]
    model = pretrained(Counting())
    (prediction,) = predict(model, [example])
    monkeypatch.setattr(module, "predict", counted)
    assert len(effects_of(model, example, prediction, hotspots).hotspots) == PASSES
    assert set(sizes) == {1}


def test_of_a_speech_in_one_utterance_modalities_alone_are_asked() -> None:
    offsets = np.array([(2 * t, 2 * t + 1) for t in range(600)])
    values = np.full((600, 4), 0.001)
    example = Example(noisy(1).conversation, {"words": [Tokens(values, offsets=offsets)]})
    found = asked(pretrained(Counting()), example, [[spot(3)]])
    assert found.hotspots == {}
    assert found.modalities["words"] == pytest.approx([probability(0.6) - 0.5], **NEAR)


def test_no_utterance_and_nothing_read() -> None:
    model = pretrained(Counting())
    example = talk([np.ones(T)], [0.0])
    mute = Example(example.conversation, {"words": [None]})
    found = asked(model, mute, [[spot(2)]])
    assert (found.modalities, found.hotspots) == ({}, {})


def small(seed: int = 0, **settings: object) -> EmotionModel:
    torch.manual_seed(seed)
    sizes = {
        "width": 16, "heads": 2, "graph_heads": 2, "experts": 2, "top_k": 1, "expert_rank": 2,
        "context_layers": 1, "graph_past": 3, "graph_future": 2, "dropout": 0.0,
        "input_dropout": 0.0,
    }  # fmt: skip
    config = ModelConfig(modalities=tuple(DIMS), **{**sizes, **settings})
    model = build_recognizer(config, DIMS, {"emotion": 2})
    model.set_prior("emotion", torch.tensor([0.04, -0.04]))
    model.set_transitions("emotion", torch.rand(3, 2, 2) * 20)
    return model.eval()


def noisy(count: int, seed: int = 0) -> Example:
    random = np.random.default_rng(seed)
    return talk([random.normal(size=T) for _ in range(count)], list(random.normal(size=count)))


@pytest.fixture
def recognizer() -> PretrainedModel:
    # Sharpened, since a model that has learned nothing is sure of nothing.
    return pretrained(small(), temperature=0.3)


def test_without_its_only_modality_the_model_says_its_prior(recognizer: PretrainedModel) -> None:
    example = noisy(5)
    bare = Example(example.conversation, {"words": example.tokens["words"]})
    (prediction,) = predict(recognizer, [bare])
    found = asked(recognizer, bare, [[]] * 5).modalities["words"]
    prior = torch.softmax(torch.tensor([0.04, -0.04]) / 0.3, dim=0).numpy()
    best = prediction.probabilities.argmax(axis=1)
    expected = prediction.probabilities.max(axis=1) - prior[best]
    assert found == pytest.approx(expected, **NEAR)


def one_by_one(
    model: PretrainedModel, example: Example, hotspots: list[list[Hotspot]]
) -> dict[tuple[int, int], float]:
    """A pass for each hotspot, its tokens cut out by hand."""
    (whole,) = predict(model, [example])
    found = {}
    for u, own in enumerate(hotspots):
        for n, hotspot in enumerate(own):
            words = list(example.tokens["words"])
            kept = [t for t in range(T) if 2 * t != hotspot.char_start]
            words[u] = Tokens(words[u].values[kept], offsets=words[u].offsets[kept])
            (cut,) = predict(
                model, [Example(example.conversation, {**example.tokens, "words": words})]
            )
            best = whole.probabilities[u].argmax()
            found[u, n] = float(whole.probabilities[u, best] - cut.probabilities[u, best])
    return found


def test_few_hotspots_are_asked_exactly(recognizer: PretrainedModel) -> None:
    example = noisy(PASSES // 2)
    hotspots = [[spot(u), spot(u + 1, 0.4)] for u in range(PASSES // 2)]
    found = asked(recognizer, example, hotspots)
    expected = one_by_one(recognizer, example, hotspots)
    assert found.hotspots == pytest.approx(expected, **NEAR)
    assert np.std(list(expected.values())) > 1e-4, "effects that are all alike show nothing"


def test_many_hotspots_without_context_are_asked_exactly() -> None:
    """A model without context knows nothing of what is withheld elsewhere."""
    model = pretrained(Counting())
    example = noisy(40)
    hotspots = [[spot(u % T), spot((u + 3) % T)] for u in range(40)]
    found = asked(model, example, hotspots)
    assert found.hotspots == pytest.approx(one_by_one(model, example, hotspots), **NEAR)


def test_what_is_computed_together_does_not_matter(
    recognizer: PretrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = noisy(9)
    hotspots = [[spot(u % T)] for u in range(9)]
    told: list[float] = []
    (prediction,) = predict(recognizer, [example])
    together = effects_of(recognizer, example, prediction, hotspots, told.append)
    assert told == [1.0]
    monkeypatch.setattr(module, "UTTERANCES_A_BATCH", 1)
    told.clear()
    alone = effects_of(recognizer, example, prediction, hotspots, told.append)
    assert told == pytest.approx([n / 11 for n in range(1, 12)])
    assert alone.hotspots == pytest.approx(together.hotspots, **NEAR)
    for m in DIMS:
        assert alone.modalities[m] == pytest.approx(together.modalities[m], **NEAR)


def test_nothing_that_comes_later_counts_in_a_causal_model() -> None:
    model = pretrained(small(causal=True), temperature=0.3)
    example = noisy(8)
    hotspots = [[spot(u % T)] for u in range(8)]
    whole = asked(model, example, hotspots)
    first = Example(
        Conversation("t", example.conversation.utterances[:5]),
        {m: own[:5] for m, own in example.tokens.items()},
    )
    begun = asked(model, first, hotspots[:5])
    assert {p: e for p, e in whole.hotspots.items() if p[0] < 5} == pytest.approx(
        begun.hotspots, abs=1e-6
    )
    assert whole.modalities["voice"][:5] == pytest.approx(begun.modalities["voice"], **NEAR)


def planted(count: int, seed: int) -> tuple[list[Example], list[list[int]], Tensor]:
    """Conversations in which one word of each utterance tells the class, and where it is."""
    random = np.random.default_rng(seed)
    examples, places, labels = [], [], []
    for _ in range(count):
        answers = random.integers(2, size=6)
        where = random.integers(T, size=6)
        example = noisy(6, int(random.integers(1 << 30)))
        for u, (answer, t) in enumerate(zip(answers, where, strict=True)):
            values = example.tokens["words"][u].values
            values[:] = random.normal(scale=0.5, size=values.shape)
            values[t, 1] += 3.0 if answer else -3.0
        examples.append(example)
        places.append(where.tolist())
        labels.append(answers)
    return examples, places, torch.tensor(np.array(labels))


@pytest.fixture(scope="module")
def trained() -> PretrainedModel:
    """A model that has learned the planted words."""
    recognizer = small(
        seed=1, context="none", aligners="none", kernel_reader=False, dynamics=0.0, own_heads=False
    ).train()
    examples, _, labels = planted(24, seed=0)
    batch = collate(examples, DIMS)
    optimiser = torch.optim.Adam(recognizer.parameters(), lr=0.01)
    for _ in range(30):
        logits = recognizer(batch).logits["emotion"]
        loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return pretrained(recognizer.eval(), temperature=4.0)


def test_the_word_that_tells_counts_more_than_any_other_place(trained: PretrainedModel) -> None:
    examples, places, labels = planted(6, seed=9)
    random = np.random.default_rng(1)
    right, true, elsewhere, words, voice = [], [], [], [], []
    for example, where, answers in zip(examples, places, labels, strict=True):
        (prediction,) = predict(trained, [example])
        right.append(prediction.probabilities.argmax(axis=1) == answers.numpy())
        others = [(t + int(random.integers(1, T))) % T for t in where]
        found = asked(
            trained, example, [[spot(t), spot(o)] for t, o in zip(where, others, strict=True)]
        )
        true += [found.hotspots[u, 0] for u in range(6)]
        elsewhere += [found.hotspots[u, 1] for u in range(6)]
        words.append(found.modalities["words"].mean())
        voice.append(found.modalities["voice"].mean())
    assert np.mean(right) > 0.9
    assert np.mean(true) > 0.2
    assert np.mean(true) > 5 * abs(np.mean(elsewhere))
    assert np.mean(np.array(true) > np.array(elsewhere)) > 0.8
    # The voice is noise: the words are what speaks for the answers.
    assert np.mean(words) > 3 * abs(np.mean(voice))
