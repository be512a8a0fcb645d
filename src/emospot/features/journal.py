"""What has been measured of a long recording, kept on disk until all of it is.

A killed measurement goes on where it stopped: each utterance's tokens are written as soon
as they are there (into an SQLite file), and found again by extractor and span. Of another
recording, or one that has changed since, nothing is found.
"""

import io
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Tokens
from emospot.errors import EmospotError
from emospot.features.base import (
    FACE_TRACK_COLUMNS,
    FaceExtractor,
    FacesExtractor,
    FeatureDescription,
    Span,
    VoiceExtractor,
)

LOCK_SECONDS = 0.5
"""After which a file that another process writes to is given up."""
_ENDINGS = ("", "-wal", "-shm")
_WHOSE = slice(-len(FACE_TRACK_COLUMNS), -1)  # shot and track

_Frames = Iterable[tuple[float, NDArray[np.uint8]]]
_FoundFaces = Iterator[tuple[int, Tokens | None]]
_Measure = Callable[[_Frames, Sequence[Span]], _FoundFaces]


class Journal:
    """The tokens of one recording that have been measured so far.

    Args:
        path: the file; an older one of the same recording is gone on with.
        recording: which is measured.

    Raises:
        EmospotError: if the file cannot be written, another process writes to it, or the
            recording is not there.
    """

    def __init__(self, path: Path, recording: Path) -> None:
        self._path = path
        try:
            status = recording.stat()
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmospotError(f"{error.filename}: {error.strerror}") from error
        identity = json.dumps([str(recording.resolve()), status.st_size, status.st_mtime_ns])
        try:
            self._database = self._opened(identity)
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise EmospotError(
                    f"{path} is in use: another emospot analyses into this folder; wait for it, "
                    "or choose another folder"
                ) from error
            self._database = self._anew(identity)
        self.failed = ""

    def _anew(self, identity: str) -> sqlite3.Connection:
        """In the place of what is no journal of ours, or a damaged one."""
        try:
            self.remove()
            return self._opened(identity)
        except (sqlite3.Error, OSError) as error:
            raise EmospotError(
                f"cannot write {self._path}: {error}; choose another folder"
            ) from error

    def _opened(self, identity: str) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=LOCK_SECONDS, isolation_level=None)
        try:
            # One process alone reads and writes it.
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("CREATE TABLE IF NOT EXISTS of (recording TEXT)")
            database.execute(
                "CREATE TABLE IF NOT EXISTS tokens (key TEXT PRIMARY KEY, value BLOB)"
            )
            if database.execute("SELECT recording FROM of").fetchall() != [(identity,)]:
                database.execute("DELETE FROM of")
                database.execute("DELETE FROM tokens")
                database.execute("INSERT INTO of VALUES (?)", (identity,))
            database.execute("COMMIT")
        except sqlite3.DatabaseError:
            database.close()
            raise
        return database

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM tokens").fetchone()[0])

    def has(self, key: str) -> bool:
        """Whether anything is kept under a key, be it that nothing was there."""
        found = self._database.execute("SELECT 1 FROM tokens WHERE key = ?", (key,))
        return found.fetchone() is not None

    def get(self, key: str) -> Tokens | None:
        """What is kept under a key; None: nothing, or that nothing was there."""
        row = self._database.execute("SELECT value FROM tokens WHERE key = ?", (key,)).fetchone()
        return None if row is None or row[0] is None else _tokens(row[0])

    def put(self, key: str, tokens: Tokens | None) -> None:
        """Keep what was measured, or that nothing was there.

        Where that fails (a full disk), `failed` says why, and nothing more is kept.
        """
        if self.failed:
            return
        value = None if tokens is None else _bytes(tokens)
        try:
            self._database.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?)", (key, value))
        except sqlite3.Error as error:
            self.failed = str(error)

    def close(self) -> None:
        """Let go of the file; it stays."""
        self._database.close()

    def remove(self) -> None:
        """Delete the file: everything has been measured."""
        if hasattr(self, "_database"):
            self._database.close()
        for ending in _ENDINGS:
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)


class JournaledVoice:
    """A voice extractor that measures nothing twice.

    Args:
        extractor: measures.
        journal: of the recording.
    """

    def __init__(self, extractor: VoiceExtractor, journal: Journal) -> None:
        self._extractor, self._journal = extractor, journal
        self._name = repr(extractor.describe())

    def describe(self) -> FeatureDescription:
        """What identifies this feature."""
        return self._extractor.describe()

    def extract(self, audio: NDArray[np.float32], start: float) -> Tokens | None:
        """Tokens of one utterance; see `VoiceExtractor`."""
        key = f"{self._name} {start!r} {len(audio)}"
        if self._journal.has(key):
            return self._journal.get(key)
        tokens = self._extractor.extract(audio, start)
        self._journal.put(key, tokens)
        return tokens


class JournaledFace:
    """A face extractor that measures nothing twice.

    Whom a face belongs to is followed from picture to picture; where a measurement goes on,
    that begins anew.

    Args:
        extractor: measures.
        journal: of the recording.
    """

    def __init__(self, extractor: FaceExtractor, journal: Journal) -> None:
        self._extractor, self._journal = extractor, journal
        self._name = repr(extractor.describe())

    def describe(self) -> FeatureDescription:
        """What identifies this feature."""
        return self._extractor.describe()

    def extract(
        self, frames: Iterable[tuple[float, NDArray[np.uint8]]], spans: Sequence[Span]
    ) -> Iterator[tuple[int, Tokens | None]]:
        """Tokens of the frames within each span; see `FaceExtractor`."""
        yield from self._kept(self._name, self._extractor.extract, frames, spans)

    def _kept(
        self, name: str, measure: _Measure, frames: _Frames, spans: Sequence[Span]
    ) -> Iterator[tuple[int, Tokens | None]]:
        keys = [_face_key(name, span) for span in spans]
        left = []
        for index, key in enumerate(keys):
            if self._journal.has(key):
                yield index, self._journal.get(key)
            else:
                left.append(index)
        if not left:
            return
        for place, tokens in measure(frames, [spans[index] for index in left]):
            self._journal.put(keys[left[place]], tokens)
            yield left[place], tokens


class JournaledFaces(JournaledFace):
    """The same for an extractor of every face.

    The numbers of tracks go on where a measurement goes on, so that a face before the
    kill and one after it are never taken for the same.

    Args:
        extractor: measures.
        journal: of the recording.
    """

    def __init__(self, extractor: FacesExtractor, journal: Journal) -> None:
        super().__init__(extractor, journal)
        self._faces = extractor.faces

    def faces(
        self, frames: Iterable[tuple[float, NDArray[np.uint8]]], spans: Sequence[Span]
    ) -> Iterator[tuple[int, Tokens | None]]:
        """Tokens of every face within each span; see `FacesExtractor`."""
        name = f"{self._name} every face"
        kept = [self._journal.get(_face_key(name, span)) for span in spans]
        used = [own.values[:, _WHOSE].max(0) + 1 for own in kept if own is not None]
        shift = np.max(used, axis=0) if used else np.zeros(2)

        def measured(frames: _Frames, spans: Sequence[Span]) -> _FoundFaces:
            for index, tokens in self._faces(frames, spans):
                yield index, None if tokens is None else _renumbered(tokens, shift)

        yield from self._kept(name, measured, frames, spans)


def _face_key(name: str, span: Span) -> str:
    start, end = span
    return f"{name} {start!r} {end!r}"


def _renumbered(tokens: Tokens, shift: NDArray[np.floating]) -> Tokens:
    values = tokens.values.copy()
    values[:, _WHOSE] += shift
    return replace(tokens, values=values)


def _bytes(tokens: Tokens) -> bytes:
    arrays: dict[str, Any] = {"values": tokens.values}
    if tokens.times is not None:
        arrays["times"] = tokens.times
    if tokens.offsets is not None:
        arrays["offsets"] = tokens.offsets
    if tokens.columns is not None:
        arrays["columns"] = np.array(tokens.columns)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _tokens(data: bytes) -> Tokens:
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        columns = tuple(map(str, found["columns"])) if "columns" in found else None
        return Tokens(found["values"], found.get("times"), found.get("offsets"), columns)
