"""The banded graph against PyTorch Geometric on an edge list built here by itself."""

import pytest
import torch
from torch_geometric.nn import RGCNConv, TransformerConv

from emospot.model.conversation_graph import (
    ConversationGraph,
    GraphTransformer,
    MovingAverage,
    Neighbourhood,
    RelationalConvolution,
    temporal_kinds,
    window,
)

Edge = tuple[int, int, int]
D = 6


def _edges(
    present: torch.Tensor,
    speakers: torch.Tensor,
    *,
    past: int,
    future: int,
    cross: bool,
    typed: bool,
) -> list[Edge]:
    """(source, target, relation) for one dialogue; nodes are numbered u · M + m.

    Relations: for each modality same, past (same, other speaker), future (same,
    other speaker); then the ordered pairs.
    """
    U, M = present.shape
    width = 2 if typed else 1
    kinds = temporal_kinds(past, future, typed)
    edges = []
    for u in range(U):
        for m in range(M):
            for v in range(max(0, u - past), min(U, u + future + 1)):
                if not (present[u, m] and present[v, m]):
                    continue
                other = int(typed and speakers[u] != speakers[v])
                if v == u:
                    kind = 0
                elif v < u:
                    kind = 1 + other
                else:
                    kind = 1 + (width if past else 0) + other
                edges.append((v * M + m, u * M + m, m * kinds + kind))
            for n in range(M):
                if cross and n != m and present[u, m] and present[u, n]:
                    pair = m * (M - 1) + n - (n > m)
                    edges.append((u * M + n, u * M + m, M * kinds + pair))
    return edges


@pytest.fixture(
    params=[(3, 2, True, False), (2, 0, True, True), (4, 3, False, True), (0, 0, True, False)]
)
def case(request: pytest.FixtureRequest) -> dict:
    past, future, cross, typed = request.param
    return {"past": past, "future": future, "cross": cross, "typed": typed}


def _nodes(M: int = 3, B: int = 2, U: int = 9) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(M)
    present = torch.rand(B, U, M) < 0.75
    present[1, 6:] = False
    return torch.randn(B, U, M, D), present, torch.randint(3, (B, U))


def _neighbourhood(present: torch.Tensor, speakers: torch.Tensor, case: dict) -> Neighbourhood:
    return Neighbourhood(
        present, speakers, past=case["past"], future=case["future"],
        cross_modal=case["cross"], speaker_typed=case["typed"],
    )  # fmt: skip


@pytest.mark.parametrize("M", [1, 2, 3])
def test_relational_convolution_equals_rgcn(M: int, case: dict) -> None:
    x, present, speakers = _nodes(M)
    kinds = temporal_kinds(case["past"], case["future"], case["typed"])
    ours = RelationalConvolution(D, M, kinds)
    theirs = RGCNConv(D, D, M * kinds + M * (M - 1), aggr="mean")
    with torch.no_grad():
        relations = [ours.temporal.flatten(0, 1), ours.across]
        theirs.weight.copy_(torch.cat(relations))
        theirs.root.copy_(ours.root.weight.T)
        theirs.bias.copy_(ours.root.bias)
    found = ours(x, _neighbourhood(present, speakers, case))
    for b in range(len(x)):
        edges = torch.tensor(_edges(present[b], speakers[b], **case)).view(-1, 3)
        expected = theirs(x[b].flatten(0, 1), edges[:, :2].T, edges[:, 2])
        assert torch.allclose(found[b].flatten(0, 1), expected, atol=1e-5)


@pytest.mark.parametrize("M", [1, 3])
def test_graph_transformer_equals_transformer_conv(M: int, case: dict) -> None:
    x, present, speakers = _nodes(M)
    ours = GraphTransformer(D, 2, dropout=0.0)
    theirs = TransformerConv(D, D // 2, heads=2, concat=True, root_weight=True)
    with torch.no_grad():
        theirs.lin_key.bias.zero_()
        theirs.lin_key.weight.copy_(ours.to_key.weight)
        for name, own in (("query", ours.to_query), ("value", ours.to_value), ("skip", ours.skip)):
            getattr(theirs, f"lin_{name}").load_state_dict(own.state_dict())
    found = ours(x, _neighbourhood(present, speakers, case))
    for b in range(len(x)):
        edges = torch.tensor(_edges(present[b], speakers[b], **case)).view(-1, 3)
        expected = theirs(x[b].flatten(0, 1), edges[:, :2].T)
        assert torch.allclose(found[b].flatten(0, 1), expected, atol=1e-5)


@pytest.mark.parametrize(("M", "U"), [(1, 9), (3, 9), (2, 150)])
def test_where_utterances_look_is_the_attention_of_transformer_conv(
    M: int, U: int, case: dict
) -> None:
    """PyTorch Geometric tells the attention of every edge; here it is summed by utterance."""
    x, present, speakers = _nodes(M, U=U)
    ours = GraphTransformer(D, 2, dropout=0.5).eval()
    theirs = TransformerConv(D, D // 2, heads=2, concat=True, root_weight=True)
    with torch.no_grad():
        theirs.lin_key.bias.zero_()
        theirs.lin_key.weight.copy_(ours.to_key.weight)
        theirs.lin_query.load_state_dict(ours.to_query.state_dict())
    past, width = case["past"], case["past"] + 1 + case["future"]
    found = ours.shares(x, _neighbourhood(present, speakers, case))
    assert found.shape == (2, U, width)
    for b in range(len(x)):
        edges = torch.tensor(_edges(present[b], speakers[b], **case)).view(-1, 3)
        _, (ends, attention) = theirs(
            x[b].flatten(0, 1), edges[:, :2].T, return_attention_weights=True
        )
        expected = torch.zeros(U, width)
        for (read, reader), heads in zip(ends.T.tolist(), attention, strict=True):
            u, v = reader // M, read // M
            expected[u, v - u + past] += heads.mean() / present[b, u].sum()
        assert torch.allclose(found[b], expected, atol=1e-5)
    assert torch.allclose(found.sum(dim=-1), present.any(dim=-1).float(), atol=1e-5)


def test_a_graph_is_watched_only_within_the_block() -> None:
    x, present, speakers = _nodes(2)
    torch.manual_seed(0)
    graph = ConversationGraph(D, 2, heads=2, dropout=0.0, past=3, future=2).eval()
    alone = graph(x, present, speakers)
    with graph.watched(4) as found:
        assert torch.equal(graph(x, present, speakers), alone)
        assert torch.equal(graph(x[:1], present[:1], speakers[:1]), alone[:1])
    graph(x, present, speakers)
    assert [one.places.shape for one in found] == [(2, 9, 4), (1, 9, 4)]


def test_a_causal_graph_looks_at_nobody_later() -> None:
    x, present, speakers = _nodes(2, U=40)
    graph = ConversationGraph(D, 2, heads=2, dropout=0.0, past=4, future=0).eval()
    with graph.watched(5) as found:
        graph(x, present, speakers)
    places = found[0].places
    assert (places < torch.arange(40).unsqueeze(1)).all()
    assert (places >= 0).any()
    # The first utterance has nobody to look at, the second only the first.
    assert (places[:, 0] == -1).all()
    assert set(places[:, 1].flatten().tolist()) <= {-1, 0}


def test_a_graph_without_edges_in_time_looks_at_nobody() -> None:
    x, present, speakers = _nodes(2)
    graph = ConversationGraph(D, 2, heads=2, dropout=0.0, past=4, future=4, temporal=False).eval()
    with graph.watched(5) as found:
        graph(x, present, speakers)
    assert found[0].places.shape == (2, 9, 0)


def test_a_window_of_p_past_and_f_future_reads_just_those() -> None:
    past, future, U = 3, 1, 10
    torch.manual_seed(0)
    x, speakers = torch.randn(1, U, 1, D), torch.zeros(1, U, dtype=torch.long)
    present = torch.ones(1, U, 1, dtype=torch.bool)
    for layer in (RelationalConvolution(D, 1, 3), GraphTransformer(D, 2, 0.0)):
        edges = Neighbourhood(
            present, speakers, past=past, future=future, cross_modal=True, speaker_typed=False
        )
        before = layer(x, edges)
        moved = x.clone()
        moved[0, 5] += 1.0
        changed = (layer(moved, edges) - before).abs().amax(dim=(0, 2, 3)) > 1e-6
        # Utterance 5 is read by itself, by the three after it and the one before it.
        assert changed.nonzero().squeeze(1).tolist() == [4, 5, 6, 7, 8]


def test_window_by_hand_and_with_no_reach() -> None:
    x = torch.arange(1, 5).view(1, 4)
    assert window(x, 2, 1)[0].tolist() == [[0, 0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 0]]
    assert window(x, 0, 0)[0].tolist() == [[1], [2], [3], [4]]


def test_edges_off_leave_only_what_they_say() -> None:
    x, present, speakers = _nodes(2)
    present[:] = True
    settings = {"heads": 2, "dropout": 0.0, "past": 3, "future": 3}
    torch.manual_seed(0)
    alone = ConversationGraph(D, 2, **settings, temporal=False).eval()
    moved = x.clone()
    moved[:, 4] += 1.0
    changed = (alone(moved, present, speakers) - alone(x, present, speakers)).abs().amax((0, 2))
    assert (changed > 1e-6).nonzero().squeeze(1).tolist() == [4]
    apart = ConversationGraph(D, 2, **settings, cross_modal=False).eval()
    moved = x.clone()
    moved[:, :, 1] += 1.0
    difference = (apart(moved, present, speakers) - apart(x, present, speakers)).abs()
    assert (difference[..., :D] < 1e-6).all()
    assert (difference[..., D:] > 1e-6).any()


def test_absent_nodes_give_zeros_and_are_read_by_nobody() -> None:
    x, present, speakers = _nodes(3)
    graph = ConversationGraph(D, 3, heads=2, dropout=0.0, past=2, future=2).eval()
    found = graph(x, present, speakers).unflatten(-1, (3, D))
    assert (found[~present] == 0).all()
    noise = torch.where(present.unsqueeze(-1), x, torch.randn_like(x) * 100)
    again = graph(noise, present, speakers).unflatten(-1, (3, D))
    assert torch.allclose(found, again, atol=1e-5)


def test_places_add_what_was_learned_of_them_to_the_attention() -> None:
    past, future, U = 2, 1, 6
    torch.manual_seed(0)
    placed = GraphTransformer(D, 2, 0.0, neighbours=past + 1 + future)
    x = torch.randn(1, U, 1, D)
    present = torch.ones(1, U, 1, dtype=torch.bool)
    speakers = torch.tensor([[0, 1, 0, 1, 1, 0]])
    edges = Neighbourhood(
        present, speakers, past=past, future=future, cross_modal=True, speaker_typed=False
    )
    plain = GraphTransformer(D, 2, 0.0)
    plain.load_state_dict(placed.state_dict(), strict=False)
    assert torch.allclose(placed(x, edges), plain(x, edges), atol=1e-6), "zero to begin with"
    torch.nn.init.normal_(placed.offset_bias)
    found = placed(x, edges)[0, :, 0]
    query, key, value = (
        layer(x[0, :, 0]).view(U, 2, -1)
        for layer in (placed.to_query, placed.to_key, placed.to_value)
    )
    for i in range(U):
        there = [j for j in range(i - past, i + future + 1) if 0 <= j < U]
        read = []
        for head in range(2):
            logits = torch.stack(
                [
                    query[i, head] @ key[j, head] / (D // 2) ** 0.5
                    + placed.offset_bias[int(speakers[0, i] != speakers[0, j]), head, j - i + past]
                    for j in there
                ]
            )
            read.append(torch.softmax(logits, dim=0) @ value[there, head])
        expected = placed.skip(x[0, i, 0]) + torch.cat(read)
        assert torch.allclose(found[i], expected, atol=1e-5)


def test_a_moving_average_is_the_mean_over_those_who_are_there() -> None:
    torch.manual_seed(0)
    average = MovingAverage(D, past=2, future=1)
    x = torch.randn(1, 6, 2, D)
    present = torch.ones(1, 6, 2, dtype=torch.bool)
    present[0, 2, 0] = False
    found = average(x, present, torch.zeros(1, 6, dtype=torch.long)).view(1, 6, 2, D)
    for u in range(6):
        for m in range(2):
            near = [v for v in range(max(0, u - 2), min(6, u + 2)) if present[0, v, m]]
            expected = average.out(x[0, near, m].mean(dim=0)) * present[0, u, m]
            assert torch.allclose(found[0, u, m], expected, atol=1e-6)
