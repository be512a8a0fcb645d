"""emospot beside the published code of CORECT.

    python scripts/beside_published_corect.py CHECKOUT --out FILE

CHECKOUT is a clone of github.com/leson502/CORECT_EMNLP2023. Its own classes and its own loop
run with the settings of its `run_train.sh`; batches are of 8 conversations for all. The
conversations are drawn: as many as IEMOCAP has to train on, as long, and of the widths that
CORECT reads. All read words and voice, and then the face as well.

A process for each, asked in turn on one thread (`emospot.bench`). Prints tables in Markdown
and writes FILE, all rounds in it. Takes half an hour; needs the development extra (PyTorch
Geometric).
"""

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
import types
from argparse import Namespace
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from emospot.bench.contenders import Contender, bench_study
from emospot.bench.memory import memory_now, peak_memory
from emospot.bench.process import Settings
from emospot.bench.rounds import Processes, processes, rounds
from emospot.conversation import Conversation, Tokens, Utterance
from emospot.emotions import IEMOCAP6
from emospot.experiments.benchmarks import SPEED
from emospot.experiments.provenance import provenance
from emospot.experiments.study import parse_study
from emospot.features.base import FeatureDescription
from emospot.features.store_rows import StoredConversation
from emospot.features.store_writer import StoreWriter
from emospot.files import write_json
from emospot.processes import end_with_parent

WIDTHS = {"words": 768, "voice": 100, "face": 512}
LETTERS = {"words": "t", "voice": "a", "face": "v"}
"""How CORECT calls a modality."""
READ = (("words", "voice"), ("words", "voice", "face"))
CONVERSATIONS = 120
TURNS = (30, 70)
LENGTHS = (50, 500, 2000)
BATCH = 8
ROUNDS = 3
PUBLISHED = "published"
OWN = ("emospot", "emospot, light")
"""emospot's models beside it, as `emospot bench` measures them."""

SETTINGS = {
    "dataset": "iemocap", "learning_rate": 0.00025, "optimizer": "adam",
    "drop_rate": 0.5, "batch_size": BATCH, "rnn": "transformer", "use_speaker": True,
    "edge_type": "temp_multi", "wp": 11, "wf": 5, "gcn_conv": "rgcn", "hidden_size": 100,
    "use_graph_transformer": True, "graph_transformer_nheads": 7, "use_crossmodal": True,
    "num_crossmodal": 2, "num_self_att": 3, "crossmodal_nheads": 2, "self_att_nheads": 2,
    "encoder_nlayers": 2, "use_highway": False, "class_weight": False, "no_gnn": False,
    "emotion": None, "device": "cpu", "weight_decay": 1e-8, "max_grad_value": -1,
    "scheduler": "reduceLR", "log_in_comet": False,
    "dataset_embedding_dims": {"iemocap": {LETTERS[m]: width for m, width in WIDTHS.items()}},
}  # fmt: skip
"""Of `run_train.sh`, and the defaults of `train.py` for what it leaves out."""


def drawn(lengths: Sequence[int]) -> list[StoredConversation]:
    """Conversations of two speakers with random features and answers.

    Args:
        lengths: utterances of each.
    """
    random_numbers = np.random.default_rng(0)
    found = []
    for number, length in enumerate(lengths):
        turns = tuple(
            Utterance(
                str(turn),
                "MF"[int(random_numbers.integers(2))],
                4.0 * turn,
                4.0 * turn + 3,
                label=str(random_numbers.choice(IEMOCAP6.labels)),
            )
            for turn in range(length)
        )
        tokens: dict[str, tuple[Tokens | None, ...]] = {
            modality: tuple(
                Tokens(random_numbers.normal(size=(1, width)).astype(np.float32)) for _ in turns
            )
            for modality, width in WIDTHS.items()
        }
        own = Conversation(f"drawn-{number}", turns, split="train")
        found.append(StoredConversation(own, tokens, ((),) * length))
    return found


def training_lengths() -> list[int]:
    """Utterances of each conversation to train on."""
    low, high = TURNS
    return [int(n) for n in np.random.default_rng(1).integers(low, high + 1, CONVERSATIONS)]


def write_store(folder: Path) -> None:
    """The drawn conversations as emospot reads them."""
    features = {
        m: FeatureDescription(m, m, "1", width, pooled=True) for m, width in WIDTHS.items()
    }
    with StoreWriter(folder, corpus="drawn", label_set=IEMOCAP6, features=features) as writer:
        for stored in drawn(training_lengths()):
            writer.add(stored)
        # A study wants something to test on; it is not read here.
        own = replace(stored.conversation, id="tested", split="test")
        writer.add(replace(stored, conversation=own))


def as_published(stored: Sequence[StoredConversation]) -> list[dict[str, Any]]:
    """The same as the samples that CORECT's `Dataset` reads."""
    names = {"voice": "audio", "words": "text", "face": "visual"}
    return [
        {
            name: [tokens.values[0] for tokens in one.tokens[modality] if tokens is not None]
            for modality, name in names.items()
        }
        | {
            "speakers": [u.speaker for u in one.conversation.utterances],
            "labels": [IEMOCAP6.labels.index(u.label or "") for u in one.conversation.utterances],
            "sentence": [""] * len(one.conversation.utterances),
        }
        for one in stored
    ]


class Published:
    """CORECT's published code in this process.

    Args:
        checkout: its clone.
        modalities: that it reads.
    """

    def __init__(self, checkout: str, modalities: Sequence[str]) -> None:
        import torch

        torch.set_num_threads(1)
        # It reports to a service unless that is asked not to; here there is none.
        comet = types.ModuleType("comet_ml")
        comet.Experiment = comet.Optimizer = object  # type: ignore[attr-defined]
        sys.modules["comet_ml"] = comet
        sys.path.insert(0, checkout)
        import corect  # type: ignore[import-not-found]

        self.at_rest = memory_now()
        random.seed(0)
        torch.manual_seed(0)
        read = "".join(sorted(LETTERS[m] for m in modalities))
        own = Namespace(**SETTINGS, modalities=read)
        self._data = corect.Dataset(as_published(drawn(training_lengths())), own)
        self._own, self._module, self._torch = own, corect, torch
        self._model = corect.CORECT(own)
        how = corect.Optim(own.learning_rate, own.max_grad_value, own.weight_decay)
        how.set_parameters(self._model.parameters(), own.optimizer)
        steps = how.get_scheduler(own.scheduler)
        self._coach = corect.Coach(self._data, None, None, self._model, how, steps, own)

    def train(self) -> float:
        """Utterances a second of an epoch."""
        started = time.perf_counter()
        self._coach.train_epoch(1)
        return sum(training_lengths()) / (time.perf_counter() - started)

    def infer(self) -> float:
        """Utterances a second of answering all."""
        return sum(training_lengths()) / self._answered(self._data)

    def long(self, length: int) -> float:
        """Milliseconds an utterance of one conversation."""
        data = self._module.Dataset(as_published(drawn([length])), self._own)
        return 1e3 * self._answered(data) / length

    def memory(self) -> float:
        """Megabytes that all so far took at most, beyond the libraries."""
        return (peak_memory() - self.at_rest) / 1e6

    def _answered(self, data: Any) -> float:
        self._model.eval()
        started = time.perf_counter()
        with self._torch.no_grad():
            for number in range(len(data)):
                self._model(data[number])
        return time.perf_counter() - started


_here: Published | None = None


def begin(checkout: str, modalities: Sequence[str]) -> None:
    """What the process of the published code does first."""
    global _here
    end_with_parent()
    _here = Published(checkout, modalities)


def ask(what: str, *told: Any) -> float:
    """Ask the published code in its process."""
    found: float = getattr(_here, what)(*told)
    return found


class Together:
    """A process for each, on conversations that all read; begun when it is asked first."""

    def __init__(
        self, stack: ExitStack, store: Path, checkout: Path, modalities: Sequence[str]
    ) -> None:
        self._stack, self._store = stack, store
        self._told = str(checkout), modalities

    def ask(self, name: str, what: str, *told: Any) -> float:
        """A figure: utterances a second, milliseconds an utterance, or megabytes."""
        if name == PUBLISHED:
            return self._theirs.submit(ask, what, *told).result()
        found = self._own.ask(name, what, *told)
        if what == "memory":
            return float(found) / 1e6
        speed = found.utterances / found.seconds
        return float(1e3 / speed if what == "long" else speed)

    @cached_property
    def _own(self) -> Processes:
        values = bench_study(None).model_dump(mode="json")
        read = {"modalities": list(self._told[1])}
        known = values["models"]
        values["models"] = {name: {"model": known[name]["model"] | read} for name in OWN}
        study = parse_study({**values, "opponent": None}, "emospot alone")
        how = Settings(batch_size=BATCH, utterances=sum(training_lengths()))
        each = [Contender(name, "pooled", name) for name in OWN]
        return self._stack.enter_context(processes(study, each, self._store, how))

    @cached_property
    def _theirs(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        pool = self._stack.enter_context(ProcessPoolExecutor(1, mp_context=context))
        pool.submit(begin, *self._told).result()
        return pool


def measured(
    store: Path, checkout: Path, modalities: Sequence[str], count: int
) -> dict[str, dict[str, list[float]]]:
    """What is measured → who → the figure of each round."""
    found: dict[str, dict[str, list[float]]] = {}

    def in_turn(what: str, one: Callable[[str], float], *, warm_up: bool = True) -> None:
        def tell(done: int, total: int) -> None:
            print(f"{', '.join(modalities)}: {what}: {done} of {total}", file=sys.stderr)

        found[what] = rounds((*OWN, PUBLISHED), one, count, tell, warm_up=warm_up)

    def memory(name: str) -> float:
        with ExitStack() as stack:
            together = Together(stack, store, checkout, modalities)
            together.ask(name, "train")
            return together.ask(name, "memory")

    in_turn("memory of training, MB beyond the libraries", memory, warm_up=False)
    with ExitStack() as stack:
        together = Together(stack, store, checkout, modalities)
        in_turn("training, utterances a second", lambda n: together.ask(n, "train"))
        in_turn("answering, utterances a second", lambda n: together.ask(n, "infer"))
        for length in LENGTHS:

            def long(name: str, length: int = length) -> float:
                return together.ask(name, "long", length)

            in_turn(f"one conversation of {length:,} utterances, ms each", long)
    return found


def table(found: dict[str, dict[str, list[float]]]) -> str:
    """The figures in Markdown: medians, and the median of the ratios within rounds."""
    heads = ["", "CORECT, published code", *(part for name in OWN for part in (name, "ratio"))]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for what, own in found.items():
        theirs = np.array(own[PUBLISHED])
        cells = [what, _told(theirs)]
        for name in OWN:
            ours = np.array(own[name])
            ratio = np.median(ours / theirs if "second" in what else theirs / ours)
            cells += [_told(ours), f"{ratio:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _told(x: Any) -> str:
    return f"{np.median(x):,.4g} ({x.min():,.4g}–{x.max():,.4g})"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=Path, default=Path("beside-corect.json"))
    given = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        write_store(store)
        for modalities in READ:
            name = ", ".join(modalities)
            found[name] = measured(store, given.checkout.resolve(), modalities, given.rounds)
            print(f"{name}\n\n{table(found[name])}\n")
            # What is measured by now is not lost.
            told = {"provenance": provenance(), "settings": SETTINGS, "figures": found}
            write_json(given.out, {"kind": SPEED, **told})


if __name__ == "__main__":
    main()
