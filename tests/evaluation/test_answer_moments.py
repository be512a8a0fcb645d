"""From which tokens an answer comes, against the exact posterior of planted conversations."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from emospot.batch import ConversationBatch, Example
from emospot.conversation import Hotspot, Tokens
from emospot.conversation.planted import PlantedWorld, draw
from emospot.corpora.planted import as_conversation
from emospot.evaluation.answer_moments import (
    found_marks,
    hotspot_scores,
    strongest_span,
    token_strengths,
)
from emospot.evaluation.planted_posterior import posterior

WORLD = PlantedWorld(
    modalities=("words",), emotions=3, groups=3, styles=1, lag=0, tokens=10, distractors=0.0,
    stay=0.0, catch=0.0, turns=(3, 6), strength=1.5,
)  # fmt: skip


class _Exact(torch.nn.Module):
    """The log of the likelihoods of a world with one modality and nothing to confuse."""

    modalities = ("words",)

    def __init__(self, world: PlantedWorld) -> None:
        super().__init__()
        directions = torch.from_numpy(world.directions[0]).float()
        self.register_buffer("along", directions[torch.from_numpy(world.group_table[0])])
        self.world = world

    def forward(self, batch: ConversationBatch) -> SimpleNamespace:
        x = batch.modalities["words"].values
        along = torch.einsum("butd,kd->bukt", x, self.along)
        evidence = (self.world.strength * along).unfold(-1, self.world.length, 1).sum(dim=-1)
        return SimpleNamespace(reading={}, logits={"emotion": evidence.logsumexp(dim=-1)})


class _Reads(_Exact):
    """Says itself where it reads: the last token."""

    def forward(self, batch: ConversationBatch) -> SimpleNamespace:
        shares = torch.zeros_like(batch.modalities["words"].scores)
        shares[..., -1] = 1.0
        return SimpleNamespace(reading={"words": shares}, logits=super().forward(batch).logits)


class _Nothing(_Exact):
    def forward(self, batch: ConversationBatch) -> SimpleNamespace:
        return SimpleNamespace(reading={}, logits={"emotion": torch.zeros(*batch.mask.shape, 3)})


def _model(module: torch.nn.Module) -> SimpleNamespace:
    card = SimpleNamespace(
        features={"words": SimpleNamespace(dim=WORLD.dim)},
        main=SimpleNamespace(name="emotion", kind="single"),
    )
    return SimpleNamespace(recognizer=module, card=card, config=SimpleNamespace())


def _examples(count: int) -> tuple[list[Example], list]:
    dialogues = list(draw(WORLD, count, seed=3))
    made = [as_conversation(WORLD, dialogue) for dialogue in dialogues]
    return [Example(one.conversation, one.tokens, one.marked) for one in made], dialogues


def test_of_the_exact_posterior_they_are_where_the_burst_likely_is() -> None:
    examples, dialogues = _examples(40)
    strengths = token_strengths(_model(_Exact(WORLD)), examples)
    for own, dialogue in zip(strengths, dialogues, strict=True):
        known = posterior(WORLD, dialogue)
        # Seen from the answer alone, which is not the mean over the emotions.
        sure = known.emotions.max(axis=1) > 0.999
        for u in np.flatnonzero(sure):
            covered = np.convolve(known.starts[u, 0], np.ones(WORLD.length))
            along = dialogue.values[u, 0] @ WORLD.directions[0, dialogue.groups[u, 0]]
            expected = covered * along
            assert np.corrcoef(own["words"][u], expected)[0, 1] > 0.8
    hits, asked = found_marks(strengths, examples).sum(axis=0)
    at_best = np.concatenate(
        [
            np.abs(posterior(WORLD, d).starts[:, 0].argmax(axis=1) - d.starts[:, 0]) <= 1
            for d in dialogues
        ]
    )
    assert asked == sum(len(d) for d in dialogues)
    assert hits / asked == pytest.approx(at_best.mean(), abs=0.05)
    # A model that looks elsewhere finds fewer.
    elsewhere = [{"words": own["words"][:, ::-1]} for own in strengths]
    assert found_marks(elsewhere, examples).sum(axis=0)[0] < 0.6 * hits


def test_a_model_that_says_where_it_reads_is_believed() -> None:
    examples, _ = _examples(2)
    for own in token_strengths(_model(_Reads(WORLD)), examples):
        assert (own["words"][:, :-1] == 0).all()
        assert (own["words"][:, -1] == 1).all()


def test_a_token_does_not_answer_for_other_utterances() -> None:
    class Neighbours(_Exact):
        """Every utterance also hears the one before."""

        def forward(self, batch: ConversationBatch) -> SimpleNamespace:
            own = super().forward(batch).logits["emotion"]
            before = torch.cat([torch.zeros_like(own[:, :1]), own[:, :-1]], dim=1)
            return SimpleNamespace(reading={}, logits={"emotion": own + self.share * before})

    examples, _ = _examples(3)
    model = Neighbours(WORLD)
    model.share = 0.0
    alone = token_strengths(_model(model), examples)
    model.share = 1e-4  # so little that no answer changes
    together = token_strengths(_model(model), examples)
    for one, other in zip(alone, together, strict=True):
        assert np.allclose(one["words"], other["words"], rtol=1e-3, atol=1e-4)
    model.share = 50.0
    loud = token_strengths(_model(model), examples)
    # The first utterance is heard by the second, fifty times as loud: that is not its answer.
    assert np.allclose(loud[0]["words"][0], alone[0]["words"][0], atol=1e-4)


def test_only_utterances_with_one_mark_are_asked_about() -> None:
    examples, _ = _examples(1)
    strengths = [{"words": np.ones((len(examples[0].hotspots), WORLD.tokens), np.float32)}]
    marks = [list(own) for own in examples[0].hotspots]
    assert found_marks(strengths, examples)[0, 1] == len(marks)
    first = marks[0][0]
    marks[0].append(first)
    marks[1] = [Hotspot("words", 1e6, 1e6 + 1, 1.0, "planted")]  # over no token
    marks[2] = []
    changed = Example(examples[0].conversation, examples[0].tokens, marks)
    assert found_marks(strengths, [changed])[0, 1] == len(marks) - 3
    absent = {"words": (None,) * len(marks)}
    gone = Example(examples[0].conversation, absent, examples[0].hotspots)
    assert found_marks(strengths, [gone])[0].tolist() == [0, 0]


def test_the_strongest_span_is_central_where_spans_are_equal() -> None:
    assert strongest_span(np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0]), 3) == 2
    assert strongest_span(np.array([5.0, 0.0, 0.0, 3.0, 3.0, 0.0]), 2) == 3
    assert strongest_span(np.array([1.0, 2.0]), 2) == 0


@pytest.mark.parametrize(
    ("detector", "module", "kind", "there"),
    [
        ("marks:corpus", _Exact(WORLD), "single", True),
        ("lexicon", _Exact(WORLD), "single", False),
        ("marks:corpus", _Nothing(WORLD), "single", False),
        ("marks:corpus", _Exact(WORLD), "number", False),
    ],
)
def test_scores_where_there_is_something_to_find(
    detector: str, module: torch.nn.Module, kind: str, there: bool
) -> None:
    examples, _ = _examples(3)
    model = _model(module)
    model.card.main.kind = kind
    scores = hotspot_scores(model, examples, SimpleNamespace(detectors={"words": detector}))
    assert set(scores) == ({"hotspot_f1"} if there else set())


def test_padding_has_no_strength() -> None:
    examples, _ = _examples(2)
    short = {"words": tuple(_cut(t, 6) for t in examples[0].tokens["words"])}
    examples[0] = Example(examples[0].conversation, short, examples[0].hotspots)
    strengths: list[Mapping[str, Tensor]] = token_strengths(_model(_Exact(WORLD)), examples)
    assert (strengths[0]["words"][:, 6:] == 0).all()
    assert (strengths[1]["words"] != 0).all()


def _cut(tokens: Tokens, count: int) -> Tokens:
    return Tokens(tokens.values[:count], tokens.times[:count])
