"""Where the conversations of a corpus are measured: here, over the cores, or on a Ray cluster.

Whatever the engine, conversations come in the order of the corpus, and one process (the
caller's) writes the store: all engines make the same store, and an import that was begun
with one can go on with another.
"""

import logging
import os
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol
from uuid import uuid4

from emospot.corpora.corpus import CorpusConversation
from emospot.corpora.measured import Measured, Measuring
from emospot.errors import EmospotError, MissingExtraError, UsageError
from emospot.processes import ProcessKilledError, each_in_processes, usable_cores

LOCAL, RAY = "local", "ray"
ENGINES = (LOCAL, RAY)

RETRIES = 3
"""How often Ray begins a conversation again whose worker or machine is lost."""
AHEAD = 4
"""Conversations a core that Ray is given before the one whose turn it is."""


class Engine(Protocol):
    """Measures conversations."""

    def each(
        self, measuring: Measuring, conversations: Sequence[CorpusConversation]
    ) -> Iterator[Measured]:
        """What comes of each conversation, in their order."""


def engine_of(name: str | None, workers: int | None = None, address: str | None = None) -> Engine:
    """The engine that is asked for.

    Args:
        name: "local" or "ray"; None: one conversation after another in this process,
            unless more than one worker is asked for.
        workers: processes; None: one a core (Ray: as the cluster has).
        address: of the Ray cluster; None: one that is begun for this import.

    Raises:
        UsageError: if there is no such engine, or these do not fit together.
        MissingExtraError: if Ray is not installed.
    """
    if name not in (None, *ENGINES):
        raise UsageError(f'there is no engine "{name}"; known: {", ".join(ENGINES)}')
    if workers is not None and workers < 1:
        raise UsageError(f"workers must be at least 1, found {workers}")
    if address is not None and name != RAY:
        raise UsageError("an address is that of a Ray cluster: ask for the engine ray")
    if name == RAY:
        if address is not None and workers is not None:
            raise UsageError("a cluster that is there has its own workers: leave their number out")
        return OnCluster(workers, address)
    if name is None and workers in (None, 1):
        return Here()
    return OverCores(workers or usable_cores())


class Here:
    """One conversation after another, in this process."""

    def each(
        self, measuring: Measuring, conversations: Sequence[CorpusConversation]
    ) -> Iterator[Measured]:
        """What comes of each conversation, in their order."""
        return map(measuring, conversations)


class OverCores:
    """Several conversations at a time, in processes on this machine.

    A process that is killed costs nothing but its conversation's time: that is tried once
    more. A script that calls this needs `if __name__ == "__main__"`, as all do that begin
    processes.

    Args:
        workers: processes.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def each(
        self, measuring: Measuring, conversations: Sequence[CorpusConversation]
    ) -> Iterator[Measured]:
        """What comes of each conversation, in their order."""
        results = each_in_processes(measuring, conversations, self._workers, in_order=True)
        for _, result in results:
            try:
                yield result()
            except ProcessKilledError as error:
                yield Measured(None, broken=str(error))


class OnCluster:
    """Over the machines of a Ray cluster, as tasks of one core each.

    Tasks, not Ray Data: its pools of actors wait for ever once an actor has died
    (ray-project/ray, issues 62746 and 51946), whereas a task whose worker dies is begun
    again elsewhere. What is wanted is told to Ray some conversations ahead, so that a
    cluster which can grow does.

    emospot must be installed on the machines, and the recordings lie there under the same
    paths.

    Args:
        workers: cores of a Ray that is begun here; None: all.
        address: of a cluster that is there, e.g. "auto", "10.0.0.1:6379" or
            "ray://10.0.0.1:10001".

    Raises:
        MissingExtraError: if Ray is not installed.
    """

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        try:
            import ray
        except ImportError as error:
            raise MissingExtraError("imports over a Ray cluster", "ray") from error
        self._ray: Any = ray
        self._workers, self._address = workers, address

    def each(
        self, measuring: Measuring, conversations: Sequence[CorpusConversation]
    ) -> Iterator[Measured]:
        """What comes of each conversation, in their order.

        Raises:
            EmospotError: if the cluster cannot be reached.
        """
        ray, began = self._ray, self._connect()
        running: deque[Any] = deque()
        try:
            # A list, else Ray would hand the task what lies there instead of the place.
            place, key = [ray.put(measuring)], uuid4().hex
            task = ray.remote(num_cpus=1, max_retries=RETRIES)(_measured_there)
            for one in conversations:
                running.append(task.remote(key, place, one))
                if len(running) >= AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1))):
                    yield self._result(running.popleft())
            while running:
                yield self._result(running.popleft())
        finally:
            for one in running:
                ray.cancel(one, force=True)
            if began:
                ray.shutdown()

    def _connect(self) -> bool:
        """Join the cluster, or begin one; whether this process was in none."""
        # Ray reports its use over the network unless it is told not to.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Without this, what needs more memory than there is would be tried for ever.
        os.environ.setdefault("RAY_task_oom_retries", str(RETRIES))
        if self._ray.is_initialized():
            return False
        own = {"num_cpus": self._workers or usable_cores(), "include_dashboard": False}
        try:
            self._ray.init(
                self._address or "local",
                logging_level=logging.ERROR,
                log_to_driver=False,
                **({} if self._address else own),
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            where = f"at {self._address}" if self._address else "of its own"
            raise EmospotError(
                f"no Ray cluster {where}: {' '.join(str(error).split())}; begin one "
                "(ray start --head), or leave the address out"
            ) from error
        return True

    def _result(self, reference: Any) -> Measured:
        lost = self._ray.exceptions
        try:
            found: Measured = self._ray.get(reference)
        except (lost.WorkerCrashedError, lost.OutOfMemoryError, lost.NodeDiedError):
            return Measured(None, broken=str(ProcessKilledError()))
        except lost.RayTaskError as error:
            # What the work raised, without the traceback of the worker as its message.
            raise error.cause from error
        return found


_kept: dict[str, Measuring] = {}
"""What this worker measures by, with the models that are loaded by now."""


def _measured_there(key: str, place: list[Any], one: CorpusConversation) -> Measured:

    import ray

    if key not in _kept:
        _kept.clear()
        _kept[key] = ray.get(place[0])
    found = _kept[key](one)
    if found.broken:
        return replace(found, broken=f"{found.broken} (on {socket.gethostname()})")
    return found
