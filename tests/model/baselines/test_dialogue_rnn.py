"""DialogueRNN against a slow loop, written turn by turn from the equations."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from emospot.batch import Example, collate
from emospot.model.baselines.dialogue_rnn import DialogueRNN, OneWay, attend_over
from emospot.model.baselines.utterance_model import UtteranceModel, UtteranceVectors

DIMS = {"words": 3, "voice": 2}


def _gru(cell: nn.GRUCell, x: Tensor, state: Tensor) -> Tensor:
    """A gated recurrent unit (Cho et al., 2014), in PyTorch's order of the gates."""
    n = len(state)
    w, v, b, c = cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh
    reset = torch.sigmoid(w[:n] @ x + b[:n] + v[:n] @ state + c[:n])
    update = torch.sigmoid(w[n : 2 * n] @ x + b[n : 2 * n] + v[n : 2 * n] @ state + c[n : 2 * n])
    new = torch.tanh(w[2 * n :] @ x + b[2 * n :] + reset * (v[2 * n :] @ state + c[2 * n :]))
    return (1 - update) * new + update * state


def _softmax_mean(scores: list[Tensor], vectors: list[Tensor]) -> Tensor:
    weights = [float(s.exp()) for s in scores]
    return sum(w / sum(weights) * v for w, v in zip(weights, vectors, strict=True))


def _literal_pass(way: OneWay, turns: list[tuple[str, Tensor]]) -> list[Tensor]:
    zero = torch.zeros(way.width)
    g: list[Tensor] = []
    q: dict[str, Tensor] = {}
    e: list[Tensor] = []
    for speaker, u in turns:
        own = q.get(speaker, zero)
        c = zero
        if g:
            c = _softmax_mean([u @ way.match.weight.T @ state for state in g], g)
        g.append(_gru(way.dialogue, torch.cat([u, own]), g[-1] if g else zero))
        q[speaker] = _gru(way.party, torch.cat([u, c]), own)
        e.append(_gru(way.emotion, q[speaker], e[-1] if e else zero))
    return e


def _literal(network: DialogueRNN, turns: list[tuple[str, Tensor]]) -> Tensor:
    forwards = _literal_pass(network.forwards, turns)
    backwards = _literal_pass(network.backwards, turns[::-1])[::-1]
    both = [torch.cat(pair) for pair in zip(forwards, backwards, strict=True)]
    out = []
    for state in both:
        mean = _softmax_mean([state @ network.match.weight.T @ other for other in both], both)
        out.append(torch.relu(network.dense.weight @ mean + network.dense.bias))
    return torch.stack(out)


@pytest.mark.parametrize("speakers", [1, 2, 5])
def test_equals_the_equations(speakers: int) -> None:
    torch.manual_seed(speakers)
    network = DialogueRNN(DIMS, width=4).eval()
    lengths = (9, 1, 5)
    x, who = torch.randn(3, 9, 5), torch.randint(speakers, (3, 9))
    mask = torch.arange(9) < torch.tensor(lengths).unsqueeze(-1)
    x = x * mask.unsqueeze(-1)
    inputs = UtteranceVectors(
        {"words": x[..., :3], "voice": x[..., 3:]},
        mask.unsqueeze(-1).expand(-1, -1, 2),
        mask,
        who,
    )
    with torch.no_grad():
        found = network(inputs)
        for b, length in enumerate(lengths):
            turns = [(f"S{int(who[b, t])}", x[b, t]) for t in range(length)]
            assert torch.allclose(found[b, :length], _literal(network, turns), atol=1e-5)


def test_utterances_with_nothing_are_passed_over(
    make_example: Callable[..., Example], make_baseline: Callable[..., UtteranceModel]
) -> None:
    model = make_baseline("dialogue_rnn", DIMS)
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


def test_attention_over_nothing_is_zero() -> None:
    x = torch.ones(1, 2, 3)
    assert not attend_over(x, x, torch.zeros(1, 2, dtype=torch.bool)).any()
    only = attend_over(x, torch.randn(1, 2, 3), torch.tensor([[True, False]]))
    assert only.isfinite().all()


def test_sizes_unless_told() -> None:
    network = DialogueRNN(DIMS)
    assert (network.forwards.width, network.width, network.dropout.p) == (500, 1000, 0.1)
