"""Processes and threads: many pieces of work at once, each in a process of its own.

A process that is killed (most often for want of memory) costs the piece that it was at,
and that is tried again by itself. No process outlives the one that began it.
"""

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait as wait_for
from typing import Any, Generic, NoReturn, TypeVar

from emospot.errors import EmospotError

T = TypeVar("T")
R = TypeVar("R")

TRIES = 2
"""How often a piece is tried whose process is killed."""
AHEAD = 4
"""Pieces a process that may be done before the one whose turn it is."""


class ProcessKilledError(EmospotError):
    """A process that was killed at its work, as often as it was tried."""

    def __init__(self) -> None:
        super().__init__("its process was killed, for want of memory most likely")


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each_in_processes(
    work: Callable[[T], R], pieces: Sequence[T], processes: int, *, in_order: bool = False
) -> Iterator[tuple[T, Callable[[], R]]]:
    """Work on several pieces at a time; each with what gives its result, or raises.

    Args:
        work: can be pickled, as can be the pieces and the results.
        pieces: in their order.
        processes: how many at a time. They share the cores of this machine.
        in_order: each in its turn (few are held back), not as they are done.

    Yields:
        A piece and its result; calling that raises what the work raised, or
        `ProcessKilledError`.
    """
    count = min(processes, len(pieces))
    free = [_Process(work, max(1, usable_cores() // count)) for _ in range(count)]
    running: dict[Future[R], tuple[int, _Process[T, R]]] = {}
    done: dict[int, Callable[[], R]] = {}
    waiting, tried, given = deque(range(len(pieces))), Counter[int](), 0
    try:
        while given < len(pieces):
            while free and waiting and waiting[0] < given + AHEAD * count:
                index, process = waiting.popleft(), free.pop()
                running[process.begin(pieces[index])] = index, process
            ready = [index for index in done if index == given or not in_order]
            for index in ready:
                given += 1
                yield pieces[index], done.pop(index)
            if ready:
                continue
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                index, process = running.pop(future)
                free.append(process)
                if not isinstance(future.exception(), BrokenProcessPool):
                    done[index] = future.result
                    continue
                process.end()
                tried[index] += 1
                if tried[index] < TRIES:
                    waiting.appendleft(index)
                else:
                    done[index] = _killed
    finally:
        # Whatever they are doing.
        for process in (*free, *(process for _, process in running.values())):
            process.end()


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread and set the number back afterwards.

    For what is so small that several threads would wait for each other: on a busy
    machine they take ten times as long.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def end_with_parent(*, with_group: bool = False) -> None:
    """End this process as soon as its parent has ended, whatever it is doing.

    A process without a parent of its own kind has nobody to wait for.

    Args:
        with_group: whether all of its process group end with it: of a process that leads one.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(target=_watch, args=(parent.sentinel, with_group), daemon=True)
        watch.start()


class _Process(Generic[T, R]):
    """One process, begun when there is something to do, and anew where it has ended."""

    def __init__(self, work: Callable[[T], R], threads: int) -> None:
        self._work, self._threads = work, threads
        self._pool: ProcessPoolExecutor | None = None

    def begin(self, piece: T) -> "Future[R]":
        if self._pool is None:
            # Spawned, not forked: a fork of a process with threads can hang.
            context = multiprocessing.get_context("spawn")
            given = (self._work, self._threads)
            self._pool = ProcessPoolExecutor(1, context, _begin, given)
        try:
            return self._pool.submit(_do, piece)
        except BrokenProcessPool:  # killed while it had nothing to do
            self.end()
            return self.begin(piece)

    def end(self) -> None:
        if self._pool is not None:
            for process in list((self._pool._processes or {}).values()):
                process.kill()
            self._pool.shutdown()
            self._pool = None


_work: Callable[[Any], Any]
"""What this process does with each piece."""


def _begin(work: Callable[[Any], Any], threads: int) -> None:
    import torch

    global _work
    _work = work
    torch.set_num_threads(threads)
    # Whoever stops the work with Ctrl-C stops the process that began this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


def _do(piece: Any) -> Any:
    return _work(piece)


def _killed() -> NoReturn:
    raise ProcessKilledError


def _watch(sentinel: int, with_group: bool) -> None:
    wait_for([sentinel])
    if with_group:
        os.killpg(0, signal.SIGKILL)
    # Not sys.exit, which would end this thread alone.
    os._exit(1)
