"""What must hold of models that read moments again once the conversation is known."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from emospot.batch import Example, collate
from emospot.config import ModelConfig, parse_config
from emospot.conversation import Conversation
from emospot.emotions import LabelSet
from emospot.errors import ConfigError
from emospot.model.builder import build_recognizer
from emospot.model.late_fusion import LateFusion
from emospot.model.recognizer import Recognizer
from emospot.model.second_reading import MomentReader

LABELS = LabelSet("four", ("a", "b", "c", "d"))
THREE = {"words": 6, "face": 4, "other": 3}
READS = {
    "memory_reads": "moment", "graph_reads": "memory", "graph_places": True,
    "second_reading": True, "lag_start": 2.0, "lag_spacing": 0.1, "context": "none",
    "token_reach": 0.7,
}  # fmt: skip
BARE = {
    "summary": "mean", "fusion_of_modalities": "late", "aligners": "none", "memory_layers": 0,
    "token_layers": 0, "context": "none", "graph": False, "mean_path": False,
    "own_heads": False, "timing": False, "kernel_reader": False, "dynamics": 0.0,
    "fusion": "global",
}  # fmt: skip
KINDS = [
    READS,
    {**READS, "graph": False},
    {**READS, "encoder": "convolution", "token_reach": None, "reading_ways": 1},
    {**READS, "aligners": "none", "memory_layers": 0},
    {**READS, "second_reading": False, "summary": "mean"},
    {"graph_reads": "memory", "graph_places": True, "fusion_of_modalities": "late"},
    {"aligners": "rigid", "graph_form": "moving_average"},
    {**READS, "routing": "uniform"},
    {**READS, "speaker_lags": True},
    {**BARE, "graph": True, "graph_reads": "memory"},
    BARE,
]
Maker = Callable[..., Example]
Builder = Callable[..., Recognizer]


def _logits(model: Recognizer, examples: list[Example]) -> list[torch.Tensor]:
    with torch.no_grad():
        out = model(collate(examples, THREE)).logits["emotion"]
    return [out[i, : len(e.conversation.utterances)] for i, e in enumerate(examples)]


@pytest.mark.parametrize("settings", KINDS)
def test_padding_batch_composition_and_order_change_nothing(
    make_example: Maker, make_recognizer: Builder, settings: dict[str, object]
) -> None:
    model = make_recognizer(THREE, **settings)
    examples = [
        make_example("a", 6, THREE),
        make_example("b", 11, THREE, speakers=5, longest=9),
        make_example("c", 1, THREE, speakers=1, missing=0.0),
    ]
    together = _logits(model, examples)
    backwards = _logits(model, examples[::-1])[::-1]
    for example, one, other in zip(examples, together, backwards, strict=True):
        (alone,) = _logits(model, [example])
        assert torch.allclose(one, alone, atol=1e-5)
        assert torch.allclose(one, other, atol=1e-5)
    batch = collate(examples, THREE)
    garbage = {
        m: replace(t, values=t.values.masked_fill(~t.mask.unsqueeze(-1), float("nan")))
        for m, t in batch.modalities.items()
    }
    clean, dirty = (
        model(b).logits["emotion"][batch.mask] for b in (batch, replace(batch, modalities=garbage))
    )
    assert torch.allclose(clean, dirty, atol=1e-5)


@pytest.mark.parametrize("settings", KINDS)
def test_causal_mode_never_reads_the_future(
    make_example: Maker, make_recognizer: Builder, settings: dict[str, object]
) -> None:
    whole = make_example("a", 9, THREE, speakers=3)
    cut = Example(
        Conversation("a", whole.conversation.utterances[:5]),
        {m: t[:5] for m, t in whole.tokens.items()},
        whole.hotspots[:5],
    )
    model = make_recognizer(THREE, causal=True, **settings)
    (all_nine,), (first_five,) = (_logits(model, [e]) for e in (whole, cut))
    assert torch.allclose(all_nine[:5], first_five, atol=1e-5)


@pytest.mark.parametrize("settings", KINDS)
def test_gradients_reach_every_parameter(
    make_example: Maker, make_recognizer: Builder, settings: dict[str, object]
) -> None:
    model = make_recognizer(THREE, **settings)
    for seed in range(12):
        for name, parameter in model.named_parameters():
            if "router.weight" in name:
                torch.nn.init.normal_(parameter)
        examples = [
            make_example("a", 8, THREE, speakers=3, seed=seed),
            make_example("b", 5, THREE, hotspots=False, seed=seed),
        ]
        batch = collate(examples, THREE, LABELS)
        output, target = model(batch), batch.targets["emotion"]
        beside = output.beside.get("emotion", ())
        loss = sum(
            F.cross_entropy(answer[target.mask], target.values[target.mask])
            for answer in (output.logits["emotion"], *beside)
        )
        (loss + output.losses["balance"]).backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_the_answer_is_read_from_the_tokens_that_are_there(
    make_example: Maker, make_recognizer: Builder
) -> None:
    model = make_recognizer(THREE, **READS)
    batch = collate([make_example("a", 8, THREE), make_example("b", 5, THREE)], THREE, LABELS)
    output = model(batch)
    assert len(output.beside["emotion"]) == 2 * len(THREE)
    for number, m in enumerate(THREE):
        shares, mask = output.reading[m], batch.modalities[m].mask
        there = batch.present[:, :, number] & batch.mask
        assert (shares[~mask] == 0).all()
        assert torch.allclose(shares.sum(dim=-1), there.float(), atol=1e-5)
        several = mask.sum(dim=-1) > 1
        assert shares[several & there].std() > 0.01


def test_moments_are_asked_again_with_what_the_conversation_tells(
    make_example: Maker, make_recognizer: Builder
) -> None:
    model = make_recognizer(THREE, **READS)
    example = make_example("a", 8, THREE, missing=0.0)
    tokens = {m: (own[0], *own[:0:-1]) for m, own in example.tokens.items()}
    other = replace(example, tokens=tokens)
    seen, elsewhere = (model(collate([e], THREE)) for e in (example, other))
    beside = list(zip(seen.beside["emotion"], elsewhere.beside["emotion"], strict=True))
    # The first utterance is the same in both: by itself it tells the same.
    for one, another in beside[:3]:
        assert torch.allclose(one[0, 0], another[0, 0], atol=1e-5)
    for one, another in beside[3:]:
        assert not torch.allclose(one[0, 0], another[0, 0], atol=1e-4)
    one, another = (o.reading["words"][0, 0] for o in (seen, elsewhere))
    assert not torch.allclose(one, another, atol=1e-4)


def test_what_modalities_tell_is_added_to_the_answer(
    make_example: Maker, make_recognizer: Builder
) -> None:
    model = make_recognizer(THREE, **READS, own_heads=False, dynamics=0.0)
    head = model.heads["emotion"][-1]
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    batch = collate([make_example("a", 8, THREE), make_example("b", 5, THREE)], THREE)
    output = model(batch)
    present = (batch.present & batch.mask.unsqueeze(-1)).unsqueeze(-1)
    told = torch.stack(output.beside["emotion"][3:], dim=2)
    assert not told.masked_select(~present).any()
    mean = told.sum(dim=2) / present.sum(dim=2).clamp(min=1)
    assert torch.allclose(output.logits["emotion"], mean, atol=1e-5)


@pytest.mark.parametrize("ways", [1, 2])
def test_moments_are_weighed_by_how_likely_each_is_the_one_that_tells(ways: int) -> None:
    torch.manual_seed(0)
    reader = MomentReader(4, parts=2, known=3, classes=5, ways=ways)
    x, known = torch.randn(2, 6, 4), torch.randn(2, 3)
    mask = torch.tensor([[True, True, False] * 2, [False] * 6])
    read, weights, answer = reader(x, mask, known)
    assert (read[1] == 0).all()
    assert (weights[1] == 0).all()
    assert (answer[1] == 0).all()
    moments = [torch.cat([reader.norm(x[0, t]), reader.norm(x[0, 3 + t])]) for t in range(2)]
    hidden = torch.stack([F.gelu(reader.moment(m) + reader.known(known[0])) for m in moments])
    said = reader.speaks(hidden) + reader.directly(torch.stack(moments))
    likely = torch.ones(1)
    if reader.way is not None:
        likely = torch.softmax(reader.way(known[0]), dim=0)
    # Moment, way and class together; of this weights and answer are the margins.
    speaks = said.view(2, ways, 5).exp() * likely[:, None]
    joint = speaks.sum(dim=1) / speaks.sum()
    assert torch.allclose(answer[0], speaks.sum(dim=1).mean(dim=0).log(), atol=1e-5)
    assert torch.allclose(weights[0, :2], joint.sum(dim=1), atol=1e-6)
    assert torch.allclose(torch.softmax(answer[0], dim=0), joint.sum(dim=0), atol=1e-6)
    expected = reader.value(joint.sum(dim=1) @ hidden)
    assert torch.allclose(read[0], expected, atol=1e-5)


def test_a_number_is_read_from_moments_without_answers_of_modalities(
    make_example: Maker, make_recognizer: Builder
) -> None:
    model = build_recognizer(
        ModelConfig(modalities=tuple(THREE), width=16, kernel_reader=False, **READS),
        THREE,
        {"valence": 1},
    ).eval()
    output = model(collate([make_example("a", 5, THREE)], THREE))
    assert output.beside["valence"] == ()
    assert output.logits["valence"].shape == (1, 5, 1)


def test_reading_moments_alone_equals_a_sequence_of_one(make_example: Maker) -> None:
    dims = {"words": 5, "face": 4}
    torch.manual_seed(0)
    models = {}
    for reads in ("sequence", "moment"):
        config = ModelConfig(
            modalities=tuple(dims), width=16, memory_reads=reads, kernel_reader=False
        )
        models[reads] = build_recognizer(config, dims, {"emotion": 4}).eval()
    missing, unexpected = models["moment"].load_state_dict(
        models["sequence"].state_dict(), strict=False
    )
    assert missing == []
    assert all("token_memory.lag_bias" in name for name in unexpected)
    example = make_example("a", 6, dims, longest=1, missing=0.0)
    batch = collate([example], dims)
    found, expected = (models[reads](batch).logits["emotion"] for reads in ("moment", "sequence"))
    assert torch.allclose(found, expected, atol=1e-5)


def test_late_fusion_adds_what_each_modality_says() -> None:
    torch.manual_seed(0)
    heads = [torch.nn.Linear(2 * 3, 4) for _ in range(2)]
    joined = torch.randn(5, 2 * 2 * 3)
    first, second = joined.unflatten(-1, (2, 2, 3)).unbind(dim=1)
    expected = sum(
        head(torch.cat((first[:, m], second[:, m]), -1)) for m, head in enumerate(heads)
    )
    assert torch.allclose(LateFusion(heads, parts=2)(joined), expected, atol=1e-6)


@pytest.mark.parametrize("other", [{"memory_reads": "sequence"}, {"alignment_axis": "both"}])
def test_a_second_reading_needs_moments_of_tokens(other: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="second_reading"):
        parse_config({"model": {**READS, **other}})


def test_how_far_tokens_reach_is_no_matter_of_convolutions() -> None:
    with pytest.raises(ConfigError, match="token_reach"):
        parse_config({"model": {"encoder": "convolution", "token_reach": 0.6}})


def test_models_of_before_load_whose_memory_had_lags_and_no_layer() -> None:
    config = ModelConfig(modalities=("a", "b"), width=16, memory_layers=0, kernel_reader=False)
    model = build_recognizer(config, {"a": 3, "b": 2}, {"emotion": 4})
    state = model.state_dict() | {"token_memory.lag_bias.a.table": torch.zeros(1, 4, 39)}
    model.load_state_dict(state)
    with pytest.raises(RuntimeError, match="Unexpected key"):
        model.load_state_dict(model.state_dict() | {"token_memory.pool.c": torch.zeros(1)})
