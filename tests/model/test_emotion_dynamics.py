"""The chain equals brute-force enumeration, and leaves alone what it must."""

from itertools import product

import numpy as np
import pytest
import torch

from emospot.model.emotion_dynamics import (
    EmotionDynamics,
    _messages,
    chain_marginals,
    transition_log_ratio,
)

K = 3
SPEAKERS = torch.tensor([[0, 0, 1, 0, 1]])
ALL = torch.ones(1, 5, dtype=torch.bool)
NAMED = torch.tensor([[True, True, True, True, False]])


def _tables(seed: int = 0) -> torch.Tensor:
    return torch.randn(3, K, K, generator=torch.Generator().manual_seed(seed)).double()


def _logits(seed: int, rows: int = 1, turns: int = 5) -> torch.Tensor:
    return torch.randn(rows, turns, K, generator=torch.Generator().manual_seed(seed)).double()


def _enumerated(
    logits: np.ndarray, speakers: list[int], named: list[bool], tables: np.ndarray
) -> np.ndarray:
    """Marginals by the sum over all K^U sequences."""
    total = np.zeros_like(logits)
    for sequence in product(range(K), repeat=len(logits)):
        score = sum(logits[i, y] for i, y in enumerate(sequence))
        score += sum(
            tables[
                int(speakers[i] != speakers[i + 1]) if named[i] and named[i + 1] else 2,
                sequence[i],
                sequence[i + 1],
            ]
            for i in range(len(sequence) - 1)
        )
        for i, y in enumerate(sequence):
            total[i, y] += np.exp(score)
    return total / total.sum(axis=1, keepdims=True)


def test_equals_the_sum_over_all_sequences() -> None:
    logits, tables = _logits(1), _tables()
    found = chain_marginals(logits, ALL, SPEAKERS, NAMED, tables, causal=False)
    expected = _enumerated(
        logits[0].numpy(), SPEAKERS[0].tolist(), NAMED[0].tolist(), tables.numpy()
    )
    assert torch.softmax(found[0], dim=-1).numpy() == pytest.approx(expected)


def test_a_causal_chain_is_that_of_the_turns_so_far() -> None:
    logits, tables = _logits(2), _tables()
    found = torch.softmax(
        chain_marginals(logits, ALL, SPEAKERS, NAMED, tables, causal=True)[0], dim=-1
    )
    for end in range(1, 6):
        expected = _enumerated(
            logits[0, :end].numpy(),
            SPEAKERS[0, :end].tolist(),
            NAMED[0, :end].tolist(),
            tables.numpy(),
        )
        assert found[end - 1].numpy() == pytest.approx(expected[-1])


def test_what_is_not_known_is_passed_over_and_padding_changes_nothing() -> None:
    logits, tables = _logits(3, rows=2, turns=7), _tables()
    known = torch.tensor([[True, False, True, True, False, False, False], [True] * 7])
    speakers = torch.tensor([[0, 1, 1, 0, 0, 0, 0], [0, 1, 2, 1, 0, 0, 2]])
    found = chain_marginals(logits, known, speakers, known, tables, causal=False)
    kept = known[0].nonzero().squeeze(-1)
    alone = chain_marginals(
        logits[:1, kept],
        known[:1, kept],
        speakers[:1, kept],
        known[:1, kept],
        tables,
        causal=False,
    )
    assert torch.equal(found[0, ~known[0]], logits[0, ~known[0]])
    assert torch.allclose(found[0, kept], alone[0])
    other = chain_marginals(logits[1:], known[1:], speakers[1:], known[1:], tables, causal=False)
    assert torch.allclose(found[1:], other)


def test_flat_tables_leave_the_logits_as_they_are() -> None:
    logits = _logits(4).float()
    for dynamics in (
        EmotionDynamics(K, 1.0, causal=False),
        EmotionDynamics(K, 0.0, causal=False),
    ):
        if dynamics.strength == 0:
            dynamics.set_transitions(torch.randint(0, 9, (3, K, K)).float())
        assert torch.allclose(dynamics(logits, ALL, SPEAKERS, NAMED), logits, atol=1e-6)


def test_long_dialogues_stay_finite_and_exact() -> None:
    turns = 3000
    logits = 20 * _logits(5, turns=turns).float()
    tables = 5 * _tables().float()
    speakers = torch.arange(turns).unsqueeze(0) % 2
    known = torch.ones(1, turns, dtype=torch.bool)
    found = chain_marginals(logits, known, speakers, known, tables, causal=False)
    double = chain_marginals(
        logits.double(), known, speakers, known, tables.double(), causal=False
    )
    assert found.isfinite().all()
    assert torch.allclose(found, double.float(), atol=1e-3)


def test_tables_are_counts_smoothed_towards_the_classes() -> None:
    counts = torch.zeros(3, 3, 3)
    counts[0, 0, 0], counts[0, 1, 1], counts[2, 0, 0] = 30, 6, 4
    share = (counts.sum(dim=(0, 1)) + 1) / 43
    ratio = transition_log_ratio(counts)
    assert torch.allclose((ratio.exp() * share).sum(dim=-1), torch.ones(3, 3))
    assert ratio[0, 0, 0] > 0 > ratio[0, 0, 1]
    assert ratio[:, 2].abs().max() < 1e-6
    assert ratio[1].abs().max() < 1e-6
    # Where it is not known who speaks, all transitions count, whoever spoke.
    together = transition_log_ratio(counts.sum(dim=0).expand(1, 3, 3).repeat(3, 1, 1))
    assert ratio[2, 0, 0] > ratio[0, 0, 0] - 0.05
    assert torch.equal(ratio[2].argmax(dim=-1)[:2], together[0].argmax(dim=-1)[:2])


def test_a_row_that_is_left_out_may_hold_anything() -> None:
    logits, tables = _logits(7), _tables()
    known = torch.tensor([[True, True, True, True, False]])
    broken = logits.clone()
    broken[0, 4] = torch.nan
    found, clean = (
        chain_marginals(u, known, SPEAKERS, NAMED, tables, causal=False) for u in (broken, logits)
    )
    assert torch.equal(found[0, :4], clean[0, :4])


@pytest.mark.parametrize("classes", [2, 6, 20])
def test_messages_equal_those_from_turn_to_turn(classes: int) -> None:
    steps = torch.randn(2, 9, classes, classes, generator=torch.Generator().manual_seed(3))
    found = _messages(steps)
    chances = torch.ones(2, 1, classes, dtype=torch.double)
    for step in range(9):
        chances = chances @ steps[:, step].double().exp()
        told = chances[:, 0].log()
        expected = told - told.mean(dim=-1, keepdim=True)
        assert torch.allclose(found[:, step].double(), expected, atol=1e-5)
