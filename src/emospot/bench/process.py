"""One contender in a process of its own: what the process does when it is asked.

So one contender's memory is not another's, one that runs out of memory ends alone, and
all can be asked in turn, so that what the machine does besides hits all alike.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning import Callback
from threadpoolctl import threadpool_limits

from emospot.batch import Example, collate
from emospot.bench.contenders import Contender
from emospot.bench.memory import limit_memory, memory_now, peak_memory
from emospot.config import Config
from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.emotions import Task
from emospot.errors import UsageError
from emospot.experiments.job import view_of
from emospot.experiments.study import parse_study
from emospot.features.store import FeatureStore
from emospot.model.conversation_graph import ConversationGraph
from emospot.model.emotion_model import EmotionModel
from emospot.processes import end_with_parent
from emospot.training.data import Split, learned_tasks, load_split
from emospot.training.quiet import quiet
from emospot.training.setup import features_read, training_loop, untrained_model


@dataclass(frozen=True, slots=True)
class Settings:
    """How everybody is measured.

    Args:
        threads: cores of a process.
        device: "cpu" or "gpu".
        batch_size: conversations a batch; None: each model's own.
        utterances: about how many a pass reads.
        memory: bytes that a process may take beyond libraries, conversations and model; None:
            all there are.
    """

    threads: int = 1
    device: str = "cpu"
    batch_size: int | None = None
    utterances: int = 1000
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: seconds of the clock on the wall, and utterances that were read."""

    seconds: float
    utterances: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What does not depend on time.

    Args:
        parameters: numbers that are trained by steps.
        edges: of the conversation graph, for each utterance; None without such a graph.
        modalities: that are read.
    """

    parameters: int
    edges: float | None
    modalities: tuple[str, ...]


class Measured:
    """A contender with its model and conversations."""

    def __init__(
        self, values: Mapping[str, Any], contender: Contender, store: str, how: Settings
    ) -> None:
        torch.set_num_threads(how.threads)
        opened = FeatureStore.open(Path(store))
        _load_libraries(opened)
        threadpool_limits(how.threads)
        self.at_rest = memory_now()
        study = parse_study(values, "the study")
        view = view_of(study, contender.job(study), opened)
        self.config = _measured(study.config(contender.model), how.batch_size)
        whole = load_split(view, self.config.training)
        self.split = Split(_about(whole.train, how.utterances), ())
        self.tasks: tuple[Task, ...] = learned_tasks(
            whole.train, view.label_set, self.config.training.tasks
        )
        self.dims = {m: f.dim for m, f in features_read(view, self.config).items()}
        self.model: EmotionModel = untrained_model(
            whole, self.config, self.tasks, self.dims, seed=0
        )
        self.device = torch.device("cuda" if how.device == "gpu" else "cpu")
        if how.memory is not None:
            limit_memory(how.memory)

    def train(self) -> Pass:
        """One pass of training over the conversations, as `emospot train` makes it.

        Batches are put together, losses and gradients computed, weights changed and
        averaged; setting up and what follows the epoch are not timed.
        """
        module, data = training_loop(
            self.model, self.split, self.config, self.tasks, self.dims, seed=0
        )
        clock = _Clock(self.device)
        with quiet():
            trainer = lightning.Trainer(
                max_epochs=1,
                gradient_clip_val=self.config.training.gradient_clip,
                callbacks=[clock],
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                deterministic="warn",
                accelerator="gpu" if self.device.type == "cuda" else "cpu",
                devices=1,
            )
            trainer.fit(module, data)
        return Pass(clock.seconds, _utterances(self.split.train))

    def infer(self) -> Pass:
        """Answers for all conversations, in batches by length."""
        examples = sorted(self.split.train, key=lambda e: len(e.conversation.utterances))
        size = self.config.training.batch_size
        batches = [examples[i : i + size] for i in range(0, len(examples), size)]
        return Pass(self._answer(batches), _utterances(examples))

    def long(self, length: int) -> Pass:
        """Answers for one conversation of so many utterances."""
        return Pass(self._answer([[long_example(self.split.train, length)]]), length)

    def facts(self) -> Facts:
        """What does not depend on time."""
        parameters = sum(p.numel() for p in self.model.parameters() if p.requires_grad)
        return Facts(parameters, self._edges(), self.config.model.modalities)

    def memory(self) -> int:
        """Bytes that loading and all passes so far took at most, beyond the libraries."""
        return max(0, peak_memory() - self.at_rest)

    def _answer(self, batches: Sequence[Sequence[Example]]) -> float:
        model = self.model.to(self.device).eval()
        started = time.perf_counter()
        with torch.inference_mode():
            for examples in batches:
                batch = collate(examples, self.dims).to(self.device)
                for outputs in model(batch).logits.values():
                    outputs.cpu()
        return time.perf_counter() - started

    def _edges(self) -> float | None:
        graphs = [g for g in self.model.modules() if isinstance(g, ConversationGraph)]
        if not graphs:
            return None
        batch = collate(self.split.train, self.dims)
        edges = sum(graph.edge_count(batch.present, batch.speakers) for graph in graphs)
        return edges / int(batch.mask.sum())


class _Clock(Callback):
    """From the first batch of an epoch to the end of its last step."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds = math.nan
        self._started = math.nan

    def on_train_epoch_start(self, *_: Any) -> None:
        self._started = self._now()

    def on_train_epoch_end(self, *_: Any) -> None:
        self.seconds = self._now() - self._started

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


def long_example(examples: Sequence[Example], length: int) -> Example:
    """Conversations one after the other as one, over and over, until there are so many turns.

    Speakers are called by the order in which they first speak, so that a long conversation
    has no more of them than the short ones. Times run on.
    """
    utterances: list[Utterance] = []
    tokens: dict[str, list[Tokens | None]] = {m: [] for m in examples[0].tokens}
    hotspots: list[Sequence[Hotspot]] = []
    clock = 0.0
    while len(utterances) < length:
        for example in examples:
            own = example.conversation
            names = {name: str(n) for n, name in enumerate(own.speakers)}
            for place, utterance in enumerate(own.utterances):
                utterances.append(
                    replace(
                        utterance,
                        id=str(len(utterances)),
                        speaker=names[utterance.speaker],
                        start=_later(utterance.start, clock),
                        end=_later(utterance.end, clock),
                    )
                )
                hotspots.append(example.hotspots[place] if example.hotspots else ())
                for modality, found in tokens.items():
                    found.append(example.tokens[modality][place])
            clock += max((u.end or 0.0 for u in own.utterances), default=0.0)
    whole = Conversation("long", tuple(utterances[:length]))
    kept = {m: tuple(found[:length]) for m, found in tokens.items()}
    return Example(whole, kept, tuple(hotspots[:length]))


def _later(moment: float | None, clock: float) -> float | None:
    return None if moment is None else moment + clock


def _measured(config: Config, size: int | None) -> Config:
    """A configuration without what only whole trainings have: a dev split, shared epochs."""
    changed: dict[str, Any] = {"schedule": "constant", "each_once": False}
    if size is not None:
        changed["batch_size"] = size
    training = config.training.model_copy(update=changed)
    return config.model_copy(update={"training": training})


def _load_libraries(store: FeatureStore) -> None:
    """Load what is otherwise loaded on the way, for some models alone."""
    import sklearn.cluster  # noqa: F401

    name = next(iter(store.labels()))
    list(store.conversations(ids=[name]))


def _about(examples: Sequence[Example], utterances: int) -> tuple[Example, ...]:
    """The first conversations that together have so many utterances."""
    found: list[Example] = []
    for example in examples:
        if found and _utterances(found) >= utterances:
            break
        found.append(example)
    return tuple(found)


def _utterances(examples: Sequence[Example]) -> int:
    return sum(len(example.conversation.utterances) for example in examples)


_here: Measured | None = None


def begin(values: Mapping[str, Any], contender: Contender, store: str, how: Settings) -> None:
    """What a process does first."""
    global _here
    end_with_parent()
    _here = Measured(values, contender, store, how)


def ask(what: str, *arguments: Any) -> Any:
    """Call a method of the process's contender."""
    if _here is None:
        raise UsageError("this process measures nothing yet")
    return getattr(_here, what)(*arguments)
