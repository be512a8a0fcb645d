"""How fast models train and answer, what memory they need, and how both grow with length."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emospot.bench.contenders import Contender, reference
from emospot.bench.process import Facts, Pass, Settings
from emospot.bench.rounds import BenchError, Processes, Tell, processes, rounds
from emospot.experiments.provenance import provenance
from emospot.experiments.study import Study

LENGTHS = (50, 200, 500, 2000)
"""Utterances of a conversation where nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio within each round: its median and its quartiles."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """A contender's figures.

    Args:
        name: of the contender.
        model: in the study.
        features: in the study.
        place: what was varied, e.g. "2000 utterances", or "".
        figures: of each round, in the unit of the bench; none where it failed.
        median: of them, None where it failed.
        ratio: to the reference on the same features in the same round. None for the
            reference itself, where it does not read these features, or where one failed.
        failed: why there are no figures, or "".
    """

    name: str
    model: str
    features: str
    place: str
    figures: tuple[float, ...]
    median: float | None
    ratio: Ratio | None
    failed: str = ""


@dataclass(frozen=True, slots=True)
class ModelBench:
    """What a bench of models gave.

    Args:
        what: "train", "infer", "length" or "memory".
        unit: of the figures.
        study: its title.
        against: model that the others are compared with.
        settings: how all were measured.
        rows: of the contenders, in order.
        facts: contender → what does not depend on time.
        provenance: versions, hardware, time.
    """

    what: str
    unit: str
    study: str
    against: str
    settings: Settings
    rows: tuple[Row, ...]
    facts: Mapping[str, Facts]
    provenance: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dictionaries and numbers."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Unit:
    """How a figure is made of a pass."""

    name: str
    of: Callable[[Pass], float]


_SPEED = _Unit("utterances a second", lambda p: p.utterances / p.seconds)
_COST = _Unit("ms an utterance", lambda p: 1e3 * p.seconds / p.utterances)
_MEMORY = "MB beyond the libraries"


def bench_speed(
    what: str,
    study: Study,
    found: Sequence[Contender],
    store: Path,
    how: Settings,
    *,
    against: str | None = None,
    count: int = 5,
    tell: Tell = lambda done, total: None,
) -> ModelBench:
    """Utterances a second in training or answering, side by side.

    Args:
        what: "train" or "infer".
        study: of the contenders.
        found: the contenders.
        store: folder of the conversations.
        how: they are measured.
        against: model that the others are compared with; see `contenders.reference`.
        count: rounds.
        tell: told of each pass.

    Raises:
        BenchError: if a contender cannot do it.
    """
    named = reference(study, found, against)
    with processes(study, found, store, how) as running:
        names = [one.name for one in found]
        figures = rounds(names, lambda n: _SPEED.of(running.ask(n, what)), count, tell)
        facts = {name: running.ask(name, "facts") for name in names}
    rows = _rows(found, {("", name): own for name, own in figures.items()}, named)
    return _bench(what, _SPEED.name, study, named, how, rows, facts)


def bench_length(
    study: Study,
    found: Sequence[Contender],
    store: Path,
    how: Settings,
    *,
    lengths: Sequence[int] = LENGTHS,
    against: str | None = None,
    count: int = 3,
    tell: Tell = lambda done, total: None,
) -> ModelBench:
    """Milliseconds an utterance of one conversation, by its length; see `bench_speed`.

    A contender that fails at a length, for want of memory most likely, is not asked about
    longer ones.
    """
    named = reference(study, found, against)
    figures: dict[tuple[str, str], list[float]] = {}
    failed: dict[tuple[str, str], str] = {}
    with processes(study, found, store, how) as running:
        able = [one.name for one in found]
        facts = {name: running.ask(name, "facts") for name in able}
        for number, length in enumerate(sorted(lengths)):
            # That is the warm-up, too.
            able = [n for n in able if _can(running, n, length, failed)]

            def one(name: str, length: int = length) -> float:
                return _COST.of(running.ask(name, "long", length))

            def told(done: int, total: int, number: int = number) -> None:
                tell(number * total + done, len(lengths) * total)

            if able:
                own = rounds(able, one, count, told, warm_up=False)
                figures |= {(_place(length), name): values for name, values in own.items()}
    rows = _rows(found, figures, named, failed)
    return _bench("length", _COST.name, study, named, how, rows, facts)


def _can(running: Processes, name: str, length: int, failed: dict[tuple[str, str], str]) -> bool:
    try:
        running.ask(name, "long", length)
    except BenchError as error:
        failed[_place(length), name] = str(error).removeprefix(f"{name}: ")
        return False
    return True


def _place(length: int) -> str:
    return f"{length} utterances"


def bench_memory(
    study: Study,
    found: Sequence[Contender],
    store: Path,
    how: Settings,
    *,
    against: str | None = None,
    count: int = 1,
    tell: Tell = lambda done, total: None,
) -> ModelBench:
    """The most memory of a process that trains, beyond what its libraries take.

    The conversations and the model are in it. Each contender has new processes, one after
    the other; see `bench_speed`.
    """
    named = reference(study, found, against)
    figures: dict[str, list[float]] = {one.name: [] for one in found}
    facts = {}
    for number in range(count):
        for place, one in enumerate(found):
            with processes(study, [one], store, how) as running:
                running.ask(one.name, "train")
                figures[one.name].append(running.ask(one.name, "memory") / 1e6)
                facts[one.name] = running.ask(one.name, "facts")
            tell(number * len(found) + place + 1, count * len(found))
    rows = _rows(found, {("", name): own for name, own in figures.items()}, named)
    return _bench("memory", _MEMORY, study, named, how, rows, facts)


def _rows(
    found: Sequence[Contender],
    figures: Mapping[tuple[str, str], Sequence[float]],
    against: str,
    failed: Mapping[tuple[str, str], str] | None = None,
) -> tuple[Row, ...]:
    """The rows by place and, within it, in the order of the contenders."""
    reasons = failed or {}
    others = {one.features: one.name for one in found if one.model == against}
    rows = []
    for place in dict.fromkeys(place for place, _ in (*figures, *reasons)):
        for one in found:
            own = figures.get((place, one.name), ())
            other = others.get(one.features, one.name)
            ratio = None
            if other != one.name and own and (theirs := figures.get((place, other))):
                ratio = _ratio(np.array(own) / np.array(theirs))
            if own or (place, one.name) in reasons:
                median = float(np.median(own)) if own else None
                why = reasons.get((place, one.name), "")
                told = (one.name, one.model, one.features, place, tuple(own), median, ratio, why)
                rows.append(Row(*told))
    return tuple(rows)


def _ratio(values: "np.ndarray[Any, Any]") -> Ratio:
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
    return Ratio(float(median), float(low), float(high))


def _bench(
    what: str,
    unit: str,
    study: Study,
    against: str,
    how: Settings,
    rows: tuple[Row, ...],
    facts: Mapping[str, Facts],
) -> ModelBench:
    return ModelBench(what, unit, study.title, against, how, rows, facts, provenance())
