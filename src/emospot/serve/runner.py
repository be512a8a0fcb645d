"""Whoever runs the jobs: a thread a place, each with one process at a time.

The threads only wait and pass on what the processes say; the work is done there. A job whose
process ends without a result has failed; one whose server ends is queued again, and goes on
from its journal at the next start. Whatever happens to a job, its thread goes on with the next.
"""

import logging
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from emospot.processes import usable_cores
from emospot.serve.changes import Changes
from emospot.serve.child import Child, Limits, Work, prepare
from emospot.serve.jobs import DONE, FAILED, RUNNING, Job, JobStore
from emospot.serve.settings import HOUR, Settings
from emospot.serve.work import Task, analyse

LOOK_SECONDS = 0.2
"""Between two looks at the clock while a process says nothing."""
IDLE_SECONDS = 5.0
"""Between two looks at the queue while nothing is told of."""
AGAIN_SECONDS = 1.0
"""Between two tries of what the disk has refused."""

_log = logging.getLogger(__name__)


class Runner:
    """Runs the jobs that wait.

    Args:
        store: of the jobs.
        settings: limits, and how many run at a time.
        folders: where the jobs' folders lie.
        changes: rung at every change.
        work: what a process does.
    """

    def __init__(
        self,
        store: JobStore,
        settings: Settings,
        folders: Path,
        changes: Changes,
        work: Work = analyse,
    ) -> None:
        self._store, self._settings, self._folders = store, settings, folders
        self._changes, self._work = changes, work
        self._wanted = threading.Condition()
        self._stopping = False
        self._tells = 0
        self._children: dict[str, Child] = {}
        self._progress: dict[str, tuple[str, float | None]] = {}
        self._threads = [
            threading.Thread(target=self._each, name=f"jobs-{n}", daemon=True)
            for n in range(settings.jobs)
        ]

    def start(self) -> None:
        """Begin to run jobs."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End every process; what they were at waits again."""
        with self._wanted:
            self._stopping = True
            self._wanted.notify_all()
        for thread in self._threads:
            thread.join()

    def tell(self) -> None:
        """A job waits."""
        with self._wanted:
            self._tells += 1
            self._wanted.notify_all()

    def progress(self, job_id: str) -> tuple[str, float | None]:
        """The stage of a running job, and how much of it is done, or None."""
        return self._progress.get(job_id, ("", None))

    def end(self, job_id: str) -> None:
        """End the process of a job that has been cancelled; it has ended on return."""
        child = self._children.get(job_id)
        if child is not None:
            child.kill()

    def _each(self) -> None:
        with suppress(OSError, EOFError):  # the first process tries it again
            prepare(preload=self._settings.preload)
        while not self._stopping:
            tells = self._tells
            try:
                job = self._store.claim()
            except sqlite3.Error:  # a full disk, most likely: it may have room later
                job = None
            if job is None:
                with self._wanted:
                    if not self._stopping and self._tells == tells:
                        self._wanted.wait(IDLE_SECONDS)
                continue
            self._one(job)

    def _one(self, job: Job) -> None:
        """Run a job that was taken; it has ended, or waits again, on return."""
        self._changes.rung()
        try:
            self._run(job)
        except sqlite3.Error:  # of the file of jobs, not of this one
            _log.exception("analysis %s waits again", job.id)
            time.sleep(AGAIN_SECONDS)
            self._put_back(job.id)
        except Exception as error:  # noqa: BLE001 - a thread that ended would run no job any more
            _log.exception("analysis %s", job.id)
            why = f"unexpected {type(error).__name__}; the server's log has more"
            self._finish(job.id, FAILED, error=why)
        finally:
            self._progress.pop(job.id, None)
            self._changes.rung()

    def _run(self, job: Job) -> None:
        if job.model not in self._settings.models:
            self._finish(
                job.id,
                FAILED,
                error=f'the model "{job.model}" is not offered any more: choose one of '
                f"{', '.join(self._settings.models)}",
            )
            return
        try:
            child = Child(self._work, self._task(job), self._limits())
        except (OSError, EOFError) as error:  # the latter: the fork server was killed
            why = str(error) or type(error).__name__
            why = f"no process could be started ({why}); try again later"
            self._finish(job.id, FAILED, error=why)
            return
        self._children[job.id] = child
        is_deleted = False
        try:
            # Cancelled or deleted before its process was known.
            now = self._store.get(job.id)
            if now is not None and now.state == RUNNING:
                self._watch(job, child)
        finally:
            del self._children[job.id]
            child.kill()
            child.line.close()
            with suppress(sqlite3.Error):
                is_deleted = self._store.get(job.id) is None
            if is_deleted:
                # Deleted meanwhile; what the process has written after that goes, too.
                shutil.rmtree(self._folders / job.id, ignore_errors=True)

    def _watch(self, job: Job, child: Child) -> None:
        """Pass on what the process says until it ends, its time is over, or the server's."""
        until = time.monotonic() + self._settings.job_hours * HOUR
        while not self._stopping:
            if time.monotonic() > until:
                hours = f"{self._settings.job_hours:g} hours"
                why = f"the analysis took longer than {hours}, which this server allows"
                self._finish(job.id, FAILED, error=f"{why}: give a shorter part")
                return
            try:
                message = child.line.hear(LOOK_SECONDS)
            except EOFError:
                self._finish(job.id, FAILED, error=child.ending())
                return
            if message is None:
                continue
            if "failed" in message:
                self._finish(job.id, FAILED, error=str(message["failed"]))
                return
            if isinstance(message.get("done"), list):
                self._finish(job.id, DONE, warnings=tuple(map(str, message["done"])))
                return
            self._note(job.id, message)
        self._put_back(job.id)

    def _finish(
        self, job_id: str, state: str, *, error: str = "", warnings: tuple[str, ...] = ()
    ) -> None:
        """Write how a job has ended, as soon as the disk takes it."""
        self._written(lambda: self._store.finish(job_id, state, error=error, warnings=warnings))

    def _put_back(self, job_id: str) -> None:
        """Let a job wait again, as soon as the disk takes that."""
        self._written(lambda: self._store.put_back(job_id))

    def _written(self, change: Callable[[], object]) -> None:
        while True:
            try:
                change()
                return
            except sqlite3.Error:
                if self._stopping:  # what is running is begun again at the next start
                    return
                time.sleep(AGAIN_SECONDS)

    def _note(self, job_id: str, message: dict[str, object]) -> None:
        stage, share = self._progress.get(job_id, ("", None))
        if "stage" in message:
            stage, share = str(message["stage"]), None
        told = message.get("share")
        if isinstance(told, int | float) and 0 <= told <= 1:
            share = float(told)
        self._progress[job_id] = stage, share
        self._changes.rung()

    def _task(self, job: Job) -> Task:
        return Task(
            self._folders / job.id,
            job.recording,
            job.transcript,
            job.is_media,
            job.name,
            self._settings.models[job.model],
            job.speakers,
            self._settings.media_hours,
            self._settings.utterances,
        )

    def _limits(self) -> Limits:
        threads = threads_of(self._settings.jobs)
        return Limits(
            self._settings.memory_bytes,
            max(1, round(self._settings.job_hours * HOUR * threads)),
            threads,
        )


def threads_of(jobs: int) -> int:
    """Threads of each of so many jobs: their share of the cores, or what the user has set."""
    share = max(1, usable_cores() // jobs)
    wish = os.environ.get("OMP_NUM_THREADS", "")
    return min(share, int(wish)) if wish.isdigit() and int(wish) else share
