"""Everything that the routes need of one server: the jobs, their folders, and who runs them.

The folder of a server:

| in it | what |
|---|---|
| `jobs.sqlite` | the rows |
| `jobs/ID/` | recording, transcript and results of a job |
| `uploads/` | what is coming in; emptied at each start |
| `lock` | held while a server runs, so that no second one begins |

Nothing but what a server has made is ever deleted: a folder that holds other things is not
taken, and below `jobs/` and `uploads/` only folders go that are called like a job.

An upload is accepted in this order: files on the disk, folder renamed into `jobs/`, row
written. A kill in between leaves a folder without a row, which the next start removes; it
was not accepted.
"""

import asyncio
import fcntl
import os
import re
import shutil
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from emospot.errors import EmospotError, UsageError
from emospot.files import make_folder
from emospot.serve.answers import JobAnswer, job_answer
from emospot.serve.changes import Changes
from emospot.serve.child import Work
from emospot.serve.jobs import DONE, QUEUED, Job, JobStore, new_id
from emospot.serve.refused import RefusedError
from emospot.serve.runner import Runner
from emospot.serve.settings import HOUR, Settings
from emospot.serve.uploads import Received, receive
from emospot.serve.work import analyse

if TYPE_CHECKING:
    from starlette.requests import Request

SWEEP_SECONDS = 30.0
"""Between two looks for jobs whose time is over."""
RETRY_AFTER = 30
DATABASE, LOCK = "jobs.sqlite", "lock"
JOBS, UPLOADS = "jobs", "uploads"
_ID = re.compile(r"[0-9a-f]{32}")


class Desk:
    """Takes jobs in, tells of them, and clears them away.

    Args:
        settings: of the server.
        work: what is done in a job's process.

    Raises:
        UsageError: if the folder holds what no server has put there.
        EmospotError: if the folder cannot be used, or another server uses it.
    """

    def __init__(self, settings: Settings, work: Work = analyse) -> None:
        self.settings = settings
        self.changes = Changes()
        self._folders, self._uploads = settings.data / JOBS, settings.data / UPLOADS
        _make_folders(settings.data)
        self._lock = _locked(settings)
        self.store = JobStore(settings.data / DATABASE, settings.keep_hours * HOUR)
        self.runner = Runner(self.store, settings, self._folders, self.changes, work)
        self._coming = 0
        self._ended = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="sweep", daemon=True)

    def start(self) -> None:
        """Clear away what a kill has left, take up what waits, and begin to work."""
        known = {job.id for job in self.store.all()}
        for left in (*self._uploads.iterdir(), *self._folders.iterdir()):
            if _ID.fullmatch(left.name) and left.name not in known:
                _remove(left)
        self.store.recover()
        self.clear_expired()
        self.runner.start()
        self._sweeper.start()

    def stop(self) -> None:
        """End all processes and let go of the folder."""
        self._ended.set()
        self.runner.stop()
        self._sweeper.join()
        self.store.close()
        self._lock.close()

    async def take(self, request: "Request") -> JobAnswer:
        """Accept an upload: on return its files and its row are on the disk.

        Raises:
            RefusedError: 429 where the queue is full, 422 of a wrong field, or as `receive`.
        """
        waiting = len(await asyncio.to_thread(self.store.queued))
        if waiting + self._coming >= self.settings.queue:
            raise RefusedError(
                429,
                f"{self.settings.queue} jobs wait already, which is as many as this server "
                "takes: try again later",
                {"Retry-After": str(RETRY_AFTER)},
            )
        self._coming += 1
        job_id = new_id()
        folder = self._uploads / job_id
        try:
            folder.mkdir()
            received = await receive(request, folder, self.settings)
            model, speakers = self._fields(received.fields)
            job = await asyncio.to_thread(self._accept, job_id, received, model, speakers)
        finally:
            self._coming -= 1
            await asyncio.to_thread(_remove, folder)
        self.runner.tell()
        self.changes.rung()
        return self._answer(job, self.store.queued())

    def jobs(self) -> list[JobAnswer]:
        """All jobs, the newest first."""
        queued = self.store.queued()
        return [self._answer(job, queued) for job in self.store.all()]

    def job(self, job_id: str) -> Job:
        """The row of a job.

        Raises:
            RefusedError: 404, if there is none.
        """
        job = self.store.get(job_id)
        if job is None:
            raise RefusedError(
                404, "there is no such analysis: it was deleted, or its time was over"
            )
        return job

    def done(self, job_id: str) -> Job:
        """The row of a job that has results.

        Raises:
            RefusedError: 404, if there is none; 409, if it is not done.
        """
        job = self.job(job_id)
        if job.state != DONE:
            raise RefusedError(
                409, f"the analysis is {job.state}: there are results once it is done"
            )
        return job

    def answer(self, job_id: str) -> JobAnswer:
        """What the API tells of a job.

        Raises:
            RefusedError: 404, if there is none.
        """
        job = self.job(job_id)
        return self._answer(job, self.store.queued() if job.state == QUEUED else [])

    def file(self, job_id: str, name: str) -> os.PathLike[str]:
        """A file of a job, which is known to exist.

        Raises:
            RefusedError: 404, if it has none of that name.
        """
        path = self._folders / job_id / name
        if not path.is_file():
            raise RefusedError(404, "the file of this analysis is not there any more")
        return path

    def cancel(self, job_id: str) -> JobAnswer:
        """End a job; its process has ended on return.

        Raises:
            RefusedError: 404, if there is none; 409, if it has ended already.
        """
        self.job(job_id)
        if not self.store.cancel(job_id):
            state = self.job(job_id).state
            raise RefusedError(409, f"the analysis has ended already ({state})")
        self.runner.end(job_id)
        self.changes.rung()
        return self.answer(job_id)

    def delete(self, job_id: str) -> None:
        """End a job, and delete its row, its media and its results.

        Raises:
            RefusedError: 404, if there is none.
        """
        self.job(job_id)
        self.store.delete(job_id)
        self.runner.end(job_id)
        _remove(self._folders / job_id)
        self.changes.rung()

    def clear_expired(self) -> None:
        """Delete the jobs whose time is over."""
        for job_id in self.store.expired():
            with suppress(RefusedError):  # somebody was faster
                self.delete(job_id)

    def _sweep(self) -> None:
        while not self._ended.wait(SWEEP_SECONDS):
            # A full disk, most likely: what is due stays due, and the next look finds it.
            with suppress(sqlite3.Error, OSError):
                self.clear_expired()

    def _answer(self, job: Job, queued: list[str]) -> JobAnswer:
        position = queued.index(job.id) + 1 if job.id in queued else None
        return job_answer(job, self.runner.progress(job.id), position)

    def _fields(self, fields: dict[str, str]) -> tuple[str, str]:
        """Model and speakers that were asked for.

        Raises:
            RefusedError: 422, if there is no such model, or that is no number of speakers.
        """
        model = fields.get("model") or "bundled"
        if model not in self.settings.models:
            offered = ", ".join(self.settings.models)
            raise RefusedError(422, f'there is no model "{model[:80]}": choose one of {offered}')
        speakers = fields.get("speakers", "").strip().lower()
        number = speakers.isascii() and speakers.isdigit() and 1 <= int(speakers) <= 50
        if speakers not in ("", "auto") and not number:
            raise RefusedError(
                422, f'speakers "{speakers[:40]}": expected "auto" or a number from 1 to 50'
            )
        return model, speakers

    def _accept(self, job_id: str, received: Received, model: str, speakers: str) -> Job:
        """Put an upload's folder among the jobs, and its row into the database, for good."""
        try:
            _sync(self._uploads / job_id)
            (self._uploads / job_id).rename(self._folders / job_id)
            _sync(self._folders)
            return self.store.add(
                job_id,
                received.name,
                received.recording,
                transcript=received.transcript,
                is_media=received.is_media,
                model=model,
                speakers=speakers,
            )
        except (OSError, sqlite3.Error) as error:
            _remove(self._folders / job_id)
            raise RefusedError(
                507, f"the upload could not be kept ({error}): try again later"
            ) from error


def _make_folders(data: Path) -> None:
    """Make the folders of a server, which nobody else on this machine may look into.

    They hold recordings of people. A folder that was there before keeps its rights; what we
    put into it has its own.
    """
    _check_ours(data)
    is_new = not data.exists()
    make_folder(data)
    if is_new:
        data.chmod(0o700)
    for folder in (data / JOBS, data / UPLOADS):
        make_folder(folder)
        folder.chmod(0o700)


def _check_ours(data: Path) -> None:
    """Refuse a folder of somebody else's files, before anything is made or deleted in it.

    Raises:
        UsageError: if it is neither empty nor has it the database of a server.
    """
    if not data.is_dir() or (data / DATABASE).is_file():
        return
    try:
        found = {path.name for path in data.iterdir()}
        # What a first start leaves that is killed before it has made the database.
        empty = not any(any((data / name).iterdir()) for name in found & {JOBS, UPLOADS})
    except OSError as error:
        raise EmospotError(
            f"{data}: cannot be read ({error.strerror}); choose another --data"
        ) from error
    foreign = sorted(found - {JOBS, UPLOADS, LOCK})
    if foreign or not empty:
        raise UsageError(
            f"{data} holds other files ({', '.join(foreign[:3]) or 'in jobs or uploads'}) and no "
            f"{DATABASE} of emospot serve: choose an empty or a new folder with --data"
        )


def _locked(settings: Settings) -> IO[str]:
    file = (settings.data / LOCK).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise EmospotError(
            f"{settings.data} is in use by another emospot serve: end it, or choose another "
            "folder with --data"
        ) from error
    return file


def _sync(folder: os.PathLike[str]) -> None:
    """Bring the entries of a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: os.PathLike[str]) -> None:
    shutil.rmtree(path, ignore_errors=True)
