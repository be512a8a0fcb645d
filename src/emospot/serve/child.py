"""A process of its own for what may break, hang or be hostile: it has limits and can be killed.

The process is forked from a *fork server*: a helper that has loaded what analyses need, runs
no threads and opens no file of a user. So a new process begins within milliseconds, and
nothing of one job can reach the next. What a process says comes as JSON, never as a pickle:
whoever takes over a decoder with a crafted file must not get further than its process.

It ends with the server, even where that is killed, and it leads a process group of its own,
so that whatever it starts ends with it.
"""

import json
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import Any

from emospot.errors import EmospotError
from emospot.processes import end_with_parent
from emospot.serve.preload import MODULES

WRITTEN_BYTES = 2 * 10**9
"""Of a file that the process writes, at most."""
MESSAGE_BYTES = 4 * 2**20
"""Of one message, at most."""
ENDING_SECONDS = 10
"""That a process has to end, once it has hung up."""
NICER = 5
"""Steps by which it stands back behind the server's own process."""

Work = Callable[["Line", Any], None]
"""What a process does: it is given the line to the server, and its task."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may use.

    Args:
        memory_bytes: of addresses.
        cpu_seconds: of computing, over all its threads.
        threads: of computing at a time.
    """

    memory_bytes: int
    cpu_seconds: int
    threads: int


class Line:
    """The line between a process and the server: messages as JSON, and blocks of bytes.

    Args:
        connection: one end of a pipe.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def say(self, **message: Any) -> None:
        """Send a message."""
        self._connection.send_bytes(json.dumps(message).encode())

    def send(self, block: bytes) -> None:
        """Send bytes as they are."""
        self._connection.send_bytes(block)

    def hear(self, seconds: float | None = None) -> dict[str, Any] | None:
        """The next message; None where none comes within `seconds`.

        Raises:
            EOFError: if the other end is closed, or says what is no message.
        """
        try:
            if not self._connection.poll(seconds):
                return None
            message = json.loads(self.receive())
        except (OSError, ValueError, RecursionError) as error:
            raise EOFError from error
        return message if isinstance(message, dict) else {}

    def receive(self) -> bytes:
        """The next bytes.

        Raises:
            EOFError: if the other end is closed.
        """
        try:
            return self._connection.recv_bytes(MESSAGE_BYTES)
        except OSError as error:
            raise EOFError from error

    def close(self) -> None:
        """Close this end."""
        self._connection.close()


class Child:
    """A process that does one piece of work.

    Args:
        work: a function of a module, called with the line and the task.
        task: can be pickled.
        limits: of the process.
    """

    def __init__(self, work: Work, task: Any, limits: Limits) -> None:
        context = multiprocessing.get_context("forkserver")
        mine, theirs = context.Pipe()
        self.line = Line(mine)
        self._ending = threading.Lock()
        self._process = context.Process(
            target=_begin, args=(work, task, limits, theirs), daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid or 0

    def kill(self) -> None:
        """End the process and all that it has started, whatever they are doing.

        They have ended on return. May be called from any thread, and more than once.
        """
        with self._ending:
            if self._process.exitcode is None:
                with suppress(ProcessLookupError, PermissionError):
                    # Its own group, once it leads one.
                    if os.getpgid(self.pid) == self.pid:
                        os.killpg(self.pid, signal.SIGKILL)
                self._process.kill()
            self._process.join()

    def ending(self) -> str:
        """Why the process has ended without a result, as a sentence; waits for its end."""
        with self._ending:
            self._process.join(ENDING_SECONDS)
            code = self._process.exitcode
        if code == -signal.SIGXCPU:
            return "the analysis took more computing time than is allowed: give a shorter part"
        how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        return (
            f"the analysis ended without a result ({how}): it needed more memory than is allowed, "
            "or the recording broke the decoder; give a shorter part, or another file format"
        )


def prepare(*, preload: bool) -> None:
    """Start the fork server, before the first process is needed.

    Args:
        preload: whether it loads what analyses need.
    """
    # Threads that wait for each other sleep: where the cores are busy, spinning costs most.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    modules = [__name__, *(MODULES if preload else ())]
    multiprocessing.get_context("forkserver").set_forkserver_preload(modules)
    forkserver.ensure_running()


def _begin(work: Work, task: Any, limits: Limits, connection: Connection) -> None:
    line = Line(connection)
    os.setsid()
    # Whoever stops the server with Ctrl-C stops it alone; it then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(with_group=True)
    os.nice(NICER)
    confine(limits)
    try:
        work(line, task)
    except EOFError:
        return
    except MemoryError:
        line.say(failed="the analysis needs more memory than is allowed: give a shorter part")
    except OSError as error:  # a full disk, or a file larger than is allowed
        why = error.strerror or type(error).__name__
        line.say(failed=f"the analysis could not read or write its files ({why})")
    except EmospotError as error:
        line.say(failed=" ".join(str(error).split()))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the job's end
        line.say(failed=_unexpected(error))


def confine(limits: Limits) -> None:
    """Set the limits of this process; nothing can lift them again."""
    os.environ["OMP_NUM_THREADS"] = str(limits.threads)
    if "torch" in sys.modules:  # loaded by the fork server, so that the variable comes late
        import torch

        torch.set_num_threads(limits.threads)
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, WRITTEN_BYTES),
        # No picture of the memory is left on the disk: a recording would be in it.
        (resource.RLIMIT_CORE, 0),
    ):
        _, allowed = resource.getrlimit(what)
        value = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(what, (value, value))


def _unexpected(error: Exception) -> str:
    what = " ".join(str(error).split())[:300]
    if "allocate memory" in what or "bad_alloc" in what:
        return "the analysis needs more memory than is allowed: give a shorter part"
    return f"unexpected {type(error).__name__}: {what}"
