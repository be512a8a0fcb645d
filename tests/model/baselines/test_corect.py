"""CORECT: its size, its window as published, its attention written another way."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import RGCNConv

from emospot.errors import ConfigError
from emospot.model.baselines.corect import CORECT, AttentionStack, CrossModalPart
from emospot.model.baselines.utterance_model import UtteranceModel, UtteranceVectors
from emospot.model.conversation_graph import Neighbourhood

DIMS = {"words": 14, "voice": 5, "face": 3}


def _inputs(lengths: list[int], dims: dict[str, int], speakers: int = 2) -> UtteranceVectors:
    torch.manual_seed(sum(lengths))
    U = max(lengths)
    mask = torch.arange(U) < torch.tensor(lengths).unsqueeze(-1)
    present = mask.unsqueeze(-1).expand(-1, -1, len(dims))
    vectors = {m: torch.randn(len(lengths), U, d) * mask.unsqueeze(-1) for m, d in dims.items()}
    return UtteranceVectors(vectors, present, mask, torch.randint(speakers, (len(lengths), U)))


def _parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_has_the_published_number_of_parameters() -> None:
    dims = {"voice": 100, "words": 768, "face": 512}
    model = UtteranceModel(CORECT(dims), dims, {"emotion": 6})
    assert _parameters(model) == pytest.approx(17.72e6, rel=0.02)
    dims = {"words": 384, "voice": 256}
    model = UtteranceModel(CORECT(dims), dims, {"emotion": 6})
    assert _parameters(model) == pytest.approx(6.2e6, rel=0.02)


def test_sizes_unless_told() -> None:
    network = CORECT(DIMS)
    assert network.width == 100
    assert network.graph.transformer.heads == 7
    assert len(network.encoders["words"].transformer.layers) == 2
    assert network.cross is not None
    assert {len(stack.layers) for stack in network.cross.pairs.values()} == {2}
    assert {len(stack.layers) for stack in network.cross.memories.values()} == {3}
    assert network.dropout.p == 0.5
    told = CORECT(DIMS, width=8, layers=1, heads=2, dropout=0.1, past=1, future=0)
    assert (told.width, told.past, told.future, told.dropout.p) == (8, 1, 0, 0.1)
    assert told.dense.in_features == 3 * 2 * 8 + 3 * 2 * 8


def test_reads_the_window_that_the_published_code_reads() -> None:
    # Published, at its script's window of 11 and 5: every utterance j sends to
    # j − 11 … j + 4; the relation says which of the two comes first.
    network = CORECT({"words": 14}).eval()
    convolution = network.graph.convolution
    U, width = 30, network.width
    theirs = RGCNConv(width, width, 3, aggr="mean")
    with torch.no_grad():
        theirs.weight.copy_(convolution.temporal[0])
        theirs.root.copy_(convolution.root.weight.T)
        theirs.bias.copy_(convolution.root.bias)
    sent = [(j, i) for j in range(U) for i in range(max(0, j - 11), min(U, j + 5))]
    relations = torch.tensor([0 if j == i else 1 if j < i else 2 for j, i in sent])
    x, inputs = torch.randn(1, U, 1, width), _inputs([U], {"words": 14})
    edges = Neighbourhood(
        inputs.present, inputs.speakers, past=network.past, future=network.future,
        cross_modal=True, speaker_typed=False,
    )  # fmt: skip
    expected = theirs(x[0, :, 0], torch.tensor(sent).T, relations)
    assert torch.allclose(convolution(x, edges)[0, :, 0], expected, atol=1e-5)


def _layer_by_torch(layer: nn.Module, x: Tensor, source: Tensor, hidden: Tensor) -> Tensor:
    """The same layer around `nn.MultiheadAttention`; `hidden` keys are not read."""
    own, width = layer.attention, x.shape[-1]
    attention = nn.MultiheadAttention(width, own.heads, batch_first=True)
    attention.in_proj_weight.copy_(
        torch.cat([own.to_query.weight, own.to_key.weight, own.to_value.weight])
    )
    attention.in_proj_bias.copy_(
        torch.cat([own.to_query.bias, torch.randn(width), own.to_value.bias])
    )
    attention.out_proj.load_state_dict(own.to_out.state_dict())
    keys = layer.attention_norm(source)
    x = x + attention(layer.attention_norm(x), keys, keys, key_padding_mask=hidden)[0]
    norm, enter, _, _, leave = layer.feed_forward
    return x + leave(torch.relu(enter(norm(x))))


@pytest.mark.parametrize("itself", [True, False])
def test_a_stack_equals_multihead_attention(itself: bool) -> None:
    torch.manual_seed(0)
    stack = AttentionStack(8, 2).eval()
    for parameter in stack.parameters():
        nn.init.normal_(parameter, std=0.3)
    x, source = torch.randn(2, 7, 8), torch.randn(2, 7, 8)
    readable = torch.tensor([[True] * 7, [True] * 4 + [False] * 3])
    with torch.no_grad():
        z, keys = 8**0.5 * x, 8**0.5 * source
        for layer in stack.layers:
            z = _layer_by_torch(layer, z, z if itself else keys, ~readable)
        found = stack(x, None if itself else source, readable)
        assert torch.allclose(found, stack.norm(z), atol=1e-5)


def test_stacks_start_from_xavier() -> None:
    torch.manual_seed(0)
    stack, attention = AttentionStack(100, 1), nn.MultiheadAttention(100, 2)
    own = stack.layers[0].attention
    with torch.no_grad():
        expected = float(attention.in_proj_weight.std())
        for part in (own.to_query, own.to_key, own.to_value):
            assert float(part.weight.std()) == pytest.approx(expected, rel=0.03)
        assert float(own.to_out.weight.std()) == pytest.approx((2 / 200) ** 0.5, rel=0.03)
    biases = [p for n, p in stack.named_parameters() if n.endswith("bias")]
    assert biases
    assert not any(p.any() for p in biases)


def test_every_pair_reads_its_own_source() -> None:
    torch.manual_seed(0)
    part = CrossModalPart(tuple(DIMS), 6, 1).eval()
    x = {m: torch.randn(1, 5, 6) for m in DIMS}
    everything = {m: torch.ones(1, 5, dtype=torch.bool) for m in DIMS}
    assert set(part.pairs) == {f"{k}->{j}" for k in DIMS for j in DIMS if k != j}
    before = part(x, everything)
    assert before.shape == (1, 5, part.width)
    for k in DIMS:
        alone = copy.deepcopy(part)
        for name, stack in alone.pairs.items():
            if not name.startswith(f"{k}->"):
                # Nothing but its query is left, so that only k's pairs read k.
                for layer in stack.layers:
                    nn.init.zeros_(layer.attention.to_out.weight)
        moved = {**x, k: x[k] + torch.randn(1, 5, 6)}
        change = (alone(moved, everything) - alone(x, everything)).abs().amax((0, 1))
        blocks = change.unflatten(-1, (3, 12)).amax(dim=-1)
        assert (blocks > 1e-4).all()


def test_one_modality_has_no_cross_modal_part_and_may_be_odd() -> None:
    network = CORECT({"voice": 5}, width=7).eval()
    assert network.cross is None
    assert network.context == "voice"
    assert network(_inputs([4, 2], {"voice": 5})).shape == (2, 4, 7)


def test_an_odd_width_is_named() -> None:
    with pytest.raises(ConfigError, match=r"width 7 must be a multiple of the 2 heads"):
        CORECT(DIMS, width=7)


def test_published_padding_reaches_the_answers() -> None:
    short = _inputs([5], DIMS)
    longer = UtteranceVectors(
        {m: torch.cat((x, torch.zeros(1, 4, x.shape[-1])), 1) for m, x in short.vectors.items()},
        torch.cat((short.present, torch.zeros(1, 4, 3, dtype=torch.bool)), 1),
        torch.cat((short.mask, torch.zeros(1, 4, dtype=torch.bool)), 1),
        torch.cat((short.speakers, torch.ones(1, 4, dtype=torch.long)), 1),
    )
    published = CORECT(DIMS, width=8, masked=False).eval()
    repaired = CORECT(DIMS, width=8).eval()
    repaired.load_state_dict(published.state_dict())
    assert not torch.allclose(published(longer)[:, :5], published(short), atol=1e-3)
    assert torch.allclose(repaired(longer)[:, :5], repaired(short), atol=1e-5)
    # Without padding or missing parts both are the same model.
    assert torch.allclose(published(short), repaired(short), atol=1e-6)


def test_published_code_takes_an_absent_modality_for_zeros() -> None:
    full = _inputs([6], DIMS)
    present = full.present.clone()
    present[0, 2, 1] = False
    voice = full.vectors["voice"] * present[:, :, 1:2]
    part = UtteranceVectors({**full.vectors, "voice": voice}, present, full.mask, full.speakers)
    zeros = UtteranceVectors(part.vectors, full.present, full.mask, full.speakers)
    published = CORECT(DIMS, width=8, masked=False).eval()
    assert torch.equal(published(part), published(zeros))
    repaired = CORECT(DIMS, width=8).eval()
    assert not torch.allclose(repaired(part), repaired(zeros), atol=1e-4)
