"""The scan against PyTorch's own GRU, and its gradient against finite differences."""

import pytest
import torch
from torch import Tensor, nn

from emospot.model import recurrence
from emospot.model.recurrence import Run, Steps, run_over_groups, run_together


def _gru(size: int, hidden: int, *, both: bool, double: bool = False) -> nn.GRU:
    torch.manual_seed(0)
    gru = nn.GRU(size, hidden, batch_first=True, bidirectional=both)
    return gru.double() if double else gru


def _alone(gru: nn.GRU, x: Tensor, present: Tensor, groups: Tensor) -> Tensor:
    """One group after the other, each by PyTorch."""
    out = x.new_zeros(*x.shape[:2], gru.hidden_size * (2 if gru.bidirectional else 1))
    for b in range(len(x)):
        for group in groups[b].unique():
            own = (present[b] & (groups[b] == group)).nonzero().squeeze(1)
            if len(own):
                out[b, own] = gru(x[b, own].unsqueeze(0))[0][0]
    return out


@pytest.fixture
def rows() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    present = torch.rand(4, 11) < 0.7
    present[1] = False
    present[2, 1:] = False
    return torch.randn(4, 11, 5, dtype=torch.double), present, torch.randint(3, (4, 11))


@pytest.mark.parametrize("both", [True, False])
def test_equals_pytorch_with_its_gradients(rows: tuple[Tensor, ...], *, both: bool) -> None:
    x, present, groups = rows
    gru = _gru(5, 4, both=both, double=True)
    found, gradients = [], []
    for run in (run_over_groups, _alone):
        own = x.clone().requires_grad_()
        out = run(gru, own, present, groups)
        asked = torch.autograd.grad(out.square().sum(), [own, *gru.parameters()])
        found.append(out.detach())
        gradients.append(asked)
    assert torch.allclose(*found, atol=1e-12)
    assert not found[0][~present].any()
    for ours, theirs in zip(*gradients, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("both", [True, False])
def test_without_a_gradient_the_answers_are_the_same(
    rows: tuple[Tensor, ...], *, both: bool
) -> None:
    x, present, groups = rows
    gru = _gru(5, 4, both=both, double=True)
    with torch.no_grad():
        found = run_over_groups(gru, x, present, groups)
    assert torch.allclose(found, run_over_groups(gru, x, present, groups), atol=1e-12)
    # A group alone, and two GRUs of which one has far more to read.
    runs = [Run(gru, x, present & (groups == 1), groups), Run(gru, x * 2, present, groups)]
    with torch.no_grad():
        together = run_together(runs)
    for run, own in zip(runs, together, strict=True):
        wanted = _alone(run.gru, run.x, run.present, run.groups)
        assert torch.allclose(own, wanted, atol=1e-12)


def test_what_runs_elsewhere_than_on_a_cpu_gives_the_same(
    rows: tuple[Tensor, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, present, groups = rows
    gru = _gru(5, 4, both=True, double=True)
    ours = run_over_groups(gru, x, present, groups)
    monkeypatch.setattr(
        recurrence,
        "_scanned",
        lambda *several: [recurrence._packed(*one) for one in zip(*several, strict=True)],
    )
    assert torch.allclose(run_over_groups(gru, x, present, groups), ours, atol=1e-12)


@pytest.mark.parametrize("both", [True, False])
def test_several_together_are_each_alone(rows: tuple[Tensor, ...], *, both: bool) -> None:
    x, present, groups = rows
    nothing, everyone = torch.zeros_like(present), torch.zeros_like(groups)
    presences = (present, ~present, nothing, torch.ones_like(present))
    grus = [_gru(5, 4, both=both, double=True) for _ in presences]
    inputs = [torch.randn_like(x).requires_grad_() for _ in presences]
    runs = [
        Run(gru, own, there, groups if number % 2 else everyone)
        for number, (gru, own, there) in enumerate(zip(grus, inputs, presences, strict=True))
    ]
    found, gradients = [], []
    for out in (
        run_together(runs),
        [_alone(run.gru, run.x, run.present, run.groups) for run in runs],
    ):
        asked = [*inputs, *(p for gru in grus for p in gru.parameters())]
        loss = sum(number * one.square().sum() for number, one in enumerate(out, start=1))
        gradients.append(torch.autograd.grad(loss, asked, allow_unused=True))
        found.append(out)
    for ours, theirs in zip(*found, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-12)
    for ours, theirs in zip(*gradients, strict=True):
        assert (ours is None) == (theirs is None)
        assert ours is None or torch.allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("both", [True, False])
def test_the_gradient_is_that_of_finite_differences(*, both: bool) -> None:
    gru = _gru(3, 2, both=both, double=True)
    x = torch.randn(2, 4, 3, dtype=torch.double, requires_grad=True)
    present = torch.tensor([[True] * 4, [True, True, False, True]])
    groups = torch.tensor([[0, 1, 0, 0], [0, 0, 0, 1]])
    assert torch.autograd.gradcheck(lambda own: run_over_groups(gru, own, present, groups), (x,))


def test_nothing_is_there() -> None:
    x = torch.randn(2, 3, 5)
    out = run_over_groups(
        _gru(5, 4, both=True), x, torch.zeros(2, 3, dtype=torch.bool), torch.zeros(2, 3).long()
    )
    assert out.shape == (2, 3, 8)
    assert not out.any()


def test_one_way_reads_nothing_that_comes_later(rows: tuple[Tensor, ...]) -> None:
    x, present, groups = rows
    gru = _gru(5, 4, both=False, double=True)
    moved = x.clone()
    moved[:, 6:] += 1.0
    before, after = (run_over_groups(gru, one, present, groups) for one in (x, moved))
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.equal(before[:, 6:], after[:, 6:])


def test_every_element_has_one_place() -> None:
    lengths = [torch.tensor([2, 5, 1, 5]), torch.tensor([3, 3, 3, 1, 1])]
    steps = Steps.of(lengths, reverse=True)
    # The first set has 4, 3, 2, 2, 2 in its steps, the second 5, 3, 3.
    assert steps.counts == (5, 3, 3, 2, 2)
    for own, both in zip(lengths, steps.places, strict=True):
        for places in both:
            assert len(set(places.tolist())) == int(own.sum())
            assert int(places.max()) < sum(steps.counts)
