"""Learned hotspots: their properties alone, in the recognizer, and on planted moments."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from emospot.batch import collate
from emospot.config import TrainingConfig, parse_config
from emospot.errors import ConfigError
from emospot.model.learned_hotspots import LearnedHotspots, marks_loss, several
from emospot.training.losses import total_loss

from .conftest import LABELS, marked_once, masked

TWO = {"words": 6, "voice": 5}


def spotter():
    torch.manual_seed(0)
    return LearnedHotspots(6, 8, {"emotion": 3}, share=0.25)


def test_scores_lie_between_0_and_1_and_are_0_on_padding_and_single_tokens():
    content, mask = masked([5, 3, 1, 0])
    for module in (spotter().eval(), spotter().train()):
        found = module(content, mask)
        assert (found.scores >= 0).all()
        assert (found.scores <= 1).all()
        assert not found.scores[~several(mask)].any()
        assert several(mask).sum() == 8
        assert found.answers["emotion"].shape == (4, 3)
        assert found.answers["emotion"].isfinite().all()


def test_padding_changes_nothing():
    module = spotter().eval()
    content, mask = masked([4])
    padded = F.pad(content, (0, 0, 0, 7)), F.pad(mask, (0, 7))
    short, long = module(content, mask), module(*padded)
    assert torch.allclose(short.scores, long.scores[:, :4], atol=1e-6)
    assert torch.allclose(short.answers["emotion"], long.answers["emotion"], atol=1e-6)


def test_before_training_scores_are_near_the_share():
    content, mask = masked([30] * 20)
    assert float(spotter().eval()(content, mask).scores.mean()) == pytest.approx(0.25, abs=0.08)


def test_the_length_loss_by_hand():
    module = spotter()
    scores = torch.tensor([0.5, 0.5, 0.5, 0.0])
    counted = torch.tensor([True, True, True, False])
    assert float(module.length_loss(scores, counted)) == pytest.approx((0.5 - 0.25) ** 2)
    assert float(module.length_loss(torch.zeros(4), torch.zeros(4, dtype=torch.bool))) == 0.0


def test_marks_by_hand():
    scores = torch.tensor([0.9, 0.2, torch.nan])
    marks, known = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([True, True, False])
    expected = -(math.log(0.9) + math.log(0.8)) / 2
    assert float(marks_loss(scores, marks, known)) == pytest.approx(expected, abs=1e-5)
    assert float(marks_loss(scores, marks, torch.zeros(3, dtype=torch.bool))) == 0.0


def test_marks_teach_the_words_of_their_utterance(make_example, make_recognizer):
    """An utterance without a mark may be one that nobody has looked at."""
    model = make_recognizer(TWO, learned_hotspots=("words",))
    only, marked = marked_once(make_example("a", 6, TWO, longest=9), "words")
    output = model(batch := collate([only], TWO, LABELS))
    tensors = batch.modalities["words"]
    own = tensors.mask[0, marked]
    scores, marks = output.hotspots["words"][0, marked][own], tensors.scores[0, marked][own]
    expected = F.binary_cross_entropy(scores.clamp(1e-6, 1 - 1e-6), marks)
    assert float(output.losses["hotspot_marks"]) == pytest.approx(float(expected), rel=1e-4)


def test_marks_without_learned_hotspots_teach_nothing():
    with pytest.raises(ConfigError, match="marks_weight teaches learned hotspots, and there are"):
        parse_config({"training": {"marks_weight": 1.0}})


def test_in_the_recognizer(make_example, make_recognizer):
    model = make_recognizer(TWO, learned_hotspots=("words",))
    examples = [make_example("a", 6, TWO), make_example("b", 9, TWO, longest=9)]
    batch = collate(examples, TWO, LABELS)
    output = model(batch)
    assert list(output.hotspots) == ["words"]
    assert output.hotspots["words"].shape == batch.modalities["words"].scores.shape
    assert not output.hotspots["words"][~batch.modalities["words"].mask].any()
    ((answer,),) = output.evidence.values()
    assert answer.shape == output.logits["emotion"].shape
    # What a detector found is not read.
    others = [[[h for h in own if h.modality != "words"] for own in e.hotspots] for e in examples]
    pairs = zip(examples, others, strict=True)
    without = collate([replace(e, hotspots=own) for e, own in pairs], TWO, LABELS)
    plain = make_recognizer(TWO)
    assert torch.equal(output.logits["emotion"], model(without).logits["emotion"])
    assert not torch.equal(plain(batch).logits["emotion"], plain(without).logits["emotion"])
    # Nor does the company change a score.
    alone = model(collate(examples[:1], TWO, LABELS)).hotspots["words"]
    longest = alone.shape[-1]
    assert torch.allclose(alone[0], output.hotspots["words"][0, :6, :longest], atol=1e-5)


def test_gradients_reach_every_parameter(make_example, make_recognizer):
    dims = {"words": 6, "face": 4}
    model = make_recognizer(dims, learned_hotspots=("words",)).train()
    for seed in range(3):
        batch = collate([make_example("a", 8, dims, seed=seed)], dims, LABELS)
        output = model(batch)
        assert output.losses["hotspot_length"].isfinite()
        total_loss(output, batch, TrainingConfig()).backward()
    spotters = [(n, p) for n, p in model.named_parameters() if "spotter" in n]
    assert len(spotters) == 10
    assert [n for n, p in spotters if p.grad is None or not p.grad.any()] == []


def test_off_it_is_not_there(make_recognizer, make_example):
    model = make_recognizer(TWO)
    assert not any("spotter" in name for name, _ in model.named_parameters())
    output = model(collate([make_example("a", 4, TWO)], TWO, LABELS))
    assert (output.hotspots, output.evidence) == ({}, {})
    assert "hotspot_length" not in output.losses


def test_a_modality_that_is_not_there():
    with pytest.raises(ConfigError, match="learned_hotspots names face"):
        parse_config({"model": {"learned_hotspots": ["face"]}})


def test_it_finds_planted_moments_from_labels_alone():
    """One token of 24 tells the class; nothing says which. Its score must stand out."""
    generator = torch.Generator().manual_seed(0)
    classes = torch.randint(3, (600,), generator=generator)
    place = torch.randint(24, (600,), generator=generator)
    content = torch.randn(600, 24, 6, generator=generator)
    content[torch.arange(600), place] += 4.0 * F.one_hot(classes, 6).float()
    mask = torch.ones(600, 24, dtype=torch.bool)
    torch.manual_seed(1)
    module = LearnedHotspots(6, 16, {"emotion": 3}, share=0.1).train()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    for _ in range(150):
        found = module(content[:400], mask[:400])
        loss = F.cross_entropy(found.answers["emotion"], classes[:400])
        loss = loss + module.length_loss(found.scores, mask[:400])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        scores = module.eval()(content[400:], mask[400:]).scores
    right = scores.gather(1, place[400:].unsqueeze(1)).squeeze(1)
    assert float((scores < right.unsqueeze(1)).float().sum(1).mean() / 23) > 0.9
    assert float(scores.mean()) < 0.3
    assert math.isfinite(float(scores.var()))
