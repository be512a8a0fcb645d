"""What replaces a part: everything else stays where it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from emospot.batch import Example, collate
from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.evaluation.diagnosis.interventions import (
    GraphOutputs,
    averaged,
    graph_collected,
    graph_of,
    graph_replaced,
    shuffled,
)
from emospot.model.predict import predict

DIMS = {"words": 3, "voice": 2}
STEP = 0.5


def talk(name: str, count: int, *, clock: float = 0.0, missing: tuple[int, ...] = ()) -> Example:
    """Utterances of different lengths with times, texts and one hotspot each."""
    random = np.random.default_rng(list(name.encode()))
    turns, words, voice, hotspots = [], [], [], []
    for u in range(count):
        start, length = clock + 10.0 * u, 2 + u % 3
        text = " ".join(f"{name}{u}{t}" for t in range(length))
        turns.append(Utterance(f"u{u}", "AB"[u % 2], start, start + 5.0, text, label="x"))
        begins = start + STEP * np.arange(length)
        times = np.column_stack([begins, begins + STEP])
        own = Tokens(random.normal(size=(length, 3)), times)
        words.append(None if u in missing else own)
        voice.append(Tokens(random.normal(size=(length, 2)), times))
        spot = Hotspot("words", float(begins[1]), float(begins[1] + STEP), 0.7, "test")
        hotspots.append([spot, Hotspot("voice", start, start + STEP, 0.4, "test", apex=start)])
    return Example(Conversation(name, tuple(turns)), {"words": words, "voice": voice}, hotspots)


@pytest.fixture
def talks() -> list[Example]:
    return [talk("a", 4), talk("b", 3, clock=100.0, missing=(1,))]


def content(examples: list[Example], modality: str) -> list[tuple]:
    """What a model reads of a modality in each utterance that has it."""
    batch = collate(examples, DIMS)
    own = batch.modalities[modality]
    return [
        (
            own.values[b, u][own.mask[b, u]].tolist(),
            np.round(own.times[b, u][own.mask[b, u]].numpy(), 4).tolist(),
            own.scores[b, u][own.mask[b, u]].tolist(),
            batch.texts[b][u] if modality == "words" else "",
        )
        for b, ids in enumerate(batch.ids)
        for u in range(len(ids))
        if own.mask[b, u].any()
    ]


@pytest.mark.parametrize("modality", DIMS)
def test_a_shuffle_deals_the_same_content_to_others(talks, modality):
    other = next(m for m in DIMS if m != modality)
    dealt = shuffled(talks, modality, np.random.default_rng(0))
    before, after = content(talks, modality), content(dealt, modality)
    assert sorted(map(repr, before)) == sorted(map(repr, after))
    assert before != after
    # Values, times, hotspots and texts stay together; the other modality stays in place.
    assert [c[:3] for c in content(talks, other)] == [c[:3] for c in content(dealt, other)]
    one, two = collate(talks, DIMS), collate(dealt, DIMS)
    assert torch.equal(one.present, two.present)
    assert torch.allclose(one.times, two.times, equal_nan=True)
    assert torch.equal(one.speakers, two.speakers)


def test_an_utterance_without_times_gets_those_counted_from_its_first_token(talks):
    bare = tuple(replace(u, start=None, end=None) for u in talks[1].conversation.utterances)
    talks[1] = replace(talks[1], conversation=replace(talks[1].conversation, utterances=bare))
    dealt = shuffled(talks, "voice", np.random.default_rng(1))
    assert sorted(map(repr, content(talks, "voice"))) == sorted(map(repr, content(dealt, "voice")))


def test_tokens_without_times_and_conversations_without_hotspots_are_dealt_too(talks):
    plain = [
        Example(
            e.conversation,
            {"words": [None if t is None else replace(t, times=None) for t in e.tokens["words"]]},
        )
        for e in talks
    ]
    dealt = shuffled(plain, "words", np.random.default_rng(0))
    assert all(e.hotspots == () for e in dealt)
    assert sorted(map(repr, content(plain, "words"))) == sorted(map(repr, content(dealt, "words")))
    assert content(plain, "words") != content(dealt, "words")


def test_the_mean_tells_nothing_but_the_number_of_tokens(talks):
    flat = averaged(talks, "words")
    mean = np.concatenate([t.values for e in talks for t in e.tokens["words"] if t]).mean(axis=0)
    for values, _, scores, text in content(flat, "words"):
        assert np.allclose(values, mean)
        assert not any(scores)
        assert text == ""
    assert [len(c[0]) for c in content(flat, "words")] == [
        len(c[0]) for c in content(talks, "words")
    ]
    assert content(flat, "voice") == content(talks, "voice")


def test_a_modality_that_nobody_has_stays_so(talks):
    assert averaged(talks, "face") == talks
    assert shuffled(talks, "face", np.random.default_rng(0)) == talks


def outputs_of(model, examples) -> GraphOutputs:
    with graph_collected(model.recognizer, graph_of(model.recognizer)) as outputs:
        predict(model, examples)
    return outputs


def test_what_the_graph_says_is_put_back_as_it_was(world):
    model, examples = world.model, world.examples[:6]
    outputs = outputs_of(model, examples)
    assert len(outputs.values) == sum(len(e.conversation.utterances) for e in examples)
    graph = graph_of(model.recognizer)
    plain = predict(model, examples)
    with graph_replaced(model.recognizer, graph, outputs, torch.stack(outputs.values)):
        again = predict(model, examples)
    for one, other in zip(plain, again, strict=True):
        assert np.allclose(one.logits, other.logits, atol=1e-6)
    with graph_replaced(model.recognizer, graph, outputs, outputs.averaged()):
        other = predict(model, examples)
    assert not np.allclose(plain[0].logits, other[0].logits, atol=1e-3)
    # Behind the block the model is what it was.
    assert np.array_equal(predict(model, examples)[0].logits, plain[0].logits)


def test_graph_outputs_are_dealt_among_utterances_with_the_same_modalities():
    outputs = GraphOutputs()
    for n in range(8):
        outputs.rows["d", n] = n
        outputs.values.append(torch.tensor([float(n), 1.0]))
        outputs.present.append(b"\1\1" if n % 2 else b"\1\0")
    dealt = outputs.shuffled(np.random.default_rng(0))[:, 0]
    assert sorted(dealt.tolist()) == list(range(8))
    assert [int(v) % 2 for v in dealt] == [n % 2 for n in range(8)]
    assert dealt.tolist() != list(range(8))
    assert outputs.averaged()[:, 0].tolist() == [3.0, 4.0] * 4


def test_the_order_of_the_batches_does_not_decide_who_gets_what():
    def dealt(order: list[int]) -> list[float]:
        outputs = GraphOutputs()
        for row, n in enumerate(order):
            outputs.rows["d", n] = row
            outputs.values.append(torch.tensor([float(n)]))
            outputs.present.append(b"\1")
        values = outputs.shuffled(np.random.default_rng(0))[:, 0]
        return [float(values[outputs.rows["d", n]]) for n in range(len(order))]

    assert dealt([0, 1, 2, 3, 4]) == dealt([3, 1, 4, 0, 2])
