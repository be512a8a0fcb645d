"""The jobs: a row each in an SQLite file, which a kill at any moment leaves whole.

| state | means |
|---|---|
| queued | accepted; its files are on the disk |
| running | a process is at it; after a restart of the server it is queued again |
| done, failed, cancelled | ended; deleted with its files at `expires` |

Every change is on the disk when its method returns (`synchronous=FULL`). How far a running
job is changes often and is not kept here.
"""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emospot.errors import EmospotError

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
FINAL = (DONE, FAILED, CANCELLED)
TRIES = 3
"""How often a job is begun whose server is killed, before it is held to be the reason."""

_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT UNIQUE NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    recording TEXT NOT NULL,
    transcript TEXT NOT NULL,
    is_media INTEGER NOT NULL,
    model TEXT NOT NULL,
    speakers TEXT NOT NULL,
    created REAL NOT NULL,
    started REAL,
    finished REAL,
    expires REAL,
    error TEXT NOT NULL DEFAULT '',
    warnings TEXT NOT NULL DEFAULT '[]',
    tries INTEGER NOT NULL DEFAULT 0
)
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One recording that was given to be analysed.

    Args:
        number: in the order of acceptance.
        id: random, and the name of its folder.
        name: of the recording, for people.
        state: see the module.
        recording: file name in its folder.
        transcript: file name in its folder, or "".
        is_media: whether `recording` is one; else it is a transcript by itself.
        model: by the name that was asked for.
        speakers: "auto", a number, or "" where nothing was said.
        created: seconds since 1970.
        started: when it was last begun, or None.
        finished: when it ended, or None.
        expires: when it is deleted, or None before it has ended.
        error: why it failed, or "".
        warnings: of the analysis.
        tries: how often it was begun.
    """

    number: int
    id: str
    name: str
    state: str
    recording: str
    transcript: str
    is_media: bool
    model: str
    speakers: str
    created: float
    started: float | None = None
    finished: float | None = None
    expires: float | None = None
    error: str = ""
    warnings: tuple[str, ...] = ()
    tries: int = 0


def new_id() -> str:
    """A name that nobody guesses: 128 random bits."""
    return secrets.token_hex(16)


class JobStore:
    """The rows of the jobs; may be used from any thread.

    Args:
        path: the SQLite file, made if absent.
        keep_seconds: from the end of a job to its deletion.

    Raises:
        EmospotError: if it cannot be opened.
    """

    def __init__(self, path: Path, keep_seconds: float) -> None:
        self._keep = keep_seconds
        self._lock = threading.Lock()
        try:
            # SQLite gives the files that it puts beside this one the same rights.
            path.touch(mode=0o600)
            path.chmod(0o600)
            self._database = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=10
            )
            self._database.row_factory = sqlite3.Row
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            # A name that was deleted is not to be found in the file's free pages.
            self._database.execute("PRAGMA secure_delete=ON")
            self._database.execute(_TABLE)
        except (sqlite3.Error, OSError) as error:
            raise EmospotError(
                f"{path}: cannot be used as the database of jobs ({error}); choose another "
                "folder with --data"
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def add(
        self,
        job_id: str,
        name: str,
        recording: str,
        *,
        transcript: str = "",
        is_media: bool = True,
        model: str = "bundled",
        speakers: str = "",
    ) -> Job:
        """Accept a job, whose files are on the disk; arguments as in `Job`."""
        with self._changed() as database:
            database.execute(
                "INSERT INTO jobs (id, name, state, recording, transcript, is_media, model,"
                " speakers, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(job_id, name, QUEUED, recording, transcript, is_media, model, speakers),
                    time.time(),
                ),
            )
            return _job(database.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone())

    def get(self, job_id: str) -> Job | None:
        """The job of an id, None where there is none."""
        with self._lock:
            row = self._database.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return None if row is None else _job(row)

    def all(self) -> list[Job]:
        """The jobs, the newest first."""
        with self._lock:
            rows = self._database.execute("SELECT * FROM jobs ORDER BY number DESC").fetchall()
        return [_job(row) for row in rows]

    def queued(self) -> list[str]:
        """The ids of those that wait, in the order in which they are begun."""
        with self._lock:
            rows = self._database.execute(
                "SELECT id FROM jobs WHERE state = ? ORDER BY number", (QUEUED,)
            ).fetchall()
        return [row["id"] for row in rows]

    def claim(self) -> Job | None:
        """Take the next job that waits; it is running then. None: nothing waits."""
        with self._changed() as database:
            row = database.execute(
                "SELECT id FROM jobs WHERE state = ? ORDER BY number LIMIT 1", (QUEUED,)
            ).fetchone()
            if row is None:
                return None
            database.execute(
                "UPDATE jobs SET state = ?, started = ?, tries = tries + 1 WHERE id = ?",
                (RUNNING, time.time(), row["id"]),
            )
            return _job(
                database.execute("SELECT * FROM jobs WHERE id = ?", (row["id"],)).fetchone()
            )

    def put_back(self, job_id: str) -> None:
        """Let a running job wait again, as if it had not been begun."""
        with self._changed() as database:
            database.execute(
                "UPDATE jobs SET state = ?, started = NULL, tries = tries - 1"
                " WHERE id = ? AND state = ?",
                (QUEUED, job_id, RUNNING),
            )

    def finish(
        self, job_id: str, state: str, *, error: str = "", warnings: tuple[str, ...] = ()
    ) -> bool:
        """End a running job; False where it has been cancelled or deleted meanwhile."""
        return self._ended(job_id, (RUNNING,), state, error, warnings)

    def cancel(self, job_id: str) -> bool:
        """End a job that waits or runs; False where it has ended already."""
        return self._ended(job_id, (QUEUED, RUNNING), CANCELLED, "", ())

    def delete(self, job_id: str) -> bool:
        """Forget a job; False where there is none. Nothing of it is left in any file."""
        with self._changed() as database:
            found = database.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
        # The log beside the database still has the row as it was: write the log over into the
        # database, where the row is overwritten, and empty it. Where that fails (another
        # program reads the file), the next deletion does it.
        with self._lock, suppress(sqlite3.Error):
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return found.rowcount > 0

    def expired(self) -> list[str]:
        """The ids of those whose time is over."""
        with self._lock:
            rows = self._database.execute(
                "SELECT id FROM jobs WHERE expires <= ?", (time.time(),)
            ).fetchall()
        return [row["id"] for row in rows]

    def recover(self) -> int:
        """After a start: what was running waits again; what was begun too often has failed.

        Returns:
            How many wait again.
        """
        now = time.time()
        with self._changed() as database:
            database.execute(
                "UPDATE jobs SET state = ?, finished = ?, expires = ?, error = ?"
                " WHERE state = ? AND tries >= ?",
                (
                    *(FAILED, now, now + self._keep),
                    f"the server ended {TRIES} times while this was analysed, so it is not tried "
                    "again: try another file format, or a shorter part",
                    *(RUNNING, TRIES),
                ),
            )
            back = database.execute(
                "UPDATE jobs SET state = ?, started = NULL WHERE state = ?", (QUEUED, RUNNING)
            )
            return back.rowcount

    def _ended(
        self,
        job_id: str,
        before: tuple[str, ...],
        state: str,
        error: str,
        warnings: tuple[str, ...],
    ) -> bool:
        now = time.time()
        first, last = before[0], before[-1]
        values: tuple[Any, ...] = (
            *(state, now, now + self._keep, error, json.dumps(warnings)),
            *(job_id, first, last),
        )
        with self._changed() as database:
            found = database.execute(
                "UPDATE jobs SET state = ?, finished = ?, expires = ?, error = ?, warnings = ?"
                " WHERE id = ? AND state IN (?, ?)",
                values,
            )
            return found.rowcount > 0

    @contextmanager
    def _changed(self) -> Iterator[sqlite3.Connection]:
        """All of the changes of a block, or none."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    warnings = tuple(json.loads(values.pop("warnings")))
    return Job(**{**values, "warnings": warnings, "is_media": bool(values["is_media"])})
