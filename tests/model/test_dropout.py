import pytest
import torch
from torch import nn

from emospot.model.attention import attend
from emospot.model.dropout import Dropout, dropout


@pytest.mark.parametrize("rate", [0.001, 0.1, 0.3, 0.5, 0.9])
def test_so_many_are_dropped_and_the_expected_value_stays(rate: float) -> None:
    torch.manual_seed(0)
    x = torch.full((999, 1001), 3.0)
    found = dropout(x, rate)
    assert float((found == 0).double().mean()) == pytest.approx(rate, abs=0.003)
    assert float(found.double().mean()) == pytest.approx(3.0, rel=0.01)
    # One value for all that are kept.
    assert len(found.unique()) == 2


def test_neighbours_are_dropped_independently() -> None:
    torch.manual_seed(0)
    kept = (dropout(torch.ones(100_000, 8), 0.3) != 0).double()
    assert torch.allclose(kept.mean(dim=0), torch.full((8,), 0.7, dtype=torch.double), atol=0.01)
    together = torch.corrcoef(kept.T) - torch.eye(8)
    assert together.abs().max() < 0.015


def test_the_same_seed_drops_the_same_and_another_does_not() -> None:
    x, found = torch.ones(7, 5), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(dropout(x, 0.5))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_ends() -> None:
    x = torch.randn(3, 3)
    assert torch.equal(dropout(x, 0.0), x)
    assert not dropout(x, 1.0).any()
    assert dropout(torch.zeros(0, 4), 0.5).shape == (0, 4)


def test_gradients_are_those_of_what_was_kept() -> None:
    x = torch.randn(50, requires_grad=True)
    found = dropout(x, 0.5)
    found.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad == 0, found == 0)
    assert torch.allclose(x.grad[x.grad != 0], torch.tensor(2.0))


def test_only_in_training() -> None:
    layer = Dropout(0.5)
    x = torch.ones(100)
    assert isinstance(layer, nn.Dropout)
    assert (layer.train()(x) == 0).any()
    assert torch.equal(layer.eval()(x), x)
    assert torch.equal(Dropout(0.0).train()(x), x)


def test_attention_with_dropout_is_on_average_that_without() -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, 2, 5, 4) for _ in range(3))
    mask = torch.rand(1, 1, 5, 5) < 0.7
    mask[..., 0] = False
    mask[..., 2, :] = False
    bias = torch.randn(1, 2, 5, 5)
    for own in (mask, torch.ones_like(mask)):
        plain = attend(query, key, value, mask=own, bias=bias)
        drawn = torch.stack(
            [attend(query, key, value, mask=own, bias=bias, dropout=0.3) for _ in range(4000)]
        )
        assert torch.allclose(drawn.mean(dim=0), plain, atol=0.08)
        assert drawn.std(dim=0).max() > 0.1
        assert drawn.isfinite().all()
