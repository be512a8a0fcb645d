"""What a training reads of a store: its parts, its tasks and their counts."""

import numpy as np
import pytest

from emospot.batch import Example
from emospot.config import TrainingConfig
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.conversation.build import UNKNOWN_SPEAKER
from emospot.emotions import MOSEI_EMOTIONS, LabelSet, Task, emotion_task
from emospot.errors import StoreError, UsageError
from emospot.training.data import (
    EpochShuffle,
    class_counts,
    input_statistics,
    known_answers,
    learned_tasks,
    load_split,
    transition_counts,
)

LABELS = LabelSet("moods", ("calm", "angry", "glad"))


def _examples(*turns: tuple[str | None, dict[str, float]]) -> list[Example]:
    utterances = tuple(
        Utterance(f"u{i}", "A", label=label, targets=targets)
        for i, (label, targets) in enumerate(turns)
    )
    return [Example(Conversation("one", utterances), {}), Example(Conversation("two", ()), {})]


def test_tasks_know_mean_and_deviation_of_the_training_data() -> None:
    examples = _examples(("calm", {"valence": 2.0, "flat": 4.0}), (None, {"valence": 5.0}))
    emotion, valence, flat = learned_tasks(examples, LABELS, ("emotion", "valence", "flat"))
    assert emotion == emotion_task(LABELS)
    assert (valence.center, valence.scale) == (3.5, 1.5)
    assert (flat.center, flat.scale) == (4.0, 1.0)
    with pytest.raises(UsageError, match='"arousal"'):
        learned_tasks(examples, LABELS, ("arousal",))


def test_counts_of_one_label_and_of_several() -> None:
    examples = _examples(
        ("calm", {"joy": 1.0, "fear": 0.0}),
        ("glad", {"joy": 0.3, "fear": 2.0}),
        (None, {"joy": 1.0}),
    )
    assert class_counts(examples, emotion_task(LABELS)).tolist() == [1.0, 0.0, 1.0]
    several = Task("joy+fear", "several", ("joy", "fear"))
    assert class_counts(examples, several).tolist() == [2.0, 1.0]
    assert len(known_answers(examples, several)) == 2
    assert class_counts([], emotion_task(LABELS)).tolist() == [0.0, 0.0, 0.0]


def test_transitions_are_counted_by_who_speaks_and_past_what_has_no_label() -> None:
    labels = LabelSet("three", ("a", "b", "c"))
    turns = [("x", "a"), ("x", "a"), ("y", None), ("y", "b"), ("x", "c"), ("x", None), ("x", "a")]
    nobody = [Utterance(f"w{i}", UNKNOWN_SPEAKER, label=e) for i, e in enumerate("acc")]
    utterances = tuple(Utterance(f"u{i}", s, label=e) for i, (s, e) in enumerate(turns))
    other = (Utterance("v0", "y", label="b"), Utterance("v1", "y", label="b"))
    examples = [
        Example(Conversation(str(i), tuple(part)), {})
        for i, part in enumerate((utterances, other, nobody))
    ]
    counts = transition_counts(examples, emotion_task(labels))
    expected = np.zeros((3, 3, 3))
    expected[0, 0, 0] = 1  # x goes on: a, a
    expected[1, 0, 1] = 1  # y answers x, past a turn without a label
    expected[1, 1, 2] = 1
    expected[0, 2, 0] = 1  # x goes on, past a turn without a label
    expected[0, 1, 1] = 1
    expected[2, 0, 2] = expected[2, 2, 2] = 1  # who speaks is not known
    assert counts.numpy().tolist() == expected.tolist()


def test_a_split_needs_answers_in_both_parts(make_rated_store, make_store) -> None:
    rated = make_rated_store()
    split = load_split(rated, TrainingConfig(tasks=("mosei_emotions",)))
    assert (len(split.train), len(split.dev)) == (14, 2)
    assert len(known_answers(split.dev, MOSEI_EMOTIONS)) == 22
    with pytest.raises(UsageError, match='"emotion" needs utterances with labels'):
        load_split(rated, TrainingConfig())
    with pytest.raises(UsageError, match='"valence"'):
        load_split(make_store(), TrainingConfig(tasks=("emotion", "valence")))
    unlabelled = make_rated_store(label_set=LABELS)
    with pytest.raises(StoreError, match="no labelled utterance among the training conv"):
        load_split(unlabelled, TrainingConfig())


def test_statistics_are_over_all_tokens_and_a_constant_stays() -> None:
    values = np.array([[1.0, 7.0], [3.0, 7.0], [8.0, 7.0]])
    tokens = [Tokens(values[:1]), None, Tokens(values[1:])]
    mean, deviation = input_statistics(
        [Example(Conversation("a", ()), {"words": tokens})], "words", 2
    )
    assert mean.tolist() == [4.0, 7.0]
    assert deviation.tolist() == pytest.approx([values[:, 0].std(), 1.0])
    mean, deviation = input_statistics([], "words", 2)
    assert (mean.tolist(), deviation.tolist()) == ([0.0, 0.0], [1.0, 1.0])


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    first, second = EpochShuffle(9, 1), EpochShuffle(9, 1)
    assert list(first) == list(second)
    assert sorted(first) == list(range(9))
    second.set_epoch(1)
    assert list(first) != list(second)
    assert len(first) == 9


def test_epochs_that_share_the_conversations_see_each_once() -> None:
    shuffle = EpochShuffle(11, seed=1, parts=3)
    seen = []
    for epoch in range(3):
        shuffle.set_epoch(epoch)
        assert len(list(shuffle)) == len(shuffle) == 3
        seen += list(shuffle)
    assert len(set(seen)) == 9
    shuffle.set_epoch(3)  # once more, in another order
    assert list(shuffle) != seen[:3]
