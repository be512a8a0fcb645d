"""The graph part against PyTorch Geometric, on an edge list built here by itself."""

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import RGCNConv, TransformerConv

from emospot.model.baselines.relational_graph import (
    NodeNorm,
    RelationalGraph,
    TypedConvolution,
)
from emospot.model.conversation_graph import GraphTransformer, Neighbourhood, temporal_kinds

D, H = 6, 3


def _neighbourhood(present: Tensor, past: int, future: int) -> Neighbourhood:
    speakers = torch.zeros(present.shape[:2], dtype=torch.long)
    return Neighbourhood(
        present, speakers, past=past, future=future, cross_modal=True, speaker_typed=False
    )


def _edges(present: Tensor, past: int, future: int) -> Tensor:
    """(source, target, relation) over a batch; nodes are numbered by flattening."""
    B, U, M = present.shape
    kinds = temporal_kinds(past, future, speaker_typed=False)
    number = torch.arange(B * U * M).view(B, U, M).tolist()
    edges = []
    for b, u, m in present.nonzero().tolist():
        for v in range(max(0, u - past), min(U, u + future + 1)):
            kind = 0 if v == u else 1 if v < u else kinds - 1
            if present[b, v, m]:
                edges.append((number[b][v][m], number[b][u][m], m * kinds + kind))
        for n in range(M):
            if n != m and present[b, u, n]:
                pair = M * kinds + m * (M - 1) + n - (n > m)
                edges.append((number[b][u][n], number[b][u][m], pair))
    return torch.tensor(edges).view(-1, 3)


def _nodes(M: int, U: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(M)
    present = torch.rand(3, U, M) < 0.8
    present[1, U // 2 :] = False
    present[2] = False
    return torch.randn(3, U, M, D), present


def _theirs(ours: RelationalGraph, M: int, kinds: int) -> tuple[nn.Module, nn.Module]:
    convolution = RGCNConv(D, D, M * kinds + M * (M - 1), aggr="mean")
    attention = TransformerConv(D, D, heads=H, concat=True, root_weight=True)
    with torch.no_grad():
        relations = [ours.convolution.temporal.flatten(0, 1)]
        if M > 1:
            relations.append(ours.convolution.across)
        convolution.weight.copy_(torch.cat(relations))
        convolution.root.copy_(ours.convolution.root.weight.T)
        convolution.bias.copy_(ours.convolution.root.bias)
        # Ours has none: it moves all logits of a node alike.
        attention.lin_key.bias.normal_()
        attention.lin_key.weight.copy_(ours.transformer.to_key.weight)
        for name in ("query", "value"):
            own = getattr(ours.transformer, f"to_{name}")
            getattr(attention, f"lin_{name}").load_state_dict(own.state_dict())
        attention.lin_skip.load_state_dict(ours.transformer.skip.state_dict())
    return convolution, attention


@pytest.mark.parametrize(
    ("past", "future", "U"), [(4, 11, 70), (3, 2, 9), (2, 0, 33), (0, 5, 32), (0, 0, 7)]
)
@pytest.mark.parametrize("M", [1, 3])
def test_equals_rgcn_transformer_and_batch_norm(M: int, past: int, future: int, U: int) -> None:
    x, present = _nodes(M, U)
    kinds = temporal_kinds(past, future, speaker_typed=False)
    ours = RelationalGraph(D, M, kinds=kinds, heads=H).train()
    nn.init.normal_(ours.convolution.root.bias)
    convolution, attention = _theirs(ours, M, kinds)
    with torch.no_grad():
        found = ours(x, _neighbourhood(present, past, future))
        edges = _edges(present, past, future)
        hidden = convolution(x.flatten(0, 2), edges[:, :2].T, edges[:, 2])
        nodes = attention(hidden, edges[:, :2].T)[present.flatten()]
        expected = nn.functional.leaky_relu(nn.BatchNorm1d(H * D).train()(nodes))
    assert torch.allclose(found[present], expected, atol=1e-5)
    assert not found[~present].any()


def test_a_window_of_p_past_and_f_future_reads_just_those() -> None:
    past, future, U, moved = 3, 1, 80, 40
    torch.manual_seed(0)
    x = torch.randn(1, U, 1, D)
    edges = _neighbourhood(torch.ones(1, U, 1, dtype=torch.bool), past, future)
    other = x.clone()
    other[0, moved] += 1.0
    for layer in (TypedConvolution(D, 1, 3), GraphTransformer(D, H, 0.0, head_width=D)):
        changed = (layer(other, edges) - layer(x, edges)).abs().amax(dim=(0, 2, 3)) > 1e-6
        expected = list(range(moved - future, moved + past + 1))
        assert changed.nonzero().squeeze(1).tolist() == expected


def test_absent_nodes_are_read_by_nobody_and_get_no_gradient() -> None:
    x, present = _nodes(3, 40)
    graph = RelationalGraph(D, 3, kinds=3, heads=H).eval()
    edges = _neighbourhood(present, 3, 2)
    noise = torch.where(present.unsqueeze(-1), x, torch.randn_like(x) * 100).requires_grad_()
    found = graph(noise, edges)
    assert torch.allclose(found, graph(x, edges), atol=1e-5)
    found.square().sum().backward()
    assert noise.grad is not None
    assert not noise.grad[~present].any()
    assert noise.grad[present].any()


def test_node_norm_sees_only_the_nodes() -> None:
    x, present = _nodes(2, 8)
    ours, theirs = NodeNorm(D).train(), nn.BatchNorm1d(D).train()
    assert torch.allclose(ours(x, present)[present], theirs(x[present]), atol=1e-6)
    for name, buffer in theirs.named_buffers():
        assert torch.allclose(ours.norm.get_buffer(name), buffer)
    assert torch.allclose(ours.eval()(x, present)[present], theirs.eval()(x[present]), atol=1e-6)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_nodes_for_a_deviation_use_the_running_statistics(count: int) -> None:
    norm = NodeNorm(D).train()
    norm.norm.running_mean += 2.0
    x, present = torch.randn(1, 3, D), torch.zeros(1, 3, dtype=torch.bool)
    present[0, :count] = True
    found = norm(x, present)
    assert torch.allclose(found[present], x[present] - 2.0, atol=1e-4)
    assert not found[~present].any()
    assert (norm.norm.running_mean == 2.0).all()


def test_relations_start_from_glorot() -> None:
    torch.manual_seed(0)
    ours, theirs = TypedConvolution(100, 3, 3), RGCNConv(100, 100, 15)
    with torch.no_grad():
        assert float(ours.temporal.std()) == pytest.approx(float(theirs.weight.std()), rel=0.02)
        assert float(ours.root.weight.std()) == pytest.approx(float(theirs.root.std()), rel=0.05)
    assert not ours.root.bias.any()
