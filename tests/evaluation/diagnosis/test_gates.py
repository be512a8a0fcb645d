"""Gates as they are watched against gates computed token by token."""

import numpy as np
import pytest
import torch

from emospot.batch import collate
from emospot.emotions import Task
from emospot.evaluation.diagnosis.gates import GateWatch
from emospot.evaluation.diagnosis.interventions import watched
from emospot.evaluation.faithfulness import _hotspot_scores
from emospot.evaluation.predictions import Predictions
from emospot.evaluation.significance import bootstrap_interval
from emospot.model.predict import predict


def use_of(model, examples, marked=()):
    watch = GateWatch(model.recognizer)
    with watched(model.recognizer, watch.tell):
        predict(model, examples)
    watch.close()
    return watch.use(marked), watch.untested


def channel_gates(model, examples, modality):
    """α[t, c] of every token by the equations, one conversation at a time."""
    dims = {m: model.card.features[m].dim for m in model.config.modalities}
    stem = model.recognizer.stems[modality]
    found = []
    for example in examples:
        tensors = collate([example], dims).modalities[modality]
        for u in range(tensors.mask.shape[1]):
            own = tensors.mask[0, u]
            if own.sum() > 1:
                content = stem.normalisation.standardised(tensors.values[0, u][own].float())[None]
                scores = tensors.scores[0, u][own][None]
                logits = []
                handle = stem.fusion.gate.register_forward_hook(lambda *a: logits.append(a[2]))  # noqa: B023
                with torch.no_grad():
                    stem.fusion(content, scores)
                handle.remove()
                found.append(torch.sigmoid(logits[0][0]).double().numpy())
    return np.concatenate(found)


def test_figures_are_those_of_all_tokens_and_channels(world):
    examples = world.examples[:8]
    for use in use_of(world.model, examples)[0]:
        gates = channel_gates(world.model, examples, use.modality)
        assert (use.tokens, use.channels) == gates.shape
        assert use.mean == pytest.approx(gates.mean(), abs=1e-5)
        assert use.deviation.value == pytest.approx(gates.var(axis=0).mean() ** 0.5, abs=1e-5)
        assert use.channel_deviation == pytest.approx(gates.mean(axis=0).std(), abs=1e-5)
        assert use.closed.value == pytest.approx((gates < 0.05).mean(), abs=1e-4)
        assert use.open.value == pytest.approx((gates > 0.95).mean(), abs=1e-4)
        counts = np.histogram(gates, 20, (0, 1))[0]
        assert np.abs(np.array(use.histogram) - counts).sum() <= 0.001 * gates.size
        assert sum(use.histogram) == gates.size
        assert (use.single, use.dialogues, use.learned) == (0, 8, False)
        assert use.deviation.low < use.deviation.value < use.deviation.high


def test_the_correlation_is_pearsons_with_the_scores_that_are_read(world):
    examples = world.examples[:8]
    answers = predict(world.model, examples)
    use = next(u for u in use_of(world.model, examples)[0] if u.modality == "words")
    gates = np.concatenate([g for a in answers for g in a.gates["words"]])
    scores = np.concatenate(
        [
            _hotspot_scores(e, "words", u)
            for e in examples
            for u in range(len(e.conversation.utterances))
        ]
    )
    assert use.correlation.value == pytest.approx(np.corrcoef(gates, scores)[0, 1], abs=1e-5)
    assert use.hotspot_share == pytest.approx((scores > 0).mean())
    assert use.marked_correlation is None
    marked = use_of(world.model, examples, ["words"])[0][0]
    assert marked.marked_correlation.value == pytest.approx(use.correlation.value)


def test_intervals_are_over_dialogues_in_whatever_order_they_come(world):
    examples = world.examples[:8]
    words = use_of(world.model, examples)[0][0]
    turned = use_of(world.model, examples[::-1])[0][0]
    for name in ("deviation", "closed", "open", "correlation"):
        one, other = getattr(words, name), getattr(turned, name)
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-4), name
    gates, scores, dialogues = [], [], []
    for example in sorted(examples, key=lambda e: e.conversation.id):
        (answer,) = predict(world.model, [example])
        for u, own in enumerate(answer.gates["words"]):
            gates += own.tolist()
            scores += _hotspot_scores(example, "words", u).tolist()
            dialogues += [example.conversation.id] * len(own)
    tokens = Predictions(
        Task("g", "number", ("g",)), tuple(dialogues), np.array(scores), np.array([gates])
    )
    literal = bootstrap_interval(tokens, "correlation", draws=2000)
    assert (words.correlation.low, words.correlation.high) == pytest.approx(
        (literal.low, literal.high), abs=1e-4
    )


def test_without_hotspots_there_is_nothing_to_correlate_with(world, without_hotspots):
    words, voice = use_of(world.model, without_hotspots(world.examples[:3]))[0]
    assert words.correlation is None
    assert words.hotspot_share == 0.0
    assert voice.tokens > 0


def test_utterances_of_one_token_do_not_count(world, first_tokens):
    examples = first_tokens(world.examples[:3], "words")
    (voice,), untested = use_of(world.model, examples)
    assert voice.modality == "voice"
    assert untested == {"words": sum(len(e.conversation.utterances) for e in examples)}
    mixed = [*examples, world.examples[3]]
    words = use_of(world.model, mixed)[0][0]
    assert words.single == untested["words"]
    assert words.tokens == 8 * len(world.examples[3].conversation.utterances)


def test_learned_scores_are_told_from_a_detectors(make_model):
    model, examples = make_model(learned_hotspots=("words",))
    words, voice = use_of(model, examples, ["words"])[0]
    assert (words.learned, voice.learned) == (True, False)
    answers = predict(model, examples)
    gates = np.concatenate([g for a in answers for g in a.gates["words"] if len(g) > 1])
    scores = np.concatenate([s for a in answers for s in a.hotspots["words"] if len(s) > 1])
    assert words.correlation.value == pytest.approx(np.corrcoef(gates, scores)[0, 1], abs=1e-4)
    assert words.marked_correlation.value != pytest.approx(words.correlation.value)


def test_a_scalar_gate_has_one_channel(make_model):
    model, examples = make_model(gate="scalar")
    assert {use.channels for use in use_of(model, examples)[0]} == {1}


def test_models_without_gates(make_model):
    model, examples = make_model(fusion="global")
    watch = GateWatch(model.recognizer)
    assert not watch.there
    assert use_of(model, examples) == ((), {})
