"""The threshold is the one that tells moved turns from resting ones best."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from emospot.batch import Example
from emospot.config import parse_config
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.emotions import LabelSet, emotion_task
from emospot.training import hotspot_thresholds as module
from emospot.training.hotspot_thresholds import best_threshold, hotspot_thresholds

LABELS = LabelSet("moods", ("neutral", "angry"))


def test_no_threshold_is_better():
    random = np.random.default_rng(3)
    wanted = random.random(80) < 0.3
    scores = random.random(80) + 0.4 * wanted
    found = best_threshold(scores, wanted)
    best = max(f1_score(wanted, scores >= t) for t in scores)
    assert f1_score(wanted, scores >= found) == pytest.approx(best)


def _example(strengths):
    """Turns of two tokens with scores of that strength; odd ones are angry."""
    utterances, tokens = [], []
    for number, _ in enumerate(strengths):
        start = 10.0 * number
        label = LABELS.labels[number % 2]
        utterances.append(Utterance(str(number), "A", start, start + 1, label=label))
        times = np.array([[start, start + 0.5], [start + 0.5, start + 1]])
        tokens.append(Tokens(np.zeros((2, 3)), times))
    utterances.append(Utterance("silent", "A", label="angry"))
    utterances.append(Utterance("unknown", "A", 99.0, 100.0))
    tokens += [None, Tokens(np.zeros((2, 3)), np.array([[99.0, 99.5], [99.5, 100.0]]))]
    return Example(Conversation("c", tuple(utterances)), {"voice": tokens}, [[] for _ in tokens])


def _model(learned=("voice",), labels=LABELS, share=0.5):
    sizes = {"modalities": ["voice"], "learned_hotspots": learned, "hotspot_share": share}
    config = parse_config({"model": sizes}).model
    return SimpleNamespace(config=config, card=SimpleNamespace(main=emotion_task(labels)))


@pytest.fixture
def scored(monkeypatch):
    """An example whose turns the model scores so; the last two are silent and unlabelled."""

    def make(strengths):
        scores = tuple(np.full(2, s) for s in [*strengths, 0.0, 1.0])
        answer = SimpleNamespace(hotspots={"voice": (*scores[:-2], np.zeros(0), scores[-1])})
        monkeypatch.setattr(module, "predict", lambda model, examples: [answer])
        return [_example(strengths)]

    return make


def test_moved_turns_are_told_from_resting_ones(scored):
    examples = scored([0.1, 0.5, 0.3, 0.7])
    assert hotspot_thresholds(_model(), examples) == {"voice": pytest.approx(0.4)}


def test_of_a_voice_the_best_share_answers(scored, monkeypatch):
    examples = scored([0.2, 0.6])
    (answer,) = module.predict(None, None)
    halves = (np.array([0.0, 0.2]), np.array([0.0, 0.6]), *answer.hotspots["voice"][2:])
    answer.hotspots["voice"] = halves
    assert hotspot_thresholds(_model(share=0.5), examples) == {"voice": pytest.approx(0.4)}
    assert hotspot_thresholds(_model(share=0.99), examples) == {"voice": pytest.approx(0.2)}


def test_where_nothing_can_be_said(scored):
    examples = scored([0.1, 0.5])
    assert hotspot_thresholds(_model(learned=()), examples) == {}
    restless = LabelSet("moods", ("calm", "angry"))
    assert hotspot_thresholds(_model(labels=restless), examples) == {}
    assert hotspot_thresholds(_model(), scored([0.1])) == {}
