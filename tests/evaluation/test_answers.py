"""Answers stand beside the truth they belong to, whatever else is in the conversation."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from emospot.batch import Example
from emospot.config import parse_config
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.emotions import LabelSet, Task, emotion_task
from emospot.errors import StoreError
from emospot.evaluation.answers import predictions_by_task, predictions_of
from emospot.evaluation.run import evaluate_model
from emospot.features.base import FeatureDescription
from emospot.model.builder import build_model
from emospot.model.predict import predict
from emospot.model.pretrained import ModelCard, PretrainedModel

LABELS = LabelSet("moods", ("calm", "angry"))
TASKS = (
    emotion_task(LABELS),
    Task("joy+fear", "several", ("joy", "fear")),
    Task("valence", "number", ("valence",), center=3.0, scale=2.0),
)


@pytest.fixture
def model() -> PretrainedModel:
    torch.manual_seed(0)
    config = parse_config({"model": {"kind": "mlp", "modalities": ["words"], "width": 8}}).model
    heads = {task.name: len(task.outputs) for task in TASKS}
    features = {"words": FeatureDescription("words", "x", "1", 4, pooled=True)}
    card = ModelCard("m", LABELS, features, temperature=2.0, tasks=TASKS)
    return PretrainedModel(build_model(config, {"words": 4}, heads).eval(), config, card)


def _example(name: str, *turns: tuple[str | None, dict[str, float]]) -> Example:
    random = np.random.default_rng(len(turns))
    tokens = [Tokens(random.normal(size=(1, 4))) for _ in turns]
    utterances = tuple(
        Utterance(f"u{i}", "A", label=label, targets=targets)
        for i, (label, targets) in enumerate(turns)
    )
    return Example(Conversation(name, utterances), {"words": tokens})


EXAMPLES = [
    _example("a", ("angry", {"valence": 1.5}), (None, {"joy": 1.0, "fear": 0.0}), ("calm", {})),
    _example("b", (None, {}), ("angry", {"joy": 0.0, "fear": 2.0, "valence": 4.0})),
]


def test_each_task_has_the_utterances_whose_answer_is_known(model: PretrainedModel) -> None:
    found = predictions_by_task(model, EXAMPLES)
    assert list(found) == ["emotion", "joy+fear", "valence"]
    emotion, several, valence = found.values()
    assert list(zip(emotion.dialogues, emotion.utterances, strict=True)) == [
        ("a", "u0"),
        ("a", "u2"),
        ("b", "u1"),
    ]
    assert emotion.true.tolist() == [1, 0, 1]
    assert several.true.tolist() == [[True, False], [False, True]]
    assert valence.true.tolist() == [1.5, 4.0]
    assert all(p.seeds == 1 for p in found.values())


def test_answers_and_probabilities_are_those_of_the_model(model: PretrainedModel) -> None:
    first, second = predict(model, EXAMPLES)
    emotion, several, valence = predictions_by_task(model, EXAMPLES).values()
    rows = np.stack([first.probabilities[0], first.probabilities[2], second.probabilities[1]])
    assert np.allclose(emotion.probabilities[0], rows)
    assert emotion.predicted[0].tolist() == rows.argmax(axis=1).tolist()
    outputs = np.stack([first.outputs["joy+fear"][1], second.outputs["joy+fear"][1]])
    assert np.allclose(several.probabilities[0], 1 / (1 + np.exp(-outputs))), "no temperature"
    assert (several.predicted[0] == (several.probabilities[0] > 0.5)).all()
    numbers = [first.outputs["valence"][0, 0], second.outputs["valence"][1, 0]]
    assert np.allclose(valence.predicted[0], 3.0 + 2.0 * np.array(numbers))


def test_an_unknown_further_task_is_left_out_and_an_unknown_main_one_named(
    model: PretrainedModel,
) -> None:
    plain = [_example("c", ("calm", {}), ("angry", {}))]
    assert list(predictions_by_task(model, plain)) == ["emotion"]
    scored = evaluate_model(model, plain, 0, "c")
    assert scored.auxiliary == {}
    nothing = [_example("d", (None, {"valence": 2.0}))]
    with pytest.raises(StoreError, match="no labelled utterance in test"):
        predictions_of(model, nothing, where="test")
    other = replace(model, card=replace(model.card, tasks=(TASKS[1], *TASKS[::2])))
    with pytest.raises(StoreError, match="no utterance with joy, fear in these"):
        predictions_of(other, nothing)


def test_scores_of_further_tasks_stand_beside_the_main_ones(model: PretrainedModel) -> None:
    scored = evaluate_model(model, EXAMPLES, 7, "here")
    assert set(scored.auxiliary) == {"joy+fear", "valence"}
    metrics = scored.metrics()
    emotion, _, valence = predictions_by_task(model, EXAMPLES).values()
    assert metrics["accuracy"] == np.mean(emotion.predicted[0] == emotion.true)
    expected = np.abs(valence.predicted[0] - valence.true).mean()
    assert metrics["valence:mae"] == pytest.approx(expected)
    assert "joy+fear:f1:joy" in metrics
    assert 0 <= scored.answered <= 1
