"""The perceptron reads one utterance, by the layers that its docstring writes."""

from collections.abc import Callable

import torch

from emospot.batch import Example, collate
from emospot.model.baselines.utterance_mlp import UtteranceMLP
from emospot.model.baselines.utterance_model import UtteranceModel

DIMS = {"words": 3, "voice": 2}


def test_equals_the_layers_by_hand(
    make_example: Callable[..., Example], make_baseline: Callable[..., UtteranceModel]
) -> None:
    model = make_baseline("mlp", DIMS, width=4, layers=2)
    inputs = model.utterance_vectors(collate([make_example("a", 5, DIMS)], DIMS))
    first, second = (m for m in model.network.layers if isinstance(m, torch.nn.Linear))
    x = torch.cat([inputs.vectors["words"], inputs.vectors["voice"]], dim=-1)
    x = (x @ first.weight.T + first.bias).clamp(min=0)
    x = (x @ second.weight.T + second.bias).clamp(min=0)
    assert torch.allclose(model.network(inputs), x, atol=1e-6)


def test_an_utterance_does_not_read_its_neighbours(
    make_example: Callable[..., Example], make_baseline: Callable[..., UtteranceModel]
) -> None:
    model = make_baseline("mlp", DIMS)
    batch = collate([make_example("a", 5, DIMS, missing=0.0)], DIMS)
    before = model(batch).logits["emotion"]
    batch.modalities["words"].values[0, 2] += 1.0
    changed = (model(batch).logits["emotion"] - before).abs().amax(dim=-1)[0] > 1e-6
    assert changed.tolist() == [False, False, True, False, False]


def test_dropout_and_sizes_unless_told() -> None:
    network = UtteranceMLP(DIMS)
    assert network.width == 256
    assert [m.p for m in network.layers if isinstance(m, torch.nn.Dropout)] == [0.5]
