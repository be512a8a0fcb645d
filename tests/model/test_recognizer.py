"""What must hold of the whole model, for every axis, context and number of modalities."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from emospot.batch import ConversationBatch, Example, collate
from emospot.conversation import Conversation
from emospot.emotions import LabelSet
from emospot.model.emotion_dynamics import chain_marginals
from emospot.model.inputs import MeanPath
from emospot.model.recognizer import Recognizer
from emospot.model.row_groups import rows_by_length

LABELS = LabelSet("four", ("a", "b", "c", "d"))

TWO = {"words": 7, "voice": 5}
FIVE = {"a": 3, "b": 3, "c": 4, "d": 2, "e": 5}
KINDS = list(
    itertools.product(("tokens", "utterances", "both"), ("attention", "recurrent", "none"))
)
Maker = Callable[..., Example]
Builder = Callable[..., Recognizer]


def _logits(
    model: Recognizer, examples: list[Example], dims: dict[str, int]
) -> list[torch.Tensor]:
    with torch.no_grad():
        out = model(collate(examples, dims)).logits["emotion"]
    return [out[i, : len(e.conversation.utterances)] for i, e in enumerate(examples)]


def _close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return torch.allclose(a, b, atol=1e-5, rtol=0)


def _loss(model: Recognizer, batch: ConversationBatch) -> torch.Tensor:
    output, target = model(batch), batch.targets["emotion"]
    loss = F.cross_entropy(output.logits["emotion"][target.mask], target.values[target.mask])
    return loss + output.losses["balance"] + output.losses["router_z"]


@pytest.mark.parametrize(("axis", "context"), KINDS)
@pytest.mark.parametrize("dims", [TWO, FIVE, {"words": 4}], ids=["two", "five", "one"])
def test_padding_batch_composition_and_order_change_nothing(
    make_example: Maker, make_recognizer: Builder, axis: str, context: str, dims: dict[str, int]
) -> None:
    model = make_recognizer(dims, alignment_axis=axis, context=context)
    examples = [
        make_example("a", 6, dims),
        make_example("b", 11, dims, speakers=5, longest=9),
        make_example("c", 1, dims, speakers=1, missing=0.0),
    ]
    together = _logits(model, examples, dims)
    backwards = _logits(model, examples[::-1], dims)[::-1]
    for example, one, other in zip(examples, together, backwards, strict=True):
        (alone,) = _logits(model, [example], dims)
        assert _close(one, alone)
        assert _close(one, other)
    assert not _close(together[0], together[1][:6])


@pytest.mark.parametrize(("axis", "context"), KINDS)
def test_what_stands_in_the_padding_is_never_read(
    make_example: Maker, make_recognizer: Builder, axis: str, context: str
) -> None:
    model = make_recognizer(TWO, alignment_axis=axis, context=context)
    batch = collate([make_example("a", 4, TWO), make_example("b", 9, TWO)], TWO, LABELS)
    garbage = {
        m: replace(
            t,
            values=t.values.masked_fill(~t.mask.unsqueeze(-1), float("nan")),
            times=t.times.masked_fill(~t.mask, 1e3),
            scores=t.scores.masked_fill(~t.mask, 0.9),
        )
        for m, t in batch.modalities.items()
    }
    spoilt = replace(batch, modalities=garbage)
    clean, dirty = (model(b).logits["emotion"][batch.mask] for b in (batch, spoilt))
    assert _close(clean, dirty)
    _loss(model, spoilt).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(("axis", "context"), KINDS)
def test_causal_mode_never_reads_the_future(
    make_example: Maker, make_recognizer: Builder, axis: str, context: str
) -> None:
    whole = make_example("a", 9, TWO, speakers=3)
    cut = Example(
        Conversation("a", whole.conversation.utterances[:5]),
        {m: t[:5] for m, t in whole.tokens.items()},
        whole.hotspots[:5],
    )
    for causal in (True, False):
        model = make_recognizer(TWO, alignment_axis=axis, context=context, causal=causal)
        (all_nine,), (first_five,) = (_logits(model, [e], TWO) for e in (whole, cut))
        # The other way round shows that the test can fail.
        assert _close(all_nine[:5], first_five) == causal


@pytest.mark.parametrize("context", ["attention", "recurrent"])
def test_names_and_order_of_speakers_change_nothing_but_who_speaks_does(
    make_example: Maker, make_recognizer: Builder, context: str
) -> None:
    model = make_recognizer(TWO, context=context, speaker_typed_edges=True)
    example = make_example("a", 8, TWO, speakers=3)
    names = {"S0": "Zoe", "S1": "Ann", "S2": "Bob"}

    def renamed(rename: Callable[[int, str], str]) -> Example:
        utterances = tuple(
            replace(u, speaker=rename(i, u.speaker))
            for i, u in enumerate(example.conversation.utterances)
        )
        return replace(example, conversation=replace(example.conversation, utterances=utterances))

    (before,) = _logits(model, [example], TWO)
    (after,) = _logits(model, [renamed(lambda i, s: names[s])], TWO)
    (alone,) = _logits(model, [renamed(lambda i, s: "one")], TWO)
    assert _close(before, after)
    assert not _close(before, alone)
    batch = collate([example], TWO)
    reordered = replace(batch, speakers=(batch.speakers + 1) % 3)
    assert _close(model(batch).logits["emotion"], model(reordered).logits["emotion"])


def test_nothing_to_read_gives_the_prior(make_example: Maker, make_recognizer: Builder) -> None:
    model = make_recognizer(TWO)
    prior = torch.tensor([0.4, 0.3, 0.2, 0.1]).log()
    model.set_prior("emotion", prior)
    (nothing,) = _logits(model, [make_example("a", 3, TWO, missing=1.0)], TWO)
    assert torch.equal(nothing, prior.expand(3, -1))
    without = Example(make_example("a", 3, TWO).conversation, {}, ())
    assert torch.equal(_logits(model, [without], TWO)[0], nothing)


@pytest.mark.parametrize("gone", ["words", "voice"])
def test_a_modality_that_is_empty_throughout(
    make_example: Maker, make_recognizer: Builder, gone: str
) -> None:
    model = make_recognizer(TWO, alignment_axis="both")
    example = make_example("a", 5, TWO, missing=0.0)
    kept = {m: t for m, t in example.tokens.items() if m != gone}
    (part,), (full,) = (
        _logits(model, [replace(example, tokens=tokens)], TWO) for tokens in (kept, example.tokens)
    )
    assert part.isfinite().all()
    assert not _close(part, full)


def test_hotspot_scores_of_zero_equal_no_hotspots(
    make_example: Maker, make_recognizer: Builder
) -> None:
    model = make_recognizer(TWO)
    example = make_example("a", 6, TWO, missing=0.0)
    none = replace(example, hotspots=())
    zero = replace(
        example, hotspots=[[replace(h, score=0.0) for h in own] for own in example.hotspots]
    )
    (a,), (b,), (c,) = (_logits(model, [e], TWO) for e in (none, zero, example))
    assert torch.equal(a, b)
    assert not _close(a, c)


@pytest.mark.parametrize(("axis", "context"), KINDS)
@pytest.mark.parametrize("top_k", [1, 2])
def test_gradients_reach_every_parameter(
    make_example: Maker, make_recognizer: Builder, axis: str, context: str, top_k: int
) -> None:
    dims = {"words": 6, "face": 4, "other": 3}
    model = make_recognizer(dims, alignment_axis=axis, context=context, top_k=top_k)
    routers = [p for n, p in model.named_parameters() if "router.weight" in n]
    used: dict[str, torch.Tensor] = {}
    for seed in range(12):
        for router in routers:  # another choice each time, so that every expert is visited
            torch.nn.init.normal_(router)
        examples = [
            make_example("a", 8, dims, speakers=3, seed=seed),
            make_example("b", 5, dims, hotspots=False, seed=seed),
        ]
        batch = collate(examples, dims, LABELS)
        for name, weights in model(batch).routing.items():
            used[name] = used.get(name, torch.zeros(3)) + weights.sum(dim=(0, 1))
        _loss(model, batch).backward()
    assert all((u > 0).all() for u in used.values()), "the batches must visit every expert"
    silent = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_switched_off_parts_are_not_there(make_recognizer: Builder) -> None:
    model = make_recognizer(TWO, fusion="global", aligners="none", graph=False)
    names = " ".join(name for name, _ in model.named_parameters())
    assert not any(part in names for part in ("graph", "pairs", "gate", "no_hotspot"))
    plain = " ".join(
        n for n, _ in make_recognizer(TWO, aligners="cross_attention").named_parameters()
    )
    assert "pairs" in plain
    assert "router" not in plain


def test_without_hotspot_gated_fusion_hotspots_change_nothing(
    make_example: Maker, make_recognizer: Builder
) -> None:
    model = make_recognizer(TWO, fusion="global")
    example = make_example("a", 6, TWO)
    (a,), (b,) = (_logits(model, [e], TWO) for e in (example, replace(example, hotspots=())))
    assert torch.equal(a, b)
    assert model(collate([example], TWO)).gates == {}


def test_the_answer_is_the_mean_of_the_joint_one_and_what_each_modality_says(
    make_example: Maker, make_recognizer: Builder
) -> None:
    # The timing counts words, which the voice's part reads too where they are present.
    model = make_recognizer(TWO, timing=False, dynamics=0.0)
    batch = collate([make_example("a", 9, TWO)], TWO)
    out = model(batch)
    joint, apart = out.parts["emotion"]
    torch.testing.assert_close(out.logits["emotion"], (joint + apart) / 2)
    # Withholding the voice takes away what it said, and nothing of what the words say.
    silent = replace(batch, present=batch.present & torch.tensor([True, False]))
    mute = replace(batch, present=batch.present & torch.tensor([False, True]))
    _, words = model(silent).parts["emotion"]
    _, voice = model(mute).parts["emotion"]
    both = batch.present.all(dim=-1)
    assert both.sum() > 2
    torch.testing.assert_close(apart[both], (words + voice)[both], atol=1e-5, rtol=0)
    assert not _close(words[both], voice[both])


def test_the_answers_are_read_along_the_dialogue_once_training_is_over(
    make_example: Maker, make_recognizer: Builder
) -> None:
    batch = collate([make_example("a", 9, TWO), make_example("b", 4, TWO)], TWO)
    model, plain = (
        make_recognizer(TWO, dynamics=strength, dropout=0.0, input_dropout=0.0)
        for strength in (0.7, 0.0)
    )
    assert not plain.dynamics
    ratio = model.dynamics["emotion"].log_ratio
    logits = plain(batch).logits["emotion"]
    words = batch.present[:, :, 0]
    assert 0 < words.sum() < batch.present.any(dim=-1).sum()
    expected = chain_marginals(
        logits, words, batch.speakers, batch.named, 0.7 * ratio, causal=False
    )
    assert batch.named.any()
    assert not _close(logits, expected)
    assert _close(model(batch).logits["emotion"], expected)
    assert _close(model.train()(batch).logits["emotion"], plain.train()(batch).logits["emotion"])


def test_turns_without_words_are_passed_over_unless_there_are_no_words(
    make_recognizer: Builder,
) -> None:
    words = torch.tensor([[False, True, False, True], [False] * 4])
    voice = torch.tensor([[True, True, True, False], [True, False, True, True]])
    present = torch.stack([words, voice], dim=-1)
    linked = make_recognizer(TWO).linked(present)
    assert linked.tolist() == [words[0].tolist(), voice[1].tolist()]
    # A causal model does not know yet whether words will come.
    linked = make_recognizer(TWO, causal=True).linked(present)
    assert linked.tolist() == [[True, True, False, True], voice[1].tolist()]
    voices = make_recognizer({"voice": 5}).linked(voice.unsqueeze(-1))
    assert voices.tolist() == voice.tolist()


def test_the_mean_of_the_tokens_has_a_path_of_its_own(
    make_example: Maker, make_recognizer: Builder
) -> None:
    path = MeanPath(6, 4, dropout=0.0)
    x = torch.randn(3, 5, 6)
    mask = torch.tensor([[True] * 5, [True, True, False, False, False], [False] * 5])
    x[1, 2:] = torch.nan
    found = path(x, mask)
    assert torch.allclose(found[0], path.project(x[0].mean(dim=0)))
    assert torch.allclose(found[1], path.project(x[1, :2].mean(dim=0)))
    assert not found[2].any()
    batch = collate([make_example("a", 6, TWO)], TWO)
    model = make_recognizer(TWO)
    before = model(batch).logits["emotion"]
    with torch.no_grad():
        for stem in model.stems.values():
            stem.mean_path.project[-1].weight.zero_()
    assert not _close(model(batch).logits["emotion"], before)
    names = [n for n, _ in make_recognizer(TWO, mean_path=False).named_parameters()]
    assert not [n for n in names if "mean_path" in n]


def test_without_own_heads_and_timing_nothing_of_them_is_there(make_recognizer: Builder) -> None:
    names = [n for n, _ in make_recognizer(TWO, own_heads=False, timing=False).named_parameters()]
    assert not [n for n in names if "own_heads" in n or "timing" in n]


def test_times_are_read_if_asked_for(make_example: Maker, make_recognizer: Builder) -> None:
    example = make_example("a", 6, TWO, missing=0.0)
    utterances = tuple(replace(u, start=None, end=None) for u in example.conversation.utterances)
    # Token times stay, so that nothing else of the input changes.
    timeless = replace(example, conversation=replace(example.conversation, utterances=utterances))
    for timing in (True, False):
        model = make_recognizer(TWO, timing=timing)
        same = _close(_logits(model, [example], TWO)[0], _logits(model, [timeless], TWO)[0])
        assert same is not timing


def test_output_shapes(make_example: Maker, make_recognizer: Builder) -> None:
    batch = collate([make_example("a", 6, TWO), make_example("b", 3, TWO)], TWO)
    out = make_recognizer(TWO, alignment_axis="both")(batch)
    assert out.logits["emotion"].shape == (2, 6, 4)
    assert out.gates["words"].shape == batch.modalities["words"].mask.shape
    assert set(out.routing) == {
        f"{axis}:{pair}"
        for axis in ("tokens", "utterances")
        for pair in ("words->voice", "voice->words")
    }
    for name, weights in out.routing.items():
        assert weights.shape == (2, 6, 3)
        assert float(out.expert_usage[name].sum()) == pytest.approx(1.0, abs=1e-5)
    assert (out.gates["words"][~batch.modalities["words"].mask] == 0).all()


def test_rows_are_grouped_by_length_and_none_is_lost(make_example: Maker) -> None:
    batch = collate([make_example("a", 30, TWO, longest=40), make_example("b", 3, TWO)], TWO)
    groups = rows_by_length(batch)
    assert sorted(torch.cat(groups).tolist()) == batch.mask.flatten().nonzero().squeeze(1).tolist()
    counts = batch.modalities["words"].mask.sum(dim=-1).flatten()
    assert all(counts[g].max() <= 1.4 * max(1, counts[g].min()) + 1 for g in groups)


def test_overfits_four_dialogues(make_example: Maker, make_recognizer: Builder) -> None:
    examples = [make_example(name, 6, TWO, missing=0.1) for name in "abcd"]
    batch = collate(examples, TWO, LABELS)
    target = batch.targets["emotion"]
    known = target.mask & batch.present.any(dim=-1)
    model = make_recognizer(TWO, dropout=0.0, input_dropout=0.0).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(80):
        logits = model(batch).logits["emotion"]
        loss = F.cross_entropy(logits[known], target.values[known])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (logits.argmax(dim=-1)[known] == target.values[known]).all()
