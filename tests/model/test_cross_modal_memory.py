"""Cross-attention between modalities: its limits, and what the aligners alone can learn."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from emospot.batch import Example, collate
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.emotions import LabelSet
from emospot.model.attention import MultiHeadAttention
from emospot.model.cross_modal_memory import (
    CrossModalMemory,
    PairAlignment,
    RigidAlignment,
    Sequences,
    pair_name,
)
from emospot.model.lag_bias import LagScale
from emospot.model.mixture_of_aligners import MixtureOfAligners
from emospot.model.recognizer import Recognizer

D, HEADS = 8, 2
LAGS = LagScale(reach=10.0, scale=0.5)


def _aligners(experts: int, top_k: int) -> MixtureOfAligners:
    aligners = MixtureOfAligners(D, experts=experts, top_k=top_k, rank=3, heads=HEADS, lags=LAGS)
    torch.nn.init.normal_(aligners.lag_bias)
    torch.nn.init.normal_(aligners.up)
    return aligners


def _sequences(rows: int, length: int, *, present: bool = True, by_row: bool = False) -> Sequences:
    """Random sequences; `by_row`: each element is a row of its own (utterance axis)."""
    R = length if by_row else 1
    return Sequences(
        x=torch.randn(rows, length, D),
        mask=torch.ones(rows, length, dtype=torch.bool),
        times=torch.arange(float(length)).expand(rows, length),
        summary=torch.randn(rows, R, D),
        present=torch.full((rows, R), present),
    )


def test_a_rigid_alignment_reads_what_is_at_the_same_time() -> None:
    torch.manual_seed(0)
    rigid = RigidAlignment(D)
    target, source = _sequences(2, 5), _sequences(2, 4)
    # Tokens of the source lie at 0, 1, 2.4 and 9; the second row has but the first two.
    source = replace(
        source,
        times=torch.tensor([0.0, 1.0, 2.4, 9.0]).expand(2, 4),
        mask=torch.tensor([[True] * 4, [True, True, False, False]]),
    )
    found, there, routing = rigid(target, source, causal=False)
    assert routing is None
    assert there.all()
    read = rigid.read(rigid.source_norm(source.x))
    for row, nearest in ((0, (0, 1, 2, 2, 2)), (1, (0, 1, 1, 1, 1))):
        assert torch.allclose(found[row], read[row, list(nearest)], atol=1e-6)
    # Halfway between two it is their mean.
    between = replace(target, times=torch.full((2, 5), 0.5))
    found, _, _ = rigid(between, source, causal=False)
    assert torch.allclose(found[0, 0], read[0, :2].mean(dim=0), atol=1e-6)
    # Causal: what comes later is not read, however near.
    found, _, _ = rigid(between, source, causal=True)
    assert torch.allclose(found[0, 0], read[0, 0], atol=1e-6)
    absent = replace(source, present=torch.zeros(2, 1, dtype=torch.bool))
    found, there, _ = rigid(target, absent, causal=False)
    assert not found.any()
    assert not there.any()


@pytest.mark.parametrize("by_row", [False, True], ids=["tokens", "utterances"])
def test_one_expert_equals_plain_cross_attention_over_that_expert(by_row: bool) -> None:
    torch.manual_seed(0)
    aligners = _aligners(1, 1)
    mixed = PairAlignment(D, HEADS, 0.0, aligners, LAGS)
    target, source = _sequences(3, 5, by_row=by_row), _sequences(3, 5, by_row=by_row)
    found, there, routing = mixed(target, source, causal=False)
    # Plain attention reads what the one expert gives, under its lag bias.
    plain = MultiHeadAttention(D, HEADS, 0.0)
    plain.load_state_dict(mixed.attention.state_dict())
    lags = target.times.unsqueeze(-1) - source.times.unsqueeze(1)
    bias = LAGS.bias(aligners.lag_bias[0].expand(3, 1, -1, -1), lags)
    normed = mixed.source_norm(source.x)
    aligned = normed + torch.nn.functional.gelu(normed @ aligners.down[0]) @ aligners.up[0]
    mask = torch.ones(3, 5, 5, dtype=torch.bool)
    expected = plain(mixed.query_norm(target.x), aligned, mask, bias)
    assert torch.allclose(found, expected, atol=1e-5)
    assert there.all()
    assert torch.equal(routing.selected, torch.ones_like(routing.selected))


def test_an_aligner_that_changes_nothing_equals_no_aligner() -> None:
    torch.manual_seed(0)
    aligners = _aligners(3, 2)
    with torch.no_grad():
        aligners.lag_bias.zero_()
        aligners.up.zero_()
    mixed = PairAlignment(D, HEADS, 0.0, aligners, LAGS)
    plain = PairAlignment(D, HEADS, 0.0, None, LAGS)
    plain.load_state_dict(mixed.state_dict(), strict=False)
    target, source = _sequences(3, 5), _sequences(3, 4)
    (found, _, routing), (expected, _, none) = (
        pair(target, source, causal=False) for pair in (mixed, plain)
    )
    assert torch.allclose(found, expected, atol=1e-5)
    assert routing is not None
    assert none is None


def test_an_absent_modality_is_neither_read_nor_reads() -> None:
    torch.manual_seed(0)
    pair = PairAlignment(D, HEADS, 0.0, _aligners(3, 2), LAGS)
    here, gone = _sequences(2, 4), _sequences(2, 4, present=False)
    for target, source in ((here, gone), (gone, here)):
        z, there, routing = pair(target, source, causal=False)
        assert not there.any()
        assert (z == 0).all()
        assert not routing.both_present.any()


def test_causal_reading_on_the_utterance_axis() -> None:
    torch.manual_seed(0)
    pair = PairAlignment(D, HEADS, 0.0, None, LAGS)
    target, source = (_sequences(1, 6, by_row=True) for _ in range(2))
    before, _, _ = pair(target, source, causal=True)
    source.x[0, 3] = torch.randn(D)
    after, _, _ = pair(target, source, causal=True)
    changed = (after - before).abs().amax(dim=-1)[0] > 1e-6
    assert changed.tolist() == [False] * 3 + [True] * 3


def test_without_pairs_and_layers_the_memory_is_the_pooled_sequence() -> None:
    torch.manual_seed(0)
    memory = CrossModalMemory(
        {}, ("a", "b"), width=D, heads=HEADS, layers=0, dropout=0.0, lags=LAGS,
        causal=False,
    )  # fmt: skip
    sequences = {"a": _sequences(2, 3), "b": _sequences(2, 5)}
    found, routings = memory(sequences)
    assert routings == {}
    for m, s in sequences.items():
        assert torch.allclose(found[m].pooled.squeeze(1), memory.pool[m](s.x, s.mask))


def test_each_modality_remembers_what_it_reads_of_the_others() -> None:
    torch.manual_seed(0)
    pair = PairAlignment(D, HEADS, 0.0, None, LAGS)
    memory = CrossModalMemory(
        {pair_name("b", "a"): pair}, ("a", "b"), width=D, heads=HEADS, layers=1, dropout=0.0,
        lags=LAGS, causal=False,
    )  # fmt: skip
    sequences = {"a": _sequences(2, 3), "b": _sequences(2, 5)}
    before, _ = memory(sequences)
    sequences["b"].x[:] += torch.randn(2, 5, D)
    after, _ = memory(sequences)
    assert not torch.allclose(before["a"].pooled, after["a"].pooled, atol=1e-3)
    sequences["a"].x[:] += torch.randn(2, 3, D)
    assert torch.equal(memory(sequences)[0]["b"].pooled, after["b"].pooled), (
        "there is no pair a->b"
    )


LAG, LENGTH, CLASSES = 2, 10, 3
LABELS = LabelSet("three", ("a", "b", "c"))


def _lagged(count: int, seed: int) -> list[Example]:
    """One marked token in "cue"; the emotion is what "content" says `LAG` tokens later."""
    random = np.random.default_rng(seed)
    times = np.stack([np.arange(LENGTH), np.arange(LENGTH) + 1.0], axis=1)
    examples = []
    for number in range(count):
        mark = int(random.integers(LENGTH - LAG))
        classes = random.integers(CLASSES, size=LENGTH)
        cue = np.zeros((LENGTH, 1))
        cue[mark] = 1.0
        content = np.eye(CLASSES)[classes]
        utterance = Utterance("u", "A", label=LABELS.labels[classes[mark + LAG]])
        tokens = {"cue": [Tokens(cue, times)], "content": [Tokens(content, times)]}
        examples.append(Example(Conversation(str(number), (utterance,)), tokens))
    return examples


def _accuracy_after_training(model: Recognizer, steps: int) -> float:
    dims = {"cue": 1, "content": CLASSES}
    optimizer = torch.optim.Adam(model.train().parameters(), lr=5e-3)
    for step in range(steps):
        batch = collate(_lagged(64, seed=step), dims, LABELS)
        logits = model(batch).logits["emotion"].flatten(0, 1)
        loss = F.cross_entropy(logits, batch.targets["emotion"].values.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    test = collate(_lagged(500, seed=10**6), dims, LABELS)
    with torch.no_grad():
        found = model.eval()(test).logits["emotion"].argmax(dim=-1)
    return float((found == test.targets["emotion"].values).float().mean())


@pytest.mark.slow
@pytest.mark.untraced
def test_a_fixed_lag_between_modalities_is_learned_by_the_aligners_alone(
    make_recognizer: Callable[..., Recognizer],
) -> None:
    settings = {
        "fusion": "global", "context": "none", "graph": False, "alignment_axis": "tokens",
        "token_layers": 0, "experts": 2, "top_k": 1, "dropout": 0.0, "input_dropout": 0.0,
        "own_heads": False, "timing": False,
    }  # fmt: skip
    dims = {"cue": 1, "content": CLASSES}
    aligned = make_recognizer(dims, **settings)
    plain = make_recognizer(dims, **settings, aligners="cross_attention")
    found, without = (_accuracy_after_training(m, steps=300) for m in (aligned, plain))
    assert found > 0.95
    assert without < 0.6
