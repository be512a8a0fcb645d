"""`ConversationBatch`: conversations as padded tensors with masks.

B conversations, U utterances, T tokens, M modalities, d numbers a token. The
features keep the precision of the store (half, usually); the model casts what it
reads. Where token times are unknown they count up by a nominal step, so that a
bare text has positions too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emospot.conversation import WORDS, Conversation, Hotspot, Tokens, Utterance
from emospot.conversation.build import UNKNOWN_SPEAKER
from emospot.emotions import LabelSet, Task, TaskKind, emotion_task
from emospot.errors import UsageError
from emospot.hotspots.tokens import token_scores

NOMINAL_TOKEN_SECONDS = 0.3
"""Step between tokens whose times are unknown: about the length of a word piece."""


@dataclass(frozen=True, slots=True)
class ModalityTensors:
    """One modality of a batch.

    Args:
        values: features, shape (B, U, T, d).
        times: middle of each token in seconds from the utterance's start,
            shape (B, U, T).
        scores: hotspot scores in [0, 1], shape (B, U, T).
        mask: which tokens are there, shape (B, U, T); always a prefix.
    """

    values: Tensor
    times: Tensor
    scores: Tensor
    mask: Tensor

    def to(self, device: torch.device | str) -> "ModalityTensors":
        """The same tensors on another device."""
        return ModalityTensors(
            self.values.to(device),
            self.times.to(device),
            self.scores.to(device),
            self.mask.to(device),
        )


@dataclass(frozen=True, slots=True)
class Target:
    """What one head is to say.

    Args:
        values: "single": index of the label, shape (B, U), long; "several": 0 or
            1 for each of K labels, shape (B, U, K); "number": the number less its
            mean in units of its deviation, see `Task`, shape (B, U, 1).
        mask: where it is known, shape (B, U).
        kind: of the task.
    """

    values: Tensor
    mask: Tensor
    kind: TaskKind = "single"

    def to(self, device: torch.device | str) -> "Target":
        """The same target on another device."""
        return Target(self.values.to(device), self.mask.to(device), self.kind)


@dataclass(frozen=True, slots=True)
class ConversationBatch:
    """Conversations ready for the model.

    Args:
        modalities: name → tensors, in the order of the configuration.
        present: which utterance has which modality, shape (B, U, M).
        mask: which utterances are there, shape (B, U); always a prefix.
        times: start and end of each utterance in seconds, NaN where unknown,
            shape (B, U, 2).
        word_counts: words of each utterance's text, shape (B, U).
        speakers: index of the speaker within the conversation, shape (B, U).
        named: whether the source says who speaks, shape (B, U); several people may
            hide behind one index where it does not.
        ids: conversation and utterance ids of each valid utterance, by row.
        texts: of each conversation what may be read of its utterances (`text_read`),
            by row.
        targets: task → target, the main task first.
    """

    modalities: Mapping[str, ModalityTensors]
    present: Tensor
    mask: Tensor
    times: Tensor
    word_counts: Tensor
    speakers: Tensor
    named: Tensor
    ids: tuple[tuple[tuple[str, str], ...], ...]
    texts: tuple[tuple[str, ...], ...]
    targets: Mapping[str, Target]

    def to(self, device: torch.device | str) -> "ConversationBatch":
        """The same batch on another device."""
        return ConversationBatch(
            modalities={m: t.to(device) for m, t in self.modalities.items()},
            present=self.present.to(device),
            mask=self.mask.to(device),
            times=self.times.to(device),
            word_counts=self.word_counts.to(device),
            speakers=self.speakers.to(device),
            named=self.named.to(device),
            ids=self.ids,
            texts=self.texts,
            targets={head: t.to(device) for head, t in self.targets.items()},
        )


@dataclass(frozen=True, slots=True)
class Example:
    """One conversation before batching.

    Args:
        conversation: its utterances.
        tokens: modality → tokens of each utterance, None where absent.
        hotspots: hotspots of each utterance, of all modalities.
    """

    conversation: Conversation
    tokens: Mapping[str, Sequence[Tokens | None]]
    hotspots: Sequence[Sequence[Hotspot]] = ()


def collate(
    examples: Sequence[Example],
    modalities: Mapping[str, int],
    labels: LabelSet | None = None,
    *,
    tasks: Sequence[Task] = (),
) -> ConversationBatch:
    """Pad conversations to one batch.

    Args:
        examples: at least one conversation.
        modalities: name → numbers a token, in the order of the model.
        labels: short for `tasks=[emotion_task(labels)]`.
        tasks: what is asked of the utterances, the main task first; none: no
            targets.

    Raises:
        UsageError: if there is no conversation, or a label is not in the label set.
    """
    if not examples:
        raise UsageError("a batch needs at least one conversation")
    B = len(examples)
    U = max(1, *(len(e.conversation.utterances) for e in examples))
    tensors = {m: _modality(examples, m, dim, (B, U)) for m, dim in modalities.items()}
    mask = np.zeros((B, U), dtype=bool)
    speakers = np.zeros((B, U), dtype=np.int64)
    named = np.zeros((B, U), dtype=bool)
    times = np.full((B, U, 2), np.nan)
    word_counts = np.zeros((B, U), dtype=np.float32)
    for b, example in enumerate(examples):
        number = {name: i for i, name in enumerate(example.conversation.speakers)}
        own = example.conversation.utterances
        mask[b, : len(own)] = True
        speakers[b, : len(own)] = [number[u.speaker] for u in own]
        named[b, : len(own)] = [u.speaker != UNKNOWN_SPEAKER for u in own]
        word_counts[b, : len(own)] = [len((u.text or "").split()) for u in own]
        for place, utterance in enumerate(own):
            if utterance.start is not None and utterance.end is not None:
                times[b, place] = utterance.start, utterance.end
    present = torch.stack([t.mask[:, :, 0] for t in tensors.values()], dim=-1)
    ids = tuple(
        tuple((e.conversation.id, u.id) for u in e.conversation.utterances) for e in examples
    )
    texts = tuple(
        texts_read(e) if WORDS in modalities else ("",) * len(own)
        for e, own in zip(examples, ids, strict=True)
    )
    asked = (*tasks, *([] if labels is None else [emotion_task(labels)]))
    targets = {task.name: _target(examples, task, (B, U)) for task in asked}
    return ConversationBatch(
        modalities=tensors,
        present=present,
        mask=torch.from_numpy(mask),
        times=torch.from_numpy(times),
        word_counts=torch.from_numpy(word_counts),
        speakers=torch.from_numpy(speakers),
        named=torch.from_numpy(named),
        ids=ids,
        texts=texts,
        targets=targets,
    )


def texts_read(example: Example) -> tuple[str, ...]:
    """What may be read of each utterance's text; "" where its words are absent."""
    tokens = example.tokens.get(WORDS, (None,) * len(example.conversation.utterances))
    pairs = zip(example.conversation.utterances, tokens, strict=True)
    return tuple(text_read(utterance, own) for utterance, own in pairs)


def text_read(utterance: Utterance, tokens: Tokens | None) -> str:
    """The letters of an utterance that its tokens cover, blanks for the others.

    Tokens without offsets stand for the whole text; "" where no letter is left. So a
    word whose tokens are taken away is gone for whatever reads letters, too.

    >>> utterance = Utterance("u", "S", text="Oh my word")
    >>> text_read(utterance, Tokens(np.zeros((2, 3)), offsets=np.array([[0, 2], [6, 10]])))
    'Oh    word'
    """
    text = utterance.text or ""
    if tokens is None or not text.strip():
        return ""
    if tokens.offsets is None:
        return text
    letters = [" "] * len(text)
    for start, end in tokens.offsets.tolist():
        letters[start:end] = text[start:end]
    left = "".join(letters)
    return left if left.strip() else ""


def _modality(
    examples: Sequence[Example], name: str, dim: int, shape: tuple[int, int]
) -> ModalityTensors:
    there = [(b, u, e, t) for b, e in enumerate(examples) for u, t in _tokens_of(e, name)]
    T = max((len(t) for *_, t in there), default=1)
    dtype = np.float16 if all(t.values.dtype == np.float16 for *_, t in there) else np.float32
    values = np.zeros((*shape, T, dim), dtype=dtype)
    times = np.zeros((*shape, T), dtype=np.float32)
    scores = np.zeros((*shape, T), dtype=np.float32)
    mask = np.zeros((*shape, T), dtype=bool)
    for b, u, example, tokens in there:
        n = len(tokens)
        utterance = example.conversation.utterances[u]
        values[b, u, :n] = tokens.values
        times[b, u, :n] = _token_times(tokens, utterance)
        mask[b, u, :n] = True
        if example.hotspots:
            own = [h for h in example.hotspots[u] if h.modality == name]
            scores[b, u, :n] = token_scores(tokens, own)
    arrays = (values, times, scores, mask)
    return ModalityTensors(*(torch.from_numpy(array) for array in arrays))


def _tokens_of(example: Example, name: str) -> Iterator[tuple[int, Tokens]]:
    for u, tokens in enumerate(example.tokens.get(name, ())):
        if tokens is not None:
            yield u, tokens


def _token_times(tokens: Tokens, utterance: Utterance) -> np.ndarray:
    if tokens.times is None:
        return (np.arange(len(tokens)) + 0.5) * NOMINAL_TOKEN_SECONDS
    start = utterance.start if utterance.start is not None else tokens.times[0, 0]
    middle: np.ndarray = tokens.times.mean(axis=1) - start
    return middle


def _target(examples: Sequence[Example], task: Task, shape: tuple[int, int]) -> Target:
    width = 1 if task.kind == "single" else len(task.outputs)
    numbers = np.zeros((*shape, width), dtype=np.float32)
    there = np.zeros(shape, dtype=bool)
    for b, example in enumerate(examples):
        for u, utterance in enumerate(example.conversation.utterances):
            answer = task.answer(utterance.label, utterance.targets)
            if answer is not None:
                numbers[b, u], there[b, u] = answer, True
    values, mask = torch.from_numpy(numbers), torch.from_numpy(there)
    if task.kind == "single":
        return Target(values.squeeze(-1).long(), mask)
    return Target((values - task.center) / task.scale, mask, task.kind)
