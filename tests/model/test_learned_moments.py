"""Learned moments: their properties alone, in the recognizer, and on planted moments."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from emospot.batch import Target, collate
from emospot.config import TrainingConfig, parse_config
from emospot.errors import ConfigError
from emospot.model.builder import build_model
from emospot.model.learned_moments import (
    LearnedMoments,
    held_against_speaker,
    parts_of_turns,
    unlike_other_turns,
)
from emospot.training.losses import against_rest_loss, total_loss

from .conftest import LABELS, marked_once, masked

TWO = {"words": 6, "face": 5}


def spotter():
    torch.manual_seed(0)
    return LearnedMoments(6, 8, {"emotion": 3}, share=0.25)


def test_padding_and_single_tokens():
    module = spotter().eval()
    content, mask = masked([4, 1, 0])
    short = module(content, mask)
    long = module(F.pad(content, (0, 0, 0, 7)), F.pad(mask, (0, 7)))
    assert torch.allclose(short.scores, long.scores[:, :4], atol=1e-6)
    assert torch.allclose(short.answers["emotion"], long.answers["emotion"], atol=1e-6)
    assert (short.scores[0] > 0).all()
    assert not short.scores[1:].any()
    assert short.answers["emotion"].isfinite().all()


def test_answers_and_scores_by_hand():
    """Two tokens of seven answer for each class; the resting class makes no hotspot."""
    module = spotter().eval()
    content, mask = masked([7, 3])
    with torch.no_grad():
        found = module(content, mask)
        h = module.inside(content) * mask.unsqueeze(-1)
        for convolution in module.around:
            around = convolution(h.transpose(1, 2)).transpose(1, 2)
            h = (h + F.gelu(around)) * mask.unsqueeze(-1)
        logits = module.answers["emotion"](F.gelu(h))
    for row, length, count in ((0, 7, 2), (1, 3, 1)):
        own = logits[row, :length]
        expected = own.sort(dim=0, descending=True).values[:count].mean(dim=0)
        assert torch.allclose(found.answers["emotion"][row], expected, atol=1e-6)
        scores = own.sigmoid().amax(dim=1)
        assert torch.allclose(found.scores[row, :length], scores, atol=1e-6)
    module.set_classes("emotion", torch.tensor([0.05, 0.85, 0.1]), resting=1)
    with torch.no_grad():
        again = module(content, mask)
    # The resting class is asked the other way round: how likely somebody is moved, 15 % usually.
    usual = torch.tensor([0.05, 0.15, 0.1])
    expected = ((logits[0].sigmoid() - usual) / (1 - usual)).clamp(min=0).amax(dim=1)
    assert torch.allclose(again.scores[0], expected, atol=1e-6)
    assert expected.any()
    turned = found.answers["emotion"] * torch.tensor([1.0, -1.0, 1.0])
    assert torch.allclose(again.answers["emotion"], turned)


def test_a_voice_is_held_against_its_speakers_own():
    """Other levels of a speaker, of other speakers and padding change nothing."""
    torch.manual_seed(0)
    x, speakers = torch.randn(2, 4, 5, 3), torch.tensor([[0, 1, 0, 1], [0, 0, 0, 0]])
    mask = torch.rand(2, 4, 5) > 0.3
    held = held_against_speaker(x, mask, speakers)
    assert not held[~mask].any()
    mine = torch.tensor([[True, False, True, False], [False] * 4])[..., None] & mask
    own = held[mine]
    assert torch.allclose(own.mean(dim=0), torch.zeros(3), atol=1e-5)
    assert torch.allclose(own.std(dim=0, unbiased=False), torch.ones(3), atol=0.2)
    louder = torch.where(mine.unsqueeze(-1), 3 * x + 2, x)
    louder = torch.where(mask.unsqueeze(-1), louder, torch.full_like(x, torch.nan))
    again = held_against_speaker(louder, mask, speakers)
    assert torch.allclose(again[~mine], held[~mine], atol=1e-6)
    assert torch.allclose(again[mine], own, atol=0.2)


def test_turns_are_held_against_their_speakers_others():
    """By hand: each number's mean and deviation over a turn against the median of turns."""
    torch.manual_seed(1)
    held, mask = torch.randn(2, 6, 4, 3), torch.rand(2, 6, 4) > 0.3
    mask[0, 2] = False  # nothing was heard there
    mask[1, 1, 1:] = False
    held = held.masked_fill(~mask.unsqueeze(-1), 0.0)
    speakers = torch.tensor([[0, 1, 0, 0, 0, 2], [0, 0, 0, 1, 0, 1]])
    found = unlike_other_turns(held, mask, speakers)
    assert found.shape == (2, 6, 6)
    assert not found[0, 2].any()
    assert not found[0, 1].any()  # alone, there is nothing to be held against
    for b, turns in ((0, (0, 3, 4)), (1, (0, 1, 2, 4)), (1, (3, 5))):
        heard = [held[b, u][mask[b, u]].double().numpy() for u in turns]
        told = np.array([np.concatenate([x.mean(axis=0), x.std(axis=0)]) for x in heard])
        usual = np.median(told, axis=0)
        away = np.median(np.abs(told - usual), axis=0)
        length = np.array([len(x) for x in heard])[:, None]
        expected = ((told - usual) / (away + 0.2)).clip(-4, 4) * length / (length + 10)
        assert np.allclose(found[b, list(turns)].numpy(), expected, atol=1e-4)
    padded = F.pad(held, (0, 0, 0, 3, 0, 2)), F.pad(mask, (0, 3, 0, 2)), F.pad(speakers, (0, 2))
    assert torch.allclose(unlike_other_turns(*padded)[:, :6], found)


def test_what_is_read_has_a_gradient():
    """Also where a turn has one token or a number stands still, as in a picture."""
    torch.manual_seed(0)
    x = torch.randn(1, 4, 5, 3)
    x[..., 0] = 1.0
    x.requires_grad_()
    mask = torch.ones(1, 4, 5, dtype=torch.bool)
    mask[0, 1, 1:] = False
    speakers = torch.tensor([[0, 0, 0, 1]])
    held = held_against_speaker(x, mask, speakers)
    (unlike_other_turns(held, mask, speakers).sum() + held.sum()).backward()
    assert x.grad.isfinite().all()


def test_parts_of_turns():
    torch.manual_seed(0)
    mask = torch.arange(20) < torch.randint(21, (30, 40, 1))
    parts = parts_of_turns(mask)
    assert not (parts & ~mask).any()
    count, kept = mask.sum(dim=-1), parts.sum(dim=-1)
    assert (kept >= torch.minimum(count, torch.tensor(4))).all()
    assert (kept >= 0.25 * count).all()
    long = count > 12
    assert 0.65 < (kept < count)[long].float().mean() < 0.85
    # In one piece, and from anywhere.
    edges = (F.pad(parts, (1, 1)).int().diff(dim=-1) != 0).sum(dim=-1)
    assert edges[count > 0].eq(2).all()
    first, last = parts.int().argmax(dim=-1), 20 - parts.flip(-1).int().argmax(dim=-1)
    cut = long & (kept < count)
    assert (first[cut] > 0).any()
    assert (last[cut] == count[cut]).any()
    assert parts_of_turns(mask).ne(parts).any()


def test_in_training_parts_answer_and_whole_turns_are_scored(make_example, make_recognizer):
    model = make_recognizer(TWO, learned_hotspots=("face",), dropout=0.0, input_dropout=0.0)
    batch = collate([make_example("a", 8, TWO, longest=12)], TWO, LABELS)
    whole = model.eval()(batch)
    torch.manual_seed(0)
    learning = model.train()(batch)
    assert torch.allclose(learning.hotspots["face"], whole.hotspots["face"], atol=1e-6)
    ((own,),), ((all_of_it,),) = learning.against_rest.values(), whole.against_rest.values()
    assert not torch.allclose(own, all_of_it, atol=1e-3)


def test_a_causal_model_holds_nothing_against_what_comes(make_example, make_recognizer):
    dims = TWO
    model = make_recognizer(dims, learned_hotspots=("face",), causal=True)
    whole = make_example("a", 8, dims)
    short = replace(
        whole,
        conversation=replace(whole.conversation, utterances=whole.conversation.utterances[:4]),
        tokens={m: own[:4] for m, own in whole.tokens.items()},
        hotspots=whole.hotspots[:4],
    )
    first, second = (model(collate([e], dims, LABELS)).hotspots["face"] for e in (whole, short))
    tokens = second.shape[-1]
    assert torch.allclose(first[:, :4, :tokens], second, atol=1e-6)


def test_in_the_recognizer(make_example, make_recognizer):
    model = make_recognizer(TWO, learned_hotspots=("face",))
    examples = [make_example("a", 6, TWO), make_example("b", 9, TWO, longest=9)]
    output = model(collate(examples, TWO, LABELS))
    assert (list(output.hotspots), output.evidence) == (["face"], {})
    ((answer,),) = output.against_rest.values()
    assert answer.shape == output.logits["emotion"].shape
    assert set(output.losses) == {"balance", "router_z", "hotspot_marks"}
    # The company changes no score.
    alone = model(collate(examples[:1], TWO, LABELS)).hotspots["face"]
    longest = alone.shape[-1]
    assert torch.allclose(alone[0], output.hotspots["face"][0, :6, :longest], atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
def test_what_stands_in_the_padding_is_never_read(make_example, make_recognizer, causal):
    model = make_recognizer(TWO, learned_hotspots=("face",), causal=causal)
    batch = collate([make_example("a", 6, TWO), make_example("b", 7, TWO)], TWO, LABELS)
    clean = model(batch)
    face = batch.modalities["face"]
    face.values[~face.mask] = torch.nan
    dirty = model(batch)
    assert torch.equal(dirty.hotspots["face"], clean.hotspots["face"])
    assert torch.equal(dirty.logits["emotion"], clean.logits["emotion"])
    assert torch.equal(dirty.losses["hotspot_marks"], clean.losses["hotspot_marks"])


def test_marks_teach_the_turns_around_them(make_example, make_recognizer):
    """Where one turn is marked, the others of its conversation are known to be at rest."""
    model = make_recognizer(TWO, learned_hotspots=("face",))
    only, _ = marked_once(make_example("a", 6, TWO, longest=9), "face")
    none = replace(make_example("b", 4, TWO, longest=5), hotspots=[[]] * 4)
    output = model(batch := collate([only, none], TWO, LABELS))
    scores, marks = output.hotspots["face"], batch.modalities["face"].scores
    known = batch.modalities["face"].mask.clone()
    known[1] = False  # nobody has marked anything there
    known &= batch.modalities["face"].mask.sum(dim=-1, keepdim=True) > 1
    expected = F.binary_cross_entropy(scores[known].clamp(1e-6, 1 - 1e-6), marks[known])
    assert output.losses["hotspot_marks"].item() == pytest.approx(float(expected), rel=1e-4)
    assert len(marks[known][marks[known] == 0]) > 3
    alone = model(collate([only], TWO, LABELS)).losses["hotspot_marks"]
    assert torch.allclose(alone, output.losses["hotspot_marks"], rtol=1e-4)


def test_gradients_reach_every_parameter(make_example, make_recognizer):
    model = make_recognizer(TWO, learned_hotspots=("face",)).train()
    for seed in range(3):
        batch = collate([make_example("a", 8, TWO, seed=seed)], TWO, LABELS)
        total_loss(model(batch), batch, TrainingConfig(marks_weight=1.0)).backward()
    spotters = [(n, p) for n, p in model.named_parameters() if "spotter" in n]
    assert len(spotters) == 9
    assert [n for n, p in spotters if p.grad is None or not p.grad.any()] == []


def test_without_classes_there_is_nothing_to_learn_from():
    config = parse_config({"model": {"modalities": ["face"], "learned_hotspots": ["face"]}})
    with pytest.raises(ConfigError, match="hotspots of face are learned from classes"):
        build_model(config.model, {"face": 5}, {"intensity": 1})


def test_it_tells_moved_turns_from_others_by_labels_alone():
    """Half of a moved turn is moved, and nothing says which half; other turns are at rest."""
    generator = torch.Generator().manual_seed(0)
    classes = torch.randint(3, (400,), generator=generator)
    content = torch.randn(400, 30, 6, generator=generator)
    moved = torch.zeros(400, 30, dtype=torch.bool)
    for row, first in enumerate(torch.randint(15, (400,), generator=generator).tolist()):
        if classes[row]:
            moved[row, first : first + 15] = True
            content[row, first : first + 15, classes[row]] += 1.5
    mask = torch.ones(400, 30, dtype=torch.bool)
    torch.manual_seed(1)
    module = LearnedMoments(6, 16, {"emotion": 3}, share=0.5).train()
    module.set_classes("emotion", torch.full((3,), 1 / 3), resting=0)
    optimizer = torch.optim.Adam(module.parameters(), lr=5e-3)
    target = Target(classes[:300], torch.ones(300, dtype=torch.bool), "single")
    for _ in range(60):
        loss = against_rest_loss(module(content[:300], mask[:300]).answers["emotion"], target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        scores = module.eval()(content[300:], mask[300:]).scores
    inside, outside = scores[moved[300:]], scores[~moved[300:]]
    assert float((inside.unsqueeze(1) > outside).float().mean()) > 0.85
