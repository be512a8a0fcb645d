"""The contextual GRU against PyTorch's own, run by hand on one dialogue."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from emospot.batch import Example, collate
from emospot.model.baselines.contextual_gru import ContextualGRU
from emospot.model.baselines.utterance_model import UtteranceModel, UtteranceVectors

DIMS = {"words": 3, "voice": 2}
Maker = Callable[..., Example]
Builder = Callable[..., UtteranceModel]


def _copied(layers: nn.ModuleList) -> nn.GRU:
    """The same weights in one GRU of several layers."""
    first = layers[0]
    whole = nn.GRU(
        first.input_size, first.hidden_size, len(layers), batch_first=True, bidirectional=True
    )
    whole.load_state_dict(
        {
            name.replace("_l0", f"_l{number}"): weight
            for number, layer in enumerate(layers)
            for name, weight in layer.state_dict().items()
        }
    )
    return whole


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_equals_a_bidirectional_gru_on_one_dialogue(
    make_example: Maker, make_baseline: Builder, layers: int
) -> None:
    model = make_baseline("contextual_gru", DIMS, layers=layers)
    network = model.network
    inputs = model.utterance_vectors(collate([make_example("a", 7, DIMS, missing=0.0)], DIMS))
    x = torch.cat([inputs.vectors["words"], inputs.vectors["voice"]], dim=-1)
    states, _ = _copied(network.dialogue)(x)
    expected = torch.relu(states @ network.dense.weight.T + network.dense.bias)
    assert torch.allclose(network(inputs), expected, atol=1e-6)


def test_the_speaker_path_runs_over_each_speakers_turns_alone() -> None:
    torch.manual_seed(0)
    network = ContextualGRU(DIMS, width=4, layers=1, dropout=0.0, speaker_path=True).eval()
    x = torch.randn(1, 5, 5)
    speakers = torch.tensor([[0, 1, 0, 2, 1]])
    everyone = torch.ones(1, 5, dtype=torch.bool)
    inputs = UtteranceVectors(
        {"words": x[..., :3], "voice": x[..., 3:]},
        everyone.unsqueeze(-1).expand(-1, -1, 2),
        everyone,
        speakers,
    )
    own = torch.zeros(1, 5, 8)
    for speaker in range(3):
        turns = (speakers[0] == speaker).nonzero().flatten()
        own[:, turns] = network.own[0](x[:, turns])[0]
    states = torch.cat([network.dialogue[0](x)[0], own], dim=-1)
    expected = torch.relu(states @ network.dense.weight.T + network.dense.bias)
    assert torch.allclose(network(inputs), expected, atol=1e-6)


def test_utterances_with_nothing_are_passed_over(
    make_example: Maker, make_baseline: Builder
) -> None:
    model = make_baseline("contextual_gru", DIMS)
    batch = collate([make_example("a", 6, DIMS, missing=0.0)], DIMS)
    batch.present[0, 2] = False
    inputs = model.utterance_vectors(batch)
    kept = [0, 1, 3, 4, 5]
    without = UtteranceVectors(
        {m: x[:, kept] for m, x in inputs.vectors.items()},
        inputs.present[:, kept],
        inputs.mask[:, kept],
        inputs.speakers[:, kept],
    )
    assert torch.allclose(model.network(inputs)[:, kept], model.network(without), atol=1e-6)


def test_sizes_unless_told() -> None:
    network = ContextualGRU(DIMS)
    assert (network.width, len(network.dialogue), len(network.own)) == (100, 2, 0)
    assert network.dropout.p == 0.25
