"""What must hold of every baseline, whatever its network."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from emospot.batch import Example, collate
from emospot.config import BaselineConfig
from emospot.emotions import LabelSet
from emospot.errors import ConfigError, ModelError
from emospot.model.baselines.utterance_model import UtteranceModel
from emospot.model.builder import build_model

LABELS = LabelSet("four", ("a", "b", "c", "d"))
ONE = {"words": 4}
TWO = {"words": 7, "voice": 5}
THREE = {"words": 6, "voice": 4, "face": 3}
Maker = Callable[..., Example]
Builder = Callable[..., UtteranceModel]


def _logits(
    model: UtteranceModel, examples: list[Example], dims: dict[str, int]
) -> list[torch.Tensor]:
    with torch.no_grad():
        out = model(collate(examples, dims)).logits["emotion"]
    return [out[i, : len(e.conversation.utterances)] for i, e in enumerate(examples)]


def _close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return torch.allclose(a, b, atol=1e-5, rtol=0)


@pytest.mark.parametrize("pooling", ["mean", "attention"])
@pytest.mark.parametrize("dims", [ONE, TWO, THREE], ids=["one", "two", "three"])
def test_padding_batch_composition_and_order_change_nothing(
    make_example: Maker,
    make_baseline: Builder,
    learned: str,
    dims: dict[str, int],
    pooling: str,
) -> None:
    model = make_baseline(learned, dims, pooling=pooling, timing=pooling == "attention")
    examples = [
        make_example("a", 6, dims),
        make_example("b", 11, dims, speakers=5, longest=9),
        make_example("c", 1, dims, speakers=1, missing=0.0),
    ]
    together = _logits(model, examples, dims)
    backwards = _logits(model, examples[::-1], dims)[::-1]
    for example, one, other in zip(examples, together, backwards, strict=True):
        (alone,) = _logits(model, [example], dims)
        assert one.isfinite().all()
        assert _close(one, alone)
        assert _close(one, other)
    assert not _close(together[0], together[1][:6])


def test_the_same_of_those_fitted_at_once(make_example: Maker, make_baseline: Builder) -> None:
    model = make_baseline("logistic_regression", TWO)
    examples = [make_example("a", 6, TWO), make_example("b", 11, TWO, speakers=5)]
    for one, example in zip(_logits(model, examples, TWO), examples, strict=True):
        assert _close(one, _logits(model, [example], TWO)[0])


def test_what_stands_in_the_padding_is_never_read(
    make_example: Maker, make_baseline: Builder, kind: str
) -> None:
    model = make_baseline(kind, TWO)
    batch = collate([make_example("a", 4, TWO), make_example("b", 9, TWO)], TWO, LABELS)
    garbage = {
        m: replace(t, values=t.values.masked_fill(~t.mask.unsqueeze(-1), float("nan")))
        for m, t in batch.modalities.items()
    }
    spoilt = replace(
        batch, modalities=garbage, speakers=batch.speakers.masked_fill(~batch.mask, 1)
    )
    clean, dirty = (model(b).logits["emotion"][batch.mask] for b in (batch, spoilt))
    assert _close(clean, dirty)
    dirty.square().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_names_and_order_of_speakers_change_nothing(
    make_example: Maker, make_baseline: Builder, kind: str
) -> None:
    model = make_baseline(kind, TWO)
    example = make_example("a", 8, TWO, speakers=3)
    names = {"S0": "Zoe", "S1": "Ann", "S2": "Bob"}
    utterances = tuple(
        replace(u, speaker=names[u.speaker]) for u in example.conversation.utterances
    )
    renamed = replace(example, conversation=replace(example.conversation, utterances=utterances))
    assert _close(_logits(model, [example], TWO)[0], _logits(model, [renamed], TWO)[0])
    batch = collate([example], TWO)
    reordered = replace(batch, speakers=(batch.speakers + 1) % 3)
    assert _close(model(batch).logits["emotion"], model(reordered).logits["emotion"])


@pytest.mark.parametrize("name", ["contextual_gru with speakers", "dialogue_rnn"])
def test_who_speaks_changes_the_answer_of_those_that_read_it(
    make_example: Maker, make_baseline: Builder, name: str
) -> None:
    model = make_baseline(name, TWO)
    batch = collate([make_example("a", 8, TWO, speakers=3)], TWO)
    one = replace(batch, speakers=torch.zeros_like(batch.speakers))
    assert not _close(model(batch).logits["emotion"], model(one).logits["emotion"])


def test_nothing_to_read_gives_the_prior(
    make_example: Maker, make_baseline: Builder, kind: str
) -> None:
    model = make_baseline(kind, TWO)
    prior = torch.tensor([0.4, 0.3, 0.2, 0.1]).log()
    model.set_prior("emotion", prior)
    nothing = make_example("a", 3, TWO, missing=1.0)
    assert torch.equal(_logits(model, [nothing], TWO)[0], prior.expand(3, -1))
    assert torch.equal(_logits(model, [replace(nothing, tokens={})], TWO)[0], prior.expand(3, -1))


def test_a_modality_that_is_empty_throughout(
    make_example: Maker, make_baseline: Builder, reading: str
) -> None:
    model = make_baseline(reading, TWO)
    example = make_example("a", 5, TWO, missing=0.0)
    words = replace(example, tokens={"words": example.tokens["words"]})
    (part,), (full,) = (_logits(model, [e], TWO) for e in (words, example))
    assert part.isfinite().all()
    assert not _close(part, full)


@pytest.mark.parametrize("dims", [ONE, THREE], ids=["one", "three"])
def test_gradients_reach_every_parameter(
    make_example: Maker, make_baseline: Builder, kind: str, dims: dict[str, int]
) -> None:
    model = make_baseline(kind, dims)
    examples = [
        make_example("a", 9, dims, speakers=3),
        make_example("b", 5, dims, missing=0.0),
    ]
    batch = collate(examples, dims, LABELS)
    target = batch.targets["emotion"]
    logits = model(batch).logits["emotion"]
    F.cross_entropy(logits[target.mask], target.values[target.mask]).backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_overfits_four_dialogues(
    make_example: Maker, make_baseline: Builder, learned: str
) -> None:
    examples = [make_example(name, 6, TWO, missing=0.1) for name in "abcd"]
    batch = collate(examples, TWO, LABELS)
    target = batch.targets["emotion"]
    known = target.mask & batch.present.any(dim=-1)
    model = make_baseline(learned, TWO, dropout=0.0).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(150):
        logits = model(batch).logits["emotion"]
        loss = F.cross_entropy(logits[known], target.values[known])
        if (logits.argmax(dim=-1)[known] == target.values[known]).all():
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (logits.argmax(dim=-1)[known] == target.values[known]).all()


def test_published_sizes_are_built(make_example: Maker, make_baseline: Builder, kind: str) -> None:
    name = kind.partition(" ")[0]
    config = BaselineConfig(kind=name, modalities=tuple(TWO))
    model = build_model(config, TWO, {"emotion": 4, "moods": 2}).eval()
    logits = model(collate([make_example("a", 4, TWO, speakers=4)], TWO)).logits
    assert {head: tuple(x.shape) for head, x in logits.items()} == {
        "emotion": (1, 4, 4),
        "moods": (1, 4, 2),
    }


def test_modalities_stand_in_the_order_of_the_configuration() -> None:
    config = BaselineConfig(kind="mlp", modalities=("voice", "words"))
    assert build_model(config, TWO, {"emotion": 4}).modalities == ("voice", "words")


def test_a_modality_without_features_is_named() -> None:
    config = BaselineConfig(kind="mlp", modalities=("words", "face"))
    with pytest.raises(ModelError, match='reads "face".*only words, voice'):
        build_model(config, TWO, {"emotion": 4})


def test_sizes_that_do_not_fit_are_named() -> None:
    config = BaselineConfig(kind="cross_modal_transformer", width=64)
    with pytest.raises(ConfigError, match="width 64 must be a multiple of heads 5"):
        build_model(config, TWO, {"emotion": 4})
