"""Rounds in which each contender is asked once, one after the other.

A machine is not equally fast all the time. What is told is therefore the ratio of two
contenders within a round, and the median of it over rounds.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from emospot.bench.contenders import Contender
from emospot.bench.process import Settings, ask, begin
from emospot.errors import EmospotError
from emospot.experiments.study import Study

Tell = Callable[[int, int], None]
"""Called with what is done and all there is to do."""


class BenchError(EmospotError):
    """A contender could not do what it was asked."""


class Processes:
    """A process for each contender; see `processes`."""

    def __init__(self, pools: Mapping[str, ProcessPoolExecutor]) -> None:
        self._pools = pools

    def ask(self, name: str, what: str, *arguments: Any) -> Any:
        """Ask a contender by its name.

        Raises:
            BenchError: saying why it could not; out of memory, mostly.
        """
        return _result(self._pools[name], name, ask, what, *arguments)


@contextmanager
def processes(
    study: Study, found: Sequence[Contender], store: Path, how: Settings
) -> Iterator[Processes]:
    """Start a process for each contender, and end all afterwards.

    Args:
        study: of the contenders.
        found: the contenders.
        store: folder of the conversations.
        how: they are measured.
    """
    values = study.model_dump(mode="json")
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pools = {}
        try:
            for contender in found:
                pool = stack.enter_context(ProcessPoolExecutor(1, mp_context=context))
                pools[contender.name] = pool
                _result(pool, contender.name, begin, values, contender, str(store), how)
            yield Processes(pools)
        except BaseException:
            # Whatever they are doing; an executor would wait for it.
            for pool in pools.values():
                for process in list((pool._processes or {}).values()):
                    process.kill()
            raise


def _result(pool: ProcessPoolExecutor, name: str, what: Callable[..., Any], *told: Any) -> Any:
    try:
        return pool.submit(what, *told).result()
    except EmospotError as error:
        raise BenchError(f"{name}: {error}") from None
    except BrokenProcessPool:
        raise BenchError(f"{name}: its process ended, out of memory most likely") from None
    except (MemoryError, RuntimeError, ImportError, OSError) as error:
        if isinstance(error, MemoryError) or any(w in str(error) for w in ("alloc", "map seg")):
            raise BenchError(f"{name}: out of memory") from None
        raise


def rounds(
    names: Sequence[str],
    one: Callable[[str], float],
    count: int,
    tell: Tell,
    *,
    warm_up: bool = True,
) -> dict[str, list[float]]:
    """What each contender gave in each round.

    Each round has an order of its own, so that none always follows the same.

    Args:
        names: of the contenders.
        one: what is done with a contender; its figure.
        count: rounds that count.
        tell: told of each.
        warm_up: whether a round before them is thrown away.
    """
    found: dict[str, list[float]] = {name: [] for name in names}
    first = int(warm_up)
    for number in range(count + first):
        order = np.random.default_rng(number).permutation(len(names))
        for place, name in enumerate(names[i] for i in order):
            figure = one(name)
            if number >= first:
                found[name].append(figure)
            tell(number * len(names) + place + 1, (count + first) * len(names))
    return found
