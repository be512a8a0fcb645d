"""What holds of all three graph baselines, as published and repaired."""

from collections.abc import Mapping

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.model.baselines.cogmen import COGMEN
from emospot.model.baselines.corect import CORECT
from emospot.model.baselines.mmgcn import MMGCN
from emospot.model.baselines.utterance_model import UtteranceVectors

ONE = {"voice": 5}
THREE = {"words": 9, "voice": 5, "face": 3}
ALL = pytest.mark.parametrize("kind", [MMGCN, COGMEN, CORECT])
DIMS = pytest.mark.parametrize("dims", [ONE, THREE], ids=["one", "three"])
MASKED = pytest.mark.parametrize("masked", [True, False], ids=["masked", "published"])


def _inputs(
    lengths: list[int], dims: Mapping[str, int], speakers: int = 2, missing: float = 0.2
) -> UtteranceVectors:
    torch.manual_seed(sum(lengths))
    B, U = len(lengths), max(lengths)
    mask = torch.arange(U) < torch.tensor(lengths).unsqueeze(-1)
    present = mask.unsqueeze(-1) & (torch.rand(B, U, len(dims)) >= missing)
    vectors = {
        m: torch.randn(B, U, d) * present[:, :, number, None]
        for number, (m, d) in enumerate(dims.items())
    }
    return UtteranceVectors(vectors, present, mask, torch.randint(speakers, (B, U)))


def _rows(inputs: UtteranceVectors, rows: list[int], length: int) -> UtteranceVectors:
    """Some dialogues, cut or padded to a length."""

    def fit(x: Tensor) -> Tensor:
        padding = [0, 0] * (x.ndim - 2) + [0, max(0, length - x.shape[1])]
        return F.pad(x[rows, :length], padding)

    return UtteranceVectors(
        {m: fit(x) for m, x in inputs.vectors.items()},
        fit(inputs.present),
        fit(inputs.mask),
        fit(inputs.speakers),
    )


def _build(kind: type, dims: Mapping[str, int], **settings: object) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = kind(dims, width=8, past=3, future=2, **settings)
    return model.eval()


@ALL
@DIMS
def test_padding_composition_and_order_change_nothing(kind: type, dims: dict[str, int]) -> None:
    lengths = [6, 37, 1]
    inputs, model = _inputs(lengths, dims, speakers=5), _build(kind, dims)
    together = model(inputs)
    backwards = model(_rows(inputs, [2, 1, 0], 50)).flip(0)
    for b, length in enumerate(lengths):
        known = inputs.known[b, :length]
        alone = model(_rows(inputs, [b], length))[0, known]
        for other in (together, backwards):
            assert torch.allclose(other[b, :length][known], alone, atol=1e-5, rtol=0)


@ALL
def test_as_published_padding_changes_the_answers(kind: type) -> None:
    inputs = _inputs([6], THREE, missing=0.0)
    padded = _rows(inputs, [0], 11)
    published, repaired = _build(kind, THREE, masked=False), _build(kind, THREE)
    repaired.load_state_dict(published.state_dict())
    assert not torch.allclose(published(padded)[:, :6], published(inputs), atol=1e-4)
    assert torch.allclose(repaired(padded)[:, :6], published(inputs), atol=1e-5)


@ALL
@MASKED
def test_other_numbers_for_the_speakers_change_nothing(kind: type, masked: bool) -> None:
    inputs, model = _inputs([9, 5], THREE, speakers=5), _build(kind, THREE, masked=masked)
    renamed = torch.tensor([7, 0, 3, 11, 2])[inputs.speakers].masked_fill(~inputs.mask, 4)
    other = UtteranceVectors(inputs.vectors, inputs.present, inputs.mask, renamed)
    found, again = (model(i)[inputs.known] for i in (inputs, other))
    assert torch.allclose(found, again, atol=1e-6)


@ALL
@DIMS
@MASKED
def test_gradients_reach_every_parameter(kind: type, dims: dict[str, int], masked: bool) -> None:
    inputs = _inputs([9, 6], dims, speakers=5)
    model = _build(kind, dims, masked=masked).train()
    (model(inputs)[inputs.known] * torch.randn(model.width)).sum().backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


@ALL
@DIMS
@MASKED
@pytest.mark.parametrize("missing", [0.0, 1.0], ids=["there", "nothing"])
def test_one_utterance_in_training_is_finite(
    kind: type, dims: dict[str, int], masked: bool, missing: float
) -> None:
    model = _build(kind, dims, masked=masked).train()
    found = model(_inputs([1], dims, missing=missing))
    assert found.shape == (1, 1, model.width)
    found.sum().backward()
    assert found.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@ALL
@MASKED
def test_a_dialogue_with_nothing_beside_a_full_one_is_finite(kind: type, masked: bool) -> None:
    inputs = _inputs([5, 5], THREE)
    inputs.present[0] = False
    for x in inputs.vectors.values():
        x[0] = 0.0
    model = _build(kind, THREE, masked=masked).train()
    found = model(inputs)
    found.square().sum().backward()
    assert found.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@ALL
@MASKED
def test_overfits_four_dialogues(kind: type, masked: bool) -> None:
    inputs = _inputs([6, 5, 4, 6], THREE, missing=0.1)
    model = _build(kind, THREE, dropout=0.0, masked=masked).train()
    head = nn.Linear(model.width, 4)
    labels, known = torch.randint(4, inputs.mask.shape), inputs.known
    optimizer = torch.optim.Adam([*model.parameters(), *head.parameters()], lr=1e-2)
    for _ in range(200):
        logits = head(model(inputs))[known]
        if (logits.argmax(dim=-1) == labels[known]).all():
            break
        optimizer.zero_grad()
        F.cross_entropy(logits, labels[known]).backward()
        optimizer.step()
    assert (logits.argmax(dim=-1) == labels[known]).all()
