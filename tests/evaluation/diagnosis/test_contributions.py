"""What a part is worth, for models of which it is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.emotions import LabelSet, Task
from emospot.evaluation.answers import predictions_of
from emospot.evaluation.diagnosis.contributions import (
    Contributions,
    differing,
    main_metric,
    score_of,
)
from emospot.evaluation.diagnosis.interventions import shuffled
from emospot.evaluation.predictions import Predictions
from emospot.features.base import FeatureDescription
from emospot.model.emotion_model import EmotionModel, EmotionOutput
from emospot.model.pretrained import ModelCard, PretrainedModel

NAMES = ("words", "voice")
LABELS = LabelSet("two", ("no", "yes"))


class Listens(EmotionModel):
    """Answers by the sign of the first number of one modality; the others are not read."""

    def __init__(self, heard: str, head: str = "emotion") -> None:
        super().__init__()
        self.heard = heard
        self.head = head

    @property
    def modalities(self):
        return NAMES

    def set_input_statistics(self, modality, mean, deviation):
        raise NotImplementedError

    def forward(self, batch):
        own = batch.modalities[self.heard]
        x = (own.values[..., 0] * own.mask).sum(dim=-1).float()
        logits = x.unsqueeze(-1) if self.head == "mood" else torch.stack([-x, x], dim=-1)
        return EmotionOutput({self.head: logits})


def pretrained(heard: str, task: Task | None = None) -> PretrainedModel:
    features = {m: FeatureDescription(m, "x", "1", 2, pooled=True) for m in NAMES}
    card = ModelCard("toy", LABELS, features, tasks=() if task is None else (task,))
    network = Listens(heard, "emotion" if task is None else task.name)
    return PretrainedModel(network, ModelConfig(modalities=NAMES), card)


def talks(count: int = 12, turns: int = 10) -> list[Example]:
    random = np.random.default_rng(0)
    found = []
    for c in range(count):
        right = random.integers(2, size=turns)
        utterances = tuple(
            Utterance(
                f"u{n}", "A", label=LABELS.labels[y], targets={"mood": float(2 * y - 1), "joy": y}
            )
            for n, y in enumerate(right)
        )
        tokens = {m: [Tokens(np.array([[2.0 * y - 1, 0.0]])) for y in right] for m in NAMES}
        found.append(Example(Conversation(f"d{c}", utterances), tokens))
    return found


def asked(model: PretrainedModel, examples: list[Example], draws: int = 4) -> Contributions:
    base = predictions_of(model, examples)
    return Contributions(model, examples, base, draws=draws, seed=0)


def test_what_decides_is_worth_everything_and_what_is_not_read_nothing():
    examples, told = talks(), []
    model = pretrained("words")
    ask = asked(model, examples)
    ask.tell = lambda: told.append(1)
    words, voice = ask.of_modality("words"), ask.of_modality("voice")
    assert len(told) == 2 * (4 + 2)
    assert words.utterances == voice.utterances == 120
    for own in voice.replaced:
        assert (own.drop.value, own.drop.low, own.drop.high) == (0.0, 0.0, 0.0)
        assert (own.p, own.changed, own.score) == (1.0, 0.0, 1.0)
    assert words.by("shuffled").draws == 4
    assert 0.3 < words.by("shuffled").drop.value < 0.7
    assert words.by("shuffled").changed == pytest.approx(0.5, abs=0.1)
    assert words.by("mean").drop.low > 0.3
    assert words.by("absent").p < 0.01


def test_a_shuffles_score_is_that_of_scikit_learn():
    examples, model = talks(), pretrained("words")
    found = asked(model, examples, draws=2).of_modality("words").by("shuffled")
    scores = []
    for draw in range(2):
        random = np.random.default_rng([0, draw, *b"words"])
        dealt = predictions_of(model, shuffled(examples, "words", random))
        scores.append(f1_score(dealt.true, dealt.predicted[0], average="weighted"))
    assert found.score == pytest.approx(np.mean(scores))
    assert found.drop.value == pytest.approx(1.0 - np.mean(scores))


def test_of_an_error_a_drop_is_how_much_greater_it_gets():
    task = Task("mood", "number", ("mood",), scale=1.0)
    ask = asked(pretrained("words", task), talks())
    words = ask.of_modality("words")
    found, dealt = words.by("absent"), words.by("shuffled")
    # It answers 0 where −1 or 1 is right.
    assert (found.drop.value, found.score) == (pytest.approx(1.0), pytest.approx(1.0))
    assert 0.5 < dealt.drop.low < dealt.drop.value < dealt.drop.high < 1.5
    assert main_metric(task) == "mae"
    assert score_of(ask.base) == pytest.approx(0.0)


def test_answers_that_differ():
    single = Task("t", "single", ("a", "b"))
    true, said = np.array([0, 1]), np.array([[0, 1]])
    base = Predictions(single, ("d", "d"), true, said)
    assert differing(base, replace(base, predicted=1 - said)).tolist() == [[True, True]]
    several = Task("t", "several", ("a", "b"))
    both = np.array([[[True, False], [False, False]]])
    base = Predictions(several, ("d", "d"), both[0], both)
    other = both.copy()
    other[0, 1, 0] = True
    assert differing(base, replace(base, predicted=other)).tolist() == [[False, True]]
    number = Task("t", "number", ("n",), scale=2.0)
    base = Predictions(number, ("d", "d"), np.zeros(2), np.zeros((1, 2)))
    moved = replace(base, predicted=np.array([[0.019, 0.021]]))
    assert differing(base, moved).tolist() == [[False, True]]
