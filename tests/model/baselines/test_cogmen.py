"""COGMEN: its size, and its speaker-typed relations on the published edge list."""

import pytest
import torch
from torch import nn
from torch_geometric.nn import RGCNConv, TransformerConv

from emospot.model.baselines.cogmen import COGMEN, speaker_neighbourhood, speaker_relations
from emospot.model.baselines.utterance_model import UtteranceModel, UtteranceVectors

DIMS = {"words": 9, "voice": 5}


def _inputs(U: int, speakers: int) -> UtteranceVectors:
    torch.manual_seed(U)
    mask = torch.ones(1, U, dtype=torch.bool)
    vectors = {m: torch.randn(1, U, d) for m, d in DIMS.items()}
    present = mask.unsqueeze(-1).expand(-1, -1, len(DIMS))
    return UtteranceVectors(vectors, present, mask, torch.randint(speakers, (1, U)))


def test_has_the_published_number_of_parameters() -> None:
    dims = {"voice": 100, "words": 768, "face": 512}
    model = UtteranceModel(COGMEN(dims), dims, {"emotion": 6})
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(27.0e6, rel=0.02)


def test_sizes_unless_told() -> None:
    network = COGMEN(DIMS)
    assert (network.width, network.past, network.future, network.dropout.p) == (100, 5, 5, 0.5)
    assert network.graph.transformer.heads == 1
    assert len(network.context.transformer.layers) == 2
    told = COGMEN(DIMS, width=8, layers=1, heads=3, dropout=0.1, past=0, future=2)
    assert (told.width, told.dense.in_features, told.dropout.p) == (8, 24, 0.1)
    assert len(told.context.transformer.layers) == 1


def _published_edges(speakers: list[int], past: int, future: int) -> torch.Tensor:
    """(source, target, relation): earlier same, earlier other, later same, later other.

    Published: utterance j sends to those in its window; an edge is "earlier" if its
    source stands strictly before its target. What a window of (past, future)
    sends, an utterance with a window of (future, past) reads.
    """
    U = len(speakers)
    edges = []
    for j in range(U):
        for i in range(max(0, j - future), min(U, j + past + 1)):
            other = int(speakers[i] != speakers[j])
            earlier = 0 if j < i else (2 if past else 0)
            edges.append((j, i, earlier + other))
    return torch.tensor(edges)


@pytest.mark.parametrize(
    ("past", "future", "speakers"), [(5, 5, 2), (4, 2, 5), (0, 3, 3), (3, 0, 2)]
)
def test_graph_equals_rgcn_and_transformer_conv(past: int, future: int, speakers: int) -> None:
    inputs = _inputs(40, speakers)
    network = COGMEN(DIMS, width=6, heads=2, past=past, future=future).eval()
    graph, relations = network.graph, speaker_relations(past, future)
    convolution = RGCNConv(6, 6, relations, aggr="mean")
    attention = TransformerConv(6, 6, heads=2, concat=True)
    with torch.no_grad():
        convolution.weight.copy_(graph.convolution.temporal[0])
        convolution.root.copy_(graph.convolution.root.weight.T)
        convolution.bias.copy_(graph.convolution.root.bias)
        attention.lin_key.weight.copy_(graph.transformer.to_key.weight)
        for name in ("query", "value"):
            own = getattr(graph.transformer, f"to_{name}")
            getattr(attention, f"lin_{name}").load_state_dict(own.state_dict())
        attention.lin_skip.load_state_dict(graph.transformer.skip.state_dict())
        x = torch.randn(1, 40, 1, 6)
        edges = _published_edges(inputs.speakers[0].tolist(), past, future)
        hidden = convolution(x[0, :, 0], edges[:, :2].T, edges[:, 2])
        expected = nn.functional.leaky_relu(graph.norm.norm(attention(hidden, edges[:, :2].T)))
        found = graph(
            x, speaker_neighbourhood(inputs.mask, inputs.speakers, past=past, future=future)
        )
    assert torch.allclose(found[0, :, 0], expected, atol=1e-5)


def test_who_speaks_changes_the_answer() -> None:
    network, inputs = COGMEN(DIMS, width=8).eval(), _inputs(12, 3)
    alone = UtteranceVectors(
        inputs.vectors, inputs.present, inputs.mask, torch.zeros_like(inputs.speakers)
    )
    assert not torch.allclose(network(inputs), network(alone), atol=1e-4)


def test_relations_are_counted() -> None:
    assert [speaker_relations(p, f) for p, f in ((5, 5), (5, 0), (0, 5), (0, 0))] == [4, 3, 2, 1]
    for past, future in ((5, 5), (5, 0), (0, 5), (0, 0)):
        edges = speaker_neighbourhood(
            torch.ones(1, 9, dtype=torch.bool), torch.randint(2, (1, 9)), past=past, future=future
        )
        assert len(edges.kinds) == speaker_relations(past, future)
        # Every edge has exactly one relation.
        assert (torch.stack(edges.kinds).sum(dim=0)[edges.temporal[..., 0]] == 1).all()
