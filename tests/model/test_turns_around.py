"""Means over the turns around, against plain loops."""

import numpy as np
import pytest
from scipy import sparse

from emospot.model.turns_around import DECAY, REACH, TurnsAround, relations

LENGTHS = (1, 7, 3, REACH + 20)


def by_loops(x: np.ndarray, speakers: np.ndarray, *, causal: bool) -> list[np.ndarray]:
    """The parts of one conversation, utterance by utterance."""
    parts = [x]
    for before, same in relations(causal):
        rows = np.zeros_like(x)
        for i, speaker in enumerate(speakers):
            near = [
                j
                for j in range(len(speakers))
                if 0 < (i - j if before else j - i) <= REACH and (speakers[j] == speaker) == same
            ]
            if near:
                share = np.exp([-abs(i - j) / DECAY for j in near])
                rows[i] = share @ x[near] / share.sum()
        parts.append(rows)
    whole = [(x[: i + 1] if causal else x).mean(axis=0) for i in range(len(x))]
    return [*parts, np.stack(whole)]


@pytest.fixture(params=[False, True], ids=["both sides", "causal"])
def causal(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def several(causal: bool) -> tuple[TurnsAround, np.ndarray, list[np.ndarray]]:
    """Conversations, vectors of their turns, and the parts found by loops."""
    random = np.random.default_rng(0)
    speakers = [random.integers(3, size=n) for n in LENGTHS]
    x = random.normal(size=(sum(LENGTHS), 4)) * (random.random((sum(LENGTHS), 1)) < 0.8)
    cut = np.split(x, np.cumsum(LENGTHS)[:-1])
    found = [by_loops(own, who, causal=causal) for own, who in zip(cut, speakers, strict=True)]
    parts = [np.concatenate(part) for part in zip(*found, strict=True)]
    return TurnsAround(speakers, causal=causal), x, parts


def test_the_parts_equal_plain_loops(causal: bool) -> None:
    around, x, expected = several(causal)
    assert around.parts == len(expected)
    for found, part in zip(around.of(x), expected, strict=True):
        np.testing.assert_allclose(found, part, atol=1e-12)


def test_squared_lengths_are_those_of_the_weighed_parts(causal: bool) -> None:
    around, x, parts = several(causal)
    weights = [0.5 + k for k in range(len(parts))]
    stacked = np.concatenate([w * part for w, part in zip(weights, parts, strict=True)], axis=1)
    found = around.squared_lengths(sparse.csr_matrix(x), weights)
    np.testing.assert_allclose(found, (stacked**2).sum(axis=1), atol=1e-12)


def test_weighs_a_vector_for_each_part(causal: bool) -> None:
    around, x, parts = several(causal)
    weights = [0.5 + k for k in range(len(parts))]
    random = np.random.default_rng(1)
    maps = [random.normal(size=(4, 2)) for _ in parts]
    expected = sum(w * part @ own for w, part, own in zip(weights, parts, maps, strict=True))
    np.testing.assert_allclose(
        around.weighed([x @ own for own in maps], weights), expected, atol=1e-12
    )


def test_a_gradient_goes_back_the_way_that_it_came(causal: bool) -> None:
    around, _, parts = several(causal)
    random = np.random.default_rng(2)
    weights = [0.5 + k for k in range(len(parts))]
    forth = [random.normal(size=(sum(LENGTHS), 3)) for _ in parts]
    gradient = random.normal(size=(sum(LENGTHS), 3))
    forward = (around.weighed(forth, weights) * gradient).sum()
    back = around.back(gradient, weights)
    assert forward == pytest.approx(sum((p * b).sum() for p, b in zip(forth, back, strict=True)))


def test_means_of_long_conversations_are_exact_in_single_precision(causal: bool) -> None:
    random = np.random.default_rng(0)
    x = (1000 + random.normal(size=(20_000, 2))).astype(np.float32)
    around = TurnsAround([np.zeros(len(x), dtype=int)], causal=causal)
    *_, whole = around.of(x)
    sums = x.astype(np.float64).cumsum(axis=0)
    exact = sums / np.arange(1, len(x) + 1)[:, None] if causal else sums[-1:] / len(x)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole, np.broadcast_to(exact, x.shape), rtol=2e-7)
