"""The strongest neighbours against a plain sort, at the borders and with ties of nothing."""

import pytest
import torch

from emospot.model.neighbours import strongest_neighbours


@pytest.mark.parametrize("count", [1, 3, 20])
def test_neighbours_are_the_greatest_of_the_window_but_oneself(count: int) -> None:
    torch.manual_seed(0)
    past, future, U = 3, 2, 8
    shares = torch.rand(2, U, past + 1 + future)
    offsets = torch.arange(-past, future + 1)
    at = torch.arange(U).unsqueeze(1) + offsets
    shares[:, (at < 0) | (at >= U)] = 0.0
    shares[1, 4] = 0.0  # nothing of it is present
    shares[0, 5, 0] = 0.0  # one neighbour is absent
    shares = shares / shares.sum(dim=-1, keepdim=True).clamp(min=1e-9)
    found = strongest_neighbours(shares, past, count)
    for b in range(2):
        for u in range(U):
            others = {
                u + int(o): float(shares[b, u, w])
                for w, o in enumerate(offsets)
                if o != 0 and shares[b, u, w] > 0
            }
            expected = sorted(others, key=lambda v: -others[v])[:count]
            places = [v for v in found.places[b, u].tolist() if v >= 0]
            assert places == expected
            weights = found.weights[b, u].tolist()
            assert weights[: len(places)] == pytest.approx([others[v] for v in places])
            assert not any(weights[len(places) :])
            assert sum(weights) <= 1 + 1e-6


def test_a_window_of_oneself_has_no_neighbour() -> None:
    found = strongest_neighbours(torch.ones(1, 4, 1), 0, 5)
    assert found.places.shape == found.weights.shape == (1, 4, 0)
