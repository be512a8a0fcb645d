"""Lags of speakers against loops written out, and what is read by them."""

from collections.abc import Callable

import pytest
import torch

from emospot.batch import ConversationBatch, Example, collate
from emospot.config import parse_config
from emospot.errors import ConfigError
from emospot.model.recognizer import Recognizer
from emospot.model.row_groups import RowGroup
from emospot.model.speaker_lags import EPSILON, STEP, SpeakerLags

D = 4
PAIR = ("words", "face")


def _group(random: torch.Generator, rows: list[int], T: int, S: int) -> RowGroup:
    group = RowGroup(torch.tensor(rows))
    for m, count in (("words", T), ("face", S)):
        times = torch.rand(len(rows), count, generator=random).cumsum(dim=1)
        group.times[m] = times
        group.x[m] = torch.randn(len(rows), count, D, generator=random)
        group.mask[m] = torch.ones(len(rows), count, dtype=torch.bool)
    group.mask["face"][0, -1] = False
    return group


def _batch(speakers: list[int], named: list[bool], count: int) -> ConversationBatch:
    """One conversation of as many turns as speakers are given, of which `count` are there."""
    U = len(speakers)
    mask = (torch.arange(U) < count).unsqueeze(0)
    return ConversationBatch(
        modalities={},
        present=mask.unsqueeze(-1).expand(-1, -1, 2),
        mask=mask,
        speakers=torch.tensor([speakers]),
        times=torch.zeros(1, U, 2),
        word_counts=torch.zeros(1, U),
        named=torch.tensor([named]),
        ids=(),
        texts=(),
        targets={},
    )


def _distances(group: RowGroup, row: int, weights: dict[str, torch.Tensor], lags: list[float]):
    """What the docstring says, in loops."""
    found = [0.0] * len(lags)
    for t, before in enumerate(group.times["words"][row].tolist()):
        for s, after in enumerate(group.times["face"][row].tolist()):
            for place, lag in enumerate(lags):
                near = max(0.0, 1 - abs(after - before - lag) / STEP)
                own = weights["words"][row, t] * weights["face"][row, s]
                found[place] += near * float(own)
    return torch.tensor(found)


@pytest.mark.parametrize("causal", [False, True])
def test_lags_are_summed_over_the_turns_of_a_speaker(causal: bool) -> None:
    random = torch.Generator().manual_seed(0)
    lags = SpeakerLags(PAIR, D, 1.0, causal=causal)
    assert lags.lags.tolist() == [STEP * n for n in range(-4, 5)]
    # Rows in two groups and not in order; the last turn is padding.
    groups = [_group(random, [3, 0], 5, 3), _group(random, [1, 4, 2], 2, 6)]
    batch = _batch([0, 1, 0, 1, 0, 0], [True] * 4 + [False, True], 5)
    weights = {
        m: [torch.rand(group.mask[m].shape, generator=random) for group in groups] for m in PAIR
    }
    (found,) = lags(groups, weights, batch).values()
    assert found.shape == (1, 6, 9)
    own = {}
    for number, group in enumerate(groups):
        for row, turn in enumerate(group.rows.tolist()):
            here = {m: weights[m][number] for m in PAIR}
            own[turn] = _distances(group, row, here, lags.lags.tolist())
    # The fifth turn is of somebody who is not named: it stands for itself, and for nobody else.
    turns = {0: [0, 2], 1: [1, 3], 2: [0, 2], 3: [1, 3], 4: [4]}
    for turn, all_of_them in turns.items():
        heard = [u for u in all_of_them if not causal or u <= turn]
        total = torch.stack([own[u] for u in heard]).sum(dim=0)
        share = total / total.sum()
        expected = torch.softmax(lags.sharpness.exp() * (share + EPSILON).log(), dim=0)
        assert torch.allclose(found[0, turn], expected, atol=1e-5)


def test_what_is_shown_at_a_certain_lag_is_read_there() -> None:
    lags = SpeakerLags(PAIR, D, 1.0, causal=False)
    group = RowGroup(torch.tensor([0]))
    for m in PAIR:
        group.times[m] = STEP * torch.arange(8.0).unsqueeze(0)
        group.x[m] = torch.randn(1, 8, D)
        group.mask[m] = torch.ones(1, 8, dtype=torch.bool)
    group.mask["face"][0, 7] = False
    # The face comes three steps after the words.
    certain = torch.zeros(1, 9)
    certain[0, 4 + 3] = 1.0
    of_words, of_face = (lags.read(group, {"words to face": certain}, m) for m in PAIR)
    face, words = lags.norms["face"](group.x["face"]), lags.norms["words"](group.x["words"])
    assert torch.allclose(of_words[0, :4], face[0, 3:7], atol=1e-5)
    # Beyond the end, and where nothing is, there is nothing.
    assert torch.allclose(of_words[0, 4:], torch.zeros(4, D), atol=1e-5)
    assert torch.allclose(of_face[0, 3:], words[0, :5], atol=1e-5)
    assert torch.allclose(of_face[0, :3], torch.zeros(3, D), atol=1e-5)
    # Denser tokens are averaged, not added up.
    group.times["face"] = group.times["face"] / 8
    spread = lags.read(group, {"words to face": torch.full((1, 9), 1 / 9)}, "words")
    assert spread.abs().max() <= face.abs().max() + 1e-5


def test_what_a_speaker_does_in_one_turn_helps_in_another(
    make_example: Callable[..., Example], make_recognizer: Callable[..., Recognizer]
) -> None:
    dims = {"words": 6, "face": 4}
    settings = {
        "memory_reads": "moment", "second_reading": True, "lag_start": 2.0, "graph": False,
        "context": "none", "speaker_lags": True,
    }  # fmt: skip
    model = make_recognizer(dims, **settings)
    example = make_example("a", 12, dims, speakers=2, missing=0.0, longest=9)
    speakers = [u.speaker for u in example.conversation.utterances]
    same = [u for u, who in enumerate(speakers) if who == speakers[0]]
    other = [u for u, who in enumerate(speakers) if who != speakers[0]]
    assert len(same) > 1
    assert other

    def answer(*changed: int) -> torch.Tensor:
        batch = collate([example], dims)
        batch.modalities["face"].values[0, list(changed)] *= -9.0
        with torch.no_grad():
            return model(batch).beside["emotion"][2][0, same[0]]

    batch = collate([example], dims)
    with torch.no_grad():
        before = model(batch).beside["emotion"][2][0, same[0]]
    assert torch.allclose(answer(*other), before, atol=1e-6)
    assert not torch.allclose(answer(*same[1:]), before, atol=1e-5)


def test_lags_need_two_readings() -> None:
    with pytest.raises(ConfigError, match="speaker_lags"):
        parse_config({"model": {"speaker_lags": True}})
