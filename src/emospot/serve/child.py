"""A process of its own for what may break, hang or be hostile: it has limits and can be killed.

The process is forked from a *fork server*: a helper that has loaded what analyses need, runs
no threads and opens no file of a user. So a new process begins within milliseconds, and
what one leaves in its memory does not reach the next. What a process says comes as JSON, never
as a pickle, so that the server's own process does not run what another one makes up.

**Not a sandbox.** The process belongs to the user who runs the server: one that was taken over
by a crafted file can read and write whatever that user can, the jobs of others included. What
is done here makes that harder to use: secrets are taken out of its environment, and no program
that it starts gets more rights than it has (`PR_SET_NO_NEW_PRIVS`). Whoever takes files from
strangers runs the server as a user of its own, or in a container.

It ends with the server, even where that is killed, and it leads a process group of its own,
so that whatever it starts ends with it.
"""

import ctypes
import json
import multiprocessing
import os
import re
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
LAST_SECONDS = 5
"""Of computing between the signal that its time is over, which says so, and the last one."""
NO_NEW_PRIVILEGES = 38
"""Linux's number of `PR_SET_NO_NEW_PRIVS`."""

_SECRET = re.compile(
    r"(^|_)(TOKENS?|KEYS?|SECRETS?|PASS|PASSWORDS?|PASSWD|CREDENTIALS?)(_|$)|^(OPENAI|ANTHROPIC)_",
    re.IGNORECASE,
)
_starting = threading.Lock()

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
        try:
            # Starting a process begins the fork server anew, where that was killed.
            with _without_secrets():
                self._process.start()
        except BaseException:
            mine.close()
            raise
        finally:
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
    with _without_secrets():
        forkserver.ensure_running()


def is_secret(variable: str) -> bool:
    """Whether an environment variable holds, by its name, what a process must not know.

    >>> [is_secret(name) for name in ("EMOSPOT_TOKEN", "HF_TOKEN", "OPENAI_BASE_URL")]
    [True, True, True]
    >>> [is_secret(name) for name in ("HOME", "TOKENIZERS_PARALLELISM", "PASSIVE")]
    [False, False, False]
    """
    return _SECRET.search(variable) is not None


@contextmanager
def _without_secrets() -> Iterator[None]:
    """Take the secrets out of the environment while a process is started."""
    with _starting:
        kept = {name: value for name, value in os.environ.items() if is_secret(name)}
        for name in kept:
            del os.environ[name]
        try:
            yield
        finally:
            os.environ.update(kept)


def _begin(work: Work, task: Any, limits: Limits, connection: Connection) -> None:
    line = Line(connection)
    os.setsid()
    # Whoever stops the server with Ctrl-C stops it alone; it then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(with_group=True)
    os.nice(NICER)
    for name in [*filter(is_secret, os.environ)]:  # of a fork server that others have begun
        del os.environ[name]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
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
    """Set the limits of this process; it can lift none but that of computing, by seconds."""
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
        hard = value
        if what == resource.RLIMIT_CPU:
            # Where both are the same, Linux kills at once, and nobody is told why.
            later = value + LAST_SECONDS
            hard = later if allowed == resource.RLIM_INFINITY else min(later, allowed)
        resource.setrlimit(what, (value, hard))


def _unexpected(error: Exception) -> str:
    what = " ".join(str(error).split())[:300]
    if "allocate memory" in what or "bad_alloc" in what:
        return "the analysis needs more memory than is allowed: give a shorter part"
    return f"unexpected {type(error).__name__}: {what}"
