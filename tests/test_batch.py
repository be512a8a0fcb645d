"""Padding, masks, times and scores of a batch, against the conversations it came from."""

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
import torch

from emospot.batch import NOMINAL_TOKEN_SECONDS, Example, collate
from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.emotions import LabelSet, Task, emotion_task
from emospot.errors import UsageError

LABELS = LabelSet("two", ("calm", "loud"))
DIMS = {"words": 3, "voice": 2}


@pytest.fixture
def examples() -> list[Example]:
    first = Conversation(
        "first",
        (
            Utterance("u0", "Ann", 10.0, 12.0, label="loud"),
            Utterance("u1", "Bob", label="calm"),
            Utterance("u2", "Ann", 14.0, 15.0),
        ),
    )
    second = Conversation("second", (Utterance("v0", "Zoe", 0.0, 1.0, label="calm"),))
    timed = Tokens(np.ones((2, 3), dtype=np.float16), times=np.array([[10.0, 11.0], [11.0, 12.0]]))
    untimed = Tokens(np.full((3, 3), 2, dtype=np.float16))
    pooled = Tokens(np.full((1, 2), 5, dtype=np.float32))
    return [
        Example(
            first,
            {"words": [timed, untimed, None], "voice": [None, pooled, pooled]},
            [
                [Hotspot("words", 11.5, 11.8, 0.6, "test")],
                [],
                [Hotspot("voice", 14, 15, 0.9, "t")],
            ],
        ),
        Example(second, {"words": [untimed]}),
    ]


def test_values_masks_and_presence(examples: list[Example]) -> None:
    batch = collate(examples, DIMS, LABELS)
    words, voice = batch.modalities["words"], batch.modalities["voice"]
    assert words.values.shape == (2, 3, 3, 3)
    assert words.values.dtype == torch.float16, "the precision of the features is kept"
    assert voice.values.dtype == torch.float32
    assert words.mask.sum(dim=-1).tolist() == [[2, 3, 0], [3, 0, 0]]
    assert (words.values[0, 1] == 2).all()
    assert (words.values[~words.mask] == 0).all()
    assert batch.mask.tolist() == [[True, True, True], [True, False, False]]
    assert batch.present.tolist() == [
        [[True, False], [True, True], [False, True]],
        [[True, False], [False, False], [False, False]],
    ]
    assert batch.speakers[0].tolist() == [0, 1, 0]
    assert batch.ids == (
        (("first", "u0"), ("first", "u1"), ("first", "u2")),
        (("second", "v0"),),
    )


def test_times_count_from_the_start_of_the_utterance(examples: list[Example]) -> None:
    batch = collate(examples, DIMS)
    times = batch.modalities["words"].times
    assert times[0, 0, :2].tolist() == [0.5, 1.5]
    steps = (np.arange(3) + 0.5) * NOMINAL_TOKEN_SECONDS
    assert np.allclose(times[0, 1], steps)
    assert batch.times[0, 0].tolist() == [10.0, 12.0]
    assert batch.times[0, 1].isnan().all()


def test_scores_go_to_the_tokens_under_a_hotspot(examples: list[Example]) -> None:
    batch = collate(examples, DIMS)
    assert torch.allclose(batch.modalities["words"].scores[0, 0], torch.tensor([0.0, 0.6, 0.0]))
    assert batch.modalities["voice"].scores[0].flatten().tolist() == pytest.approx([0, 0, 0.9])
    assert not batch.modalities["words"].scores[1].any()


def test_targets_only_where_there_is_a_label(examples: list[Example]) -> None:
    target = collate(examples, DIMS, LABELS).targets["emotion"]
    assert target.mask.tolist() == [[True, True, False], [True, False, False]]
    assert target.values[target.mask].tolist() == [1, 0, 0]
    assert collate(examples, DIMS).targets == {}


def test_a_foreign_label_is_refused(examples: list[Example]) -> None:
    with pytest.raises(UsageError, match='"loud" is not in the label set one'):
        collate(examples, DIMS, LabelSet("one", ("calm",)))


def test_no_conversation_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one conversation"):
        collate([], DIMS)


def test_a_batch_moves_whole(examples: list[Example]) -> None:
    moved = collate(examples, DIMS, LABELS).to("meta")

    def devices(value: object) -> set[str]:
        if isinstance(value, torch.Tensor):
            return {value.device.type}
        if isinstance(value, dict):
            return set().union(*(devices(item) for item in value.values()))
        if is_dataclass(value):
            return set().union(*(devices(getattr(value, f.name)) for f in fields(value)))
        return set()

    assert devices(moved) == {"meta"}


def test_targets_of_every_kind_of_task(examples: list[Example]) -> None:
    rated = [
        replace(u, targets=targets)
        for u, targets in zip(
            examples[0].conversation.utterances,
            ({"joy": 0.0, "fear": 1.2}, {"joy": 2.0}, {"joy": 3.0, "fear": 0.0}),
            strict=True,
        )
    ]
    first = replace(
        examples[0], conversation=replace(examples[0].conversation, utterances=tuple(rated))
    )
    tasks = (
        Task("joy", "number", ("joy",), center=1.0, scale=2.0),
        Task("joy+fear", "several", ("joy", "fear")),
        Task("much", "single", ("no", "yes"), source="joy", rule="not_negative"),
        emotion_task(LABELS),
    )
    targets = collate([first, examples[1]], DIMS, tasks=tasks).to("cpu").targets
    assert list(targets) == [task.name for task in tasks], "the main task stays first"
    assert [t.kind for t in targets.values()] == ["number", "several", "single", "single"]
    assert targets["joy"].values[0].tolist() == [[-0.5], [0.5], [1.0]]
    assert targets["joy"].mask.tolist() == [[True, True, True], [False, False, False]]
    assert targets["joy+fear"].values[0, [0, 2]].tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert targets["joy+fear"].mask[0].tolist() == [True, False, True], "all must be known"
    assert targets["much"].values[0].tolist() == [1, 1, 1]
    assert targets["much"].values.dtype == torch.long
    assert targets["emotion"].mask.tolist() == [[True, True, False], [True, False, False]]
