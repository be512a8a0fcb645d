"""A part of a model that no longer tells what it told: what replaces it.

A part is asked what it contributes by taking its content away and scoring the model
again, three ways:

shuffled  every utterance gets the content of another one that has it as well: all values
          occur as before, but say nothing of their utterance
mean      every utterance gets the mean over the split: nothing is told
absent    a modality is withheld, as from a recording without it (`model.withheld`)

*A modality* is replaced at the input, so that every model can be asked: its tokens with
their times, its hotspots, and with the words the text, which a kernel reader reads. The
mean keeps how many tokens there are.

*The graph* is replaced at its output, among utterances in which the same modalities are
present (an absent node is zero).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emospot.batch import ConversationBatch, Example
from emospot.conversation import WORDS, Hotspot, Tokens, Utterance
from emospot.model.emotion_model import EmotionModel, EmotionOutput

Place = tuple[str, int]
"""Id of a conversation, and the number of an utterance in it."""


def shuffled(
    examples: Sequence[Example], modality: str, random: np.random.Generator
) -> list[Example]:
    """The conversations with one modality's content dealt out anew.

    Args:
        examples: all conversations of a split.
        modality: what is shuffled, among the utterances that have it.
        random: of the order.
    """
    held = [_contents(example, modality) for example in examples]
    pack = [content for own in held for content in own.values()]
    deal = iter([pack[i] for i in random.permutation(len(pack))])
    return [
        _with(example, modality, {u: next(deal) for u in own})
        for example, own in zip(examples, held, strict=True)
    ]


def averaged(examples: Sequence[Example], modality: str) -> list[Example]:
    """The conversations with every token of a modality replaced by the mean token."""
    there = [t for e in examples for t in e.tokens.get(modality, ()) if t is not None]
    if not there:
        return list(examples)
    total = np.sum([t.values.sum(axis=0, dtype=np.float64) for t in there], axis=0)
    mean = total / sum(len(t) for t in there)

    def emptied(content: _Content) -> _Content:
        tokens = content.tokens
        values = np.tile(mean, (len(tokens), 1)).astype(tokens.values.dtype)
        return replace(content, tokens=replace(tokens, values=values), hotspots=(), text="")

    return [
        _with(e, modality, {u: emptied(c) for u, c in _contents(e, modality).items()})
        for e in examples
    ]


@dataclass(frozen=True, slots=True)
class _Content:
    """What a modality says in one utterance.

    Args:
        tokens: of the utterance.
        start: seconds from which its times are counted.
        hotspots: of the modality.
        text: of the utterance, where the modality is the words.
    """

    tokens: Tokens
    start: float
    hotspots: tuple[Hotspot, ...]
    text: str | None


def _contents(example: Example, modality: str) -> dict[int, _Content]:
    """Number of an utterance → what the modality says in it, where it is there."""
    found = {}
    for u, tokens in enumerate(example.tokens.get(modality, ())):
        if tokens is not None:
            utterance = example.conversation.utterances[u]
            own = tuple(h for h in _hotspots(example, u) if h.modality == modality)
            found[u] = _Content(tokens, _origin(utterance, tokens), own, utterance.text)
    return found


def _origin(utterance: Utterance, tokens: Tokens) -> float:
    if utterance.start is not None:
        return utterance.start
    return 0.0 if tokens.times is None else float(tokens.times[0, 0])


def _hotspots(example: Example, u: int) -> Sequence[Hotspot]:
    return example.hotspots[u] if example.hotspots else ()


def _with(example: Example, modality: str, contents: Mapping[int, _Content]) -> Example:
    """The conversation with other content in some of its utterances."""
    if not contents:
        return example
    utterances = list(example.conversation.utterances)
    tokens = list(example.tokens[modality])
    hotspots = [list(_hotspots(example, u)) for u in range(len(utterances))]
    for u, content in contents.items():
        by = _origin(utterances[u], content.tokens) - content.start
        times = content.tokens.times
        tokens[u] = replace(content.tokens, times=None if times is None else times + by)
        hotspots[u] = [h for h in hotspots[u] if h.modality != modality]
        hotspots[u] += [_moved(h, by) for h in content.hotspots]
        if modality == WORDS:
            utterances[u] = replace(utterances[u], text=content.text, words=())
    return Example(
        replace(example.conversation, utterances=tuple(utterances)),
        {**example.tokens, modality: tokens},
        hotspots if example.hotspots else (),
    )


def _moved(hotspot: Hotspot, by: float) -> Hotspot:
    start, end, apex = (
        None if time is None else time + by for time in (hotspot.start, hotspot.end, hotspot.apex)
    )
    return replace(hotspot, start=start, end=end, apex=apex)


@contextmanager
def watched(
    model: EmotionModel, tell: Callable[[ConversationBatch, EmotionOutput], None]
) -> Iterator[None]:
    """Tell of every batch that the model answers, and of its answer, within the block."""

    def after(module: nn.Module, arguments: tuple[Any, ...], output: EmotionOutput) -> None:
        tell(arguments[0], output)

    handle = model.register_forward_hook(after)
    try:
        yield
    finally:
        handle.remove()


def graph_of(model: EmotionModel) -> nn.Module | None:
    """The part of a model that reads the conversation as a graph, None where there is none.

    A baseline whose graph is no module by itself (MMGCN's is made anew for each batch)
    has none here.
    """
    for owner in (model, getattr(model, "network", None)):
        graph = getattr(owner, "graph", None)
        if isinstance(graph, nn.Module):
            return graph
    return None


@dataclass(slots=True)
class GraphOutputs:
    """What a graph says of every utterance of a split.

    Args:
        rows: utterance → its place.
        values: output of each, flat.
        present: which modalities each has.
    """

    rows: dict[Place, int] = field(default_factory=dict)
    values: list[Tensor] = field(default_factory=list)
    present: list[bytes] = field(default_factory=list)

    def shuffled(self, random: np.random.Generator) -> Tensor:
        """The outputs dealt out anew among utterances of equal presence, shape (N, F)."""
        order = np.arange(len(self.values))
        for own in self._alike():
            order[own] = random.permutation(own)
        return torch.stack(self.values)[torch.from_numpy(order)]

    def averaged(self) -> Tensor:
        """The mean output over utterances of equal presence, shape (N, F)."""
        values = torch.stack(self.values)
        for own in self._alike():
            # In double precision: a sum that does not depend on the order of the batches.
            values[own] = values[own].double().mean(dim=0).to(values.dtype)
        return values

    def _alike(self) -> list[NDArray[np.int64]]:
        # By place, so that the order of the batches does not decide who gets what.
        alike: dict[bytes, list[int]] = {}
        for _, row in sorted(self.rows.items()):
            alike.setdefault(self.present[row], []).append(row)
        return [np.array(own) for _, own in sorted(alike.items())]


@contextmanager
def graph_collected(model: EmotionModel, graph: nn.Module) -> Iterator[GraphOutputs]:
    """Collect what the graph says of every utterance that is answered within the block."""
    found = GraphOutputs()

    def collect(batch: ConversationBatch, output: Tensor) -> None:
        flat = output.detach().flatten(2)
        for b, ids in enumerate(batch.ids):
            for u, (conversation, _) in enumerate(ids):
                found.rows[conversation, u] = len(found.values)
                found.values.append(flat[b, u].cpu().clone())
                found.present.append(batch.present[b, u].cpu().numpy().tobytes())

    with _graph_hooked(model, graph, collect):
        yield found


@contextmanager
def graph_replaced(
    model: EmotionModel, graph: nn.Module, outputs: GraphOutputs, values: Tensor
) -> Iterator[None]:
    """Let the graph say something else within the block.

    Args:
        model: whose graph it is.
        graph: the part.
        outputs: collected over the same utterances.
        values: what it says of each instead, shape (N, F).
    """

    def put(batch: ConversationBatch, output: Tensor) -> Tensor:
        flat = output.flatten(2).clone()
        for b, ids in enumerate(batch.ids):
            own = [outputs.rows[conversation, u] for u, (conversation, _) in enumerate(ids)]
            flat[b, : len(ids)] = values[own].to(flat)
        return flat.view(output.shape)

    with _graph_hooked(model, graph, put):
        yield


@contextmanager
def _graph_hooked(
    model: EmotionModel,
    graph: nn.Module,
    then: Callable[[ConversationBatch, Tensor], Tensor | None],
) -> Iterator[None]:
    """Within the block, hand the batch and the graph's output over, and what comes back on."""
    batches: list[ConversationBatch] = []

    def before(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        batches[:] = arguments[:1]

    def after(module: nn.Module, arguments: tuple[Any, ...], output: Tensor) -> Tensor | None:
        return then(batches[0], output)

    handles = [model.register_forward_pre_hook(before), graph.register_forward_hook(after)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
