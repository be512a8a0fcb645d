"""MMGCN: its adjacency node by node, its layers against PyTorch Geometric's GCNII."""

import math

import pytest
import torch
from torch import Tensor
from torch_geometric.nn import GCN2Conv
from torch_geometric.utils import dense_to_sparse

from emospot.model.baselines.mmgcn import (
    ALPHA,
    LAMBDA,
    MMGCN,
    ResidualConvolution,
    angular_similarity,
    similarity_graph,
)
from emospot.model.baselines.utterance_model import UtteranceVectors

DIMS = {"words": 4, "voice": 3}


def _propagation(x: Tensor, present: Tensor, past: int, future: int) -> Tensor:
    """P of one dialogue, built edge by edge; nodes are numbered u · M + m."""
    U, M = present.shape
    A = torch.zeros(U * M, U * M)
    for u, m in present.nonzero().tolist():
        for v, n in present.nonzero().tolist():
            if (m == n and -past <= v - u <= future) or (m != n and u == v):
                a, b = x[u, m].tolist(), x[v, n].tolist()
                cosine = sum(p * q for p, q in zip(a, b, strict=True))
                cosine /= math.hypot(*a) * math.hypot(*b)
                A[u * M + m, v * M + n] = 1 - math.acos(0.99999 * cosine) / math.pi
    D = [float(row.sum()) for row in A]
    for i, j in A.nonzero().tolist():
        A[i, j] /= math.sqrt(D[i] * D[j])
    return A


def _nodes(M: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(M)
    present = torch.rand(2, 7, M) < 0.8
    present[1, 5:] = False
    return torch.randn(2, 7, M, 6), present


@pytest.mark.parametrize("reach", [(None, None), (3, 3)])
@pytest.mark.parametrize("M", [1, 2, 4])
def test_reading_equals_the_adjacency_built_edge_by_edge(
    M: int, reach: tuple[int | None, int | None]
) -> None:
    x, present = _nodes(M)
    past, future = reach
    graph = similarity_graph(x, present, past=past, future=future)
    h = torch.randn(2, 7, M, 5)
    for b in range(2):
        P = _propagation(x[b], present[b], 99 if past is None else past, 99 if past is None else 3)
        expected = (P @ h[b].flatten(0, 1)).view(7, M, 5)
        assert torch.allclose(graph.read(h)[b], expected, atol=1e-5)


@pytest.mark.parametrize("depth", [1, 4])
def test_layers_equal_gcnii(depth: int) -> None:
    x, present = _nodes(2)
    P = _propagation(x[0], present[0], 99, 99)
    ours = ResidualConvolution(6, depth)
    theirs = GCN2Conv(
        6, alpha=ALPHA, theta=LAMBDA, layer=depth, shared_weights=False, normalize=False
    )
    # Theirs scales what it reads by 1 − α and α before the weights, ours after.
    with torch.no_grad():
        theirs.weight1.copy_(ours.weight[:6] / (1 - ALPHA))
        theirs.weight2.copy_(ours.weight[6:] / ALPHA)
    h, initial = torch.randn(7, 2, 6), torch.randn(7, 2, 6)
    edges, weights = dense_to_sparse(P)
    expected = theirs(h.flatten(0, 1), initial.flatten(0, 1), edges, weights)
    graph = similarity_graph(x[:1], present[:1])
    found = ours(graph.read(h.unsqueeze(0)), initial.unsqueeze(0))[0].flatten(0, 1)
    assert torch.allclose(found, expected, atol=1e-5)


def test_similarity_of_same_opposite_and_zero_vectors_is_finite_with_its_gradient() -> None:
    assert angular_similarity(torch.tensor([1.0, 0.0, -1.0])).tolist() == pytest.approx(
        [1.0, 0.5, 0.0], abs=2e-3
    )
    x = torch.tensor([[[[1.0, 2.0]], [[1.0, 2.0]], [[-1.0, -2.0]], [[0.0, 0.0]]]])
    x.requires_grad_()
    graph = similarity_graph(x, torch.ones(1, 4, 1, dtype=torch.bool))
    graph.read(x).square().sum().backward()
    assert graph.within.isfinite().all()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_sizes_unless_told() -> None:
    network = MMGCN({"words": 100, "voice": 768, "face": 512})
    assert network.width == 900
    assert [layer.theta for layer in network.convolutions] == pytest.approx(
        [math.log(1.5), math.log(1.25), math.log(0.5 / 3 + 1), math.log(1.125)]
    )
    assert (network.enter.in_features, network.enter.out_features) == (200, 100)
    assert (network.lstm.hidden_size, network.lstm.num_layers) == (100, 2)
    assert (network.dropout.p, network.past, network.future) == (0.4, None, None)
    told = MMGCN(DIMS, width=8, layers=64, heads=3, dropout=0.1, past=2, future=1)
    assert (told.width, len(told.convolutions), told.dropout.p) == (48, 64, 0.1)


def _inputs(dims: dict[str, int], U: int = 12) -> UtteranceVectors:
    torch.manual_seed(U)
    mask = torch.ones(2, U, dtype=torch.bool)
    vectors = {m: torch.randn(2, U, d) for m, d in dims.items()}
    present = mask.unsqueeze(-1).expand(-1, -1, len(dims))
    return UtteranceVectors(vectors, present, mask, torch.randint(3, (2, U)))


def test_a_window_bounds_what_the_graph_reads() -> None:
    # The voice has no encoder over time, so only the graph carries it along.
    network = MMGCN({"voice": 3, "words": 4}, width=6, layers=1, past=2, future=1).eval()
    inputs = _inputs({"voice": 3, "words": 4})
    voice = inputs.vectors["voice"].clone()
    voice[:, 6] += 1.0
    moved = UtteranceVectors(
        {**inputs.vectors, "voice": voice}, inputs.present, inputs.mask, inputs.speakers
    )
    changed = (network(moved) - network(inputs)).abs().amax(dim=(0, 2)) > 1e-6
    # Weights are normalised by both ends, so a neighbour's neighbour changes too.
    reached = set(changed.nonzero().squeeze(1).tolist())
    assert {5, 6, 7, 8} <= reached <= set(range(3, 12))
    assert not changed[:3].any()


def test_only_the_words_know_the_speaker_before_the_graph() -> None:
    inputs = _inputs(DIMS)
    network = MMGCN(DIMS, width=6).eval()
    alone = torch.zeros_like(inputs.speakers)
    other = UtteranceVectors(inputs.vectors, inputs.present, inputs.mask, alone)
    found, without = (network(i).unflatten(-1, (2, 18)) for i in (inputs, other))
    # The first 12 numbers of a modality are its encoded vectors.
    assert torch.equal(found[:, :, 1, :12], without[:, :, 1, :12])
    assert not torch.allclose(found[:, :, 0, :12], without[:, :, 0, :12], atol=1e-4)
