"""From a store to the batches of an epoch."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from lightning import LightningDataModule
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Sampler

from emospot.batch import ConversationBatch, Example, collate
from emospot.config import TrainingConfig
from emospot.conversation.build import UNKNOWN_SPEAKER
from emospot.emotions import LabelSet, Task, task_named
from emospot.errors import StoreError
from emospot.features.store import FeatureStore, StoredConversation
from emospot.model.emotion_dynamics import RELATIONS, UNKNOWN
from emospot.model.reading import Reading, readings_of
from emospot.model.recording_range import RecordingRange, recording_range
from emospot.training.dev_split import dev_ids
from emospot.training.spread import SharedBatches


@dataclass(frozen=True, slots=True)
class Split:
    """Conversations to learn from and conversations to choose on, which may be none."""

    train: tuple[Example, ...]
    dev: tuple[Example, ...]


def as_example(stored: StoredConversation) -> Example:
    """A stored conversation as the model's input."""
    return Example(stored.conversation, stored.tokens, stored.hotspots)


def load_split(store: FeatureStore, config: TrainingConfig) -> Split:
    """The training and dev conversations of a store; test is never read.

    The store's own dev split is used where it has one; with `dev: none` it is
    learned from too. A store without splits is training data throughout.

    Raises:
        StoreError: if the answer to the main task is known nowhere in a part.
        UsageError: if the store lacks what a task needs.
    """
    name = "train" if "train" in store.splits else "none"
    train = [as_example(c) for c in store.conversations(name if name in store.splits else None)]
    dev: list[Example] = []
    if "dev" in store.splits and config.dev != "first":
        dev = [as_example(c) for c in store.conversations("dev")]
    if config.dev == "none":
        train, dev = train + dev, []
    elif not dev:
        conversations = [e.conversation for e in train]
        held_out = dev_ids(conversations, config.dev, config.dev_fraction, config.dev_seed)
        dev = [e for e in train if e.conversation.id in held_out]
        train = [e for e in train if e.conversation.id not in held_out]
    for part, examples in (("training", train), ("dev", dev)):
        main = learned_tasks(train, store.label_set, config.tasks)[0]
        if examples and len(known_answers(examples, main)) == 0:
            needed = ", ".join(main.targets)
            what = f"utterance with {needed}" if needed else "labelled utterance"
            raise StoreError(f"no {what} among the {part} conversations of {store.path}")
    return Split(tuple(train), tuple(dev))


def learned_tasks(
    examples: Sequence[Example], labels: LabelSet, names: Sequence[str]
) -> tuple[Task, ...]:
    """The tasks of those names over training data, the main one first.

    Args:
        examples: the training conversations; mean and deviation of a number
            are taken from them.
        labels: the store's label set.
        names: see `emotions.task_named`.

    Raises:
        UsageError: if the data lack what a task needs.
    """
    utterances = [u for example in examples for u in example.conversation.utterances]
    targets = {name for utterance in utterances for name in utterance.targets}
    found = []
    for name in names:
        task = task_named(name, labels, targets)
        if task.kind == "number":
            values = known_answers(examples, task).numpy()
            # A constant stays as it is instead of being blown up.
            scale = float(values.std()) if np.ptp(values) > 0 else 1.0
            task = replace(task, center=float(values.mean()), scale=scale)
        found.append(task)
    return tuple(found)


def known_answers(examples: Sequence[Example], task: Task) -> torch.Tensor:
    """What is known of a task, shape (N, K) or, of a single label, (N, 1), double."""
    answers = [
        task.answer(utterance.label, utterance.targets)
        for example in examples
        for utterance in example.conversation.utterances
    ]
    known = [answer for answer in answers if answer is not None]
    return torch.tensor(known, dtype=torch.double)


def class_counts(examples: Sequence[Example], task: Task) -> torch.Tensor:
    """How many utterances carry each label.

    Args:
        examples: the training conversations.
        task: of one label or of several.

    Returns:
        Shape (C,), float.
    """
    answers = known_answers(examples, task)
    if task.kind == "several":
        return answers.sum(dim=0).float().reshape(-1)
    return torch.bincount(answers.flatten().long(), minlength=len(task.outputs)).float()


def transition_counts(examples: Sequence[Example], task: Task) -> torch.Tensor:
    """How often one class followed another, shape (3, C, C).

    Args:
        examples: the training conversations; utterances whose class is not known
            are passed over.
        task: of one label.

    Returns:
        Relation (see `model.emotion_dynamics`) × class before × class after, float.
    """
    counts = torch.zeros(RELATIONS, len(task.outputs), len(task.outputs))
    for example in examples:
        told = [
            (utterance.speaker, int(answer[0]))
            for utterance in example.conversation.utterances
            if (answer := task.answer(utterance.label, utterance.targets)) is not None
        ]
        for (speaker, before), (next_speaker, after) in pairwise(told):
            known = UNKNOWN_SPEAKER not in (speaker, next_speaker)
            counts[int(speaker != next_speaker) if known else UNKNOWN, before, after] += 1
    return counts


def readings(
    examples: Sequence[Example], dims: Mapping[str, int], task: Task
) -> tuple[list[Reading], list[np.ndarray]]:
    """What a kernel reader learns from: conversations, and the answers to a single label.

    Args:
        examples: the conversations.
        dims: modality → numbers a token.
        task: what is asked.
    """
    read, answers = [], []
    for example in examples:
        batch = collate([example], dims, tasks=[task])
        target = batch.targets[task.name]
        read += readings_of(batch)
        known = target.values.masked_fill(~target.mask, -1)
        answers.append(known[0, : len(example.conversation.utterances)].numpy())
    return read, answers


def input_statistics(
    examples: Sequence[Example], modality: str, dim: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of a modality's features over all tokens, shape (d,).

    0 and 1 where there is no token; a constant column stays as it is instead of being blown up.
    """
    mean, deviation = token_statistics(examples, modality, dim)
    deviation = np.where(deviation < 1e-4, 1.0, deviation)
    return torch.from_numpy(mean).float(), torch.from_numpy(deviation).float()


def token_statistics(
    examples: Sequence[Example], modality: str, dim: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation over all tokens of a modality, shape (d,); 0 without any."""
    count, total, square = 0, np.zeros(dim), np.zeros(dim)
    for example in examples:
        for tokens in example.tokens.get(modality, ()):
            if tokens is not None:
                values = tokens.values.astype(np.float64)
                count += len(values)
                total += values.sum(axis=0)
                square += (values**2).sum(axis=0)
    mean = total / max(1, count)
    return mean, np.sqrt(np.maximum(square / max(1, count) - mean**2, 0.0))


def recording_ranges(
    examples: Sequence[Example], modalities: Collection[str]
) -> dict[str, RecordingRange]:
    """The range of each modality's vectors over the recordings; none where they are few.

    Args:
        examples: the training conversations.
        modalities: those with one vector an utterance.
    """
    found = {}
    for modality in modalities:
        vectors = [
            [t.values for t in e.tokens.get(modality, ()) if t is not None] for e in examples
        ]
        own = recording_range([np.concatenate(v) for v in vectors if v])
        if own is not None:
            found[modality] = own
    return found


class EpochShuffle(Sampler[int]):
    """A permutation that depends on seed and epoch alone, so that a resumed run repeats it.

    Args:
        count: of the conversations.
        seed: of the shuffling.
        parts: epochs that share the conversations, so that each is seen once; 1: every
            epoch sees all.
    """

    def __init__(self, count: int, seed: int, parts: int = 1) -> None:
        self.count = count
        self.seed = seed
        self.parts = parts
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count // self.parts

    def __iter__(self) -> Iterator[int]:
        whole, part = divmod(self.epoch, self.parts)
        order = np.random.default_rng((self.seed, whole)).permutation(self.count)
        first = part * len(self)
        yield from order[first : first + len(self)].tolist()


class ConversationData(LightningDataModule):
    """Batches of whole conversations.

    Args:
        split: what to learn from and to choose on.
        dims: modality → numbers a token, in the order of the model.
        tasks: what is learned, the main task first.
        batch_size: conversations a batch.
        seed: of the shuffling.
        parts: epochs that share the training conversations, see `EpochShuffle`.
    """

    def __init__(
        self,
        split: Split,
        dims: dict[str, int],
        tasks: Sequence[Task],
        batch_size: int,
        seed: int,
        parts: int = 1,
    ) -> None:
        super().__init__()
        self.parts = parts
        self.split = split
        self.dims = dims
        self.tasks = tuple(tasks)
        self.batch_size = batch_size
        self.seed = seed

    def _place(self) -> tuple[int, int]:
        """Which process this is, and of how many."""
        trainer = self.trainer
        return (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)

    def _collate(self, examples: Sequence[Example]) -> ConversationBatch:
        return collate(examples, self.dims, tasks=self.tasks)

    def train_dataloader(self) -> DataLoader[Example]:
        """This process's share of the training conversations, shuffled by seed and epoch."""
        return DataLoader(
            self.split.train,  # type: ignore[arg-type]
            batch_sampler=SharedBatches(
                EpochShuffle(len(self.split.train), self.seed, self.parts),
                self.batch_size,
                *self._place(),
            ),
            collate_fn=self._collate,
        )

    def val_dataloader(self) -> DataLoader[Example] | tuple[()]:
        """All dev conversations in every process, by length; nothing where there are none."""
        if not self.split.dev:
            return ()
        by_length = sorted(self.split.dev, key=lambda e: len(e.conversation.utterances))
        return DataLoader(
            by_length,  # type: ignore[arg-type]
            batch_size=self.batch_size,
            collate_fn=self._collate,
        )
