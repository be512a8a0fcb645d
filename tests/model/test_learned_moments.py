"""Learned moments: their properties alone, in the recognizer, and on planted moments."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from emospot.batch import Target, collate
from emospot.config import TrainingConfig, parse_config
from emospot.errors import ConfigError
from emospot.model.builder import build_model
from emospot.model.learned_moments import NETWORKS, LearnedMoments, held_against_speaker
from emospot.training.losses import against_rest_loss, total_loss

from .conftest import LABELS, marked_once, masked

TWO = {"words": 6, "face": 5}


def spotter():
    torch.manual_seed(0)
    return LearnedMoments(6, 8, {"emotion": 3}, share=0.25, networks=2)


def test_padding_and_single_tokens():
    module = spotter().eval()
    content, mask = masked([4, 1, 0])
    short = module(content, mask)
    long = module(F.pad(content, (0, 0, 0, 7)), F.pad(mask, (0, 7)))
    assert torch.allclose(short.scores, long.scores[:, :4], atol=1e-6)
    for one, other in zip(short.answers["emotion"], long.answers["emotion"], strict=True):
        assert torch.allclose(one, other, atol=1e-6)
        assert one.isfinite().all()
    assert (short.scores[0] > 0).all()
    assert not short.scores[1:].any()


def test_answers_and_scores_by_hand():
    """Two tokens of seven answer for each class; the resting class makes no hotspot."""
    module = spotter().eval()
    content, mask = masked([7, 3])
    with torch.no_grad():
        found = module(content, mask)
        logits = [by_hand(network, content, mask) for network in module.networks]
    assert not torch.allclose(*logits, atol=0.1)
    for row, length, count in ((0, 7, 2), (1, 3, 1)):
        for number, own in enumerate(logits):
            ranked = own[row, :length].sort(dim=0, descending=True).values
            answer = found.answers["emotion"][number][row]
            assert torch.allclose(answer, ranked[:count].mean(dim=0), atol=1e-6)
        scores = torch.stack([own[row, :length].sigmoid().amax(dim=1) for own in logits])
        assert torch.allclose(found.scores[row, :length], scores.mean(dim=0), atol=1e-6)
    module.set_classes("emotion", torch.tensor([0.05, 0.85, 0.1]), resting=1)
    with torch.no_grad():
        again = module(content, mask)
    # The resting class is asked the other way round: how likely somebody is moved, 15 % usually.
    usual = torch.tensor([0.05, 0.15, 0.1])
    beyond = [((own[0].sigmoid() - usual) / (1 - usual)).clamp(min=0) for own in logits]
    expected = torch.stack(beyond).amax(dim=-1).mean(dim=0)
    assert torch.allclose(again.scores[0], expected, atol=1e-6)
    assert expected.any()
    for before, after in zip(found.answers["emotion"], again.answers["emotion"], strict=True):
        assert torch.allclose(after, before * torch.tensor([1.0, -1.0, 1.0]))


def by_hand(network, content, mask):
    """The logits of one network, written out."""
    h = network.inside(content) * mask.unsqueeze(-1)
    for convolution in network.around:
        around = convolution(h.transpose(1, 2)).transpose(1, 2)
        h = (h + F.gelu(around)) * mask.unsqueeze(-1)
    return network.answers["emotion"](F.gelu(h))


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
    (answers,) = output.against_rest.values()
    assert len(answers) == NETWORKS
    assert {answer.shape for answer in answers} == {output.logits["emotion"].shape}
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
    assert float(output.losses["hotspot_marks"]) == pytest.approx(float(expected), rel=1e-4)
    assert len(marks[known][marks[known] == 0]) > 3
    alone = model(collate([only], TWO, LABELS)).losses["hotspot_marks"]
    assert torch.allclose(alone, output.losses["hotspot_marks"], rtol=1e-4)


def test_gradients_reach_every_parameter(make_example, make_recognizer):
    model = make_recognizer(TWO, learned_hotspots=("face",)).train()
    for seed in range(3):
        batch = collate([make_example("a", 8, TWO, seed=seed)], TWO, LABELS)
        total_loss(model(batch), batch, TrainingConfig(marks_weight=1.0)).backward()
    spotters = [(n, p) for n, p in model.named_parameters() if "spotter" in n]
    assert len(spotters) == 8 * NETWORKS
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
    module = LearnedMoments(6, 16, {"emotion": 3}, share=0.5, networks=1).train()
    module.set_classes("emotion", torch.full((3,), 1 / 3), resting=0)
    optimizer = torch.optim.Adam(module.parameters(), lr=5e-3)
    target = Target(classes[:300], torch.ones(300, dtype=torch.bool), "single")
    for _ in range(60):
        loss = against_rest_loss(*module(content[:300], mask[:300]).answers["emotion"], target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        scores = module.eval()(content[300:], mask[300:]).scores
    inside, outside = scores[moved[300:]], scores[~moved[300:]]
    assert float((inside.unsqueeze(1) > outside).float().mean()) > 0.85
