"""A small client of the API, with nothing but the standard library.

    from emospot.serve.client import Client

    client = Client("http://127.0.0.1:8765")
    job = client.upload("talk.mp4", transcript="talk.srt")
    job = client.wait(job, on_progress=lambda job: print(job.state, job.stage, job.share))
    for utterance in client.analysis(job).utterances:
        print(utterance.speaker, utterance.emotion)
    client.delete(job)

An upload is sent from the disk as it is read; it is never in memory as a whole.
"""

import http.client
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from emospot.errors import EmospotError, UsageError

if TYPE_CHECKING:
    from emospot.analysis.types import Analysis

BLOCK_BYTES = 256 * 1024
AGAIN_SECONDS = 1.0
"""After which progress is asked for again, where the connection broke."""
TRIES = 30
"""How often in a row, before the server is given up."""


class ServerError(EmospotError):
    """A request that the server did not answer as it was meant.

    Args:
        status: of HTTP; 0 where the server could not be reached.
        message: what the server says.
        retry_after: seconds after which it may be tried again, or None.
    """

    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.retry_after = status, retry_after


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """An analysis on the server.

    Args:
        id: of the job.
        name: of the recording.
        state: "queued", "running", "done", "failed" or "cancelled".
        stage: what is being done, or "".
        share: how much of the stage is done, from 0 to 1, or None.
        position: in the queue from 1, or None.
        created: ISO 8601, UTC; so the following, or None.
        started: when it was begun.
        finished: when it ended.
        expires: when media and results are deleted.
        error: why it failed, or "".
        warnings: of the analysis.
    """

    id: str
    name: str
    state: str
    stage: str
    share: float | None
    position: int | None
    created: str
    started: str | None
    finished: str | None
    expires: str | None
    error: str
    warnings: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.state not in ("queued", "running")


class Client:
    """Talks to a server.

    Args:
        address: e.g. "http://127.0.0.1:8765"; a path before the API's is kept.
        token: that the server was started with, or "".
        timeout: seconds without any byte after which a request is given up.

    Raises:
        UsageError: if that is no address.
    """

    def __init__(self, address: str, token: str = "", timeout: float = 60.0) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f'"{address}": expected an address as http://127.0.0.1:8765')
        self._secure, self._host = parts.scheme == "https", parts.netloc.rpartition("@")[2]
        self._base = parts.path.rstrip("/")
        self._token, self._timeout = token, timeout

    def upload(
        self,
        recording: str | Path,
        transcript: str | Path | None = None,
        *,
        model: str = "",
        speakers: str | int = "",
    ) -> RemoteJob:
        """Give a recording to be analysed; the server keeps it once this returns.

        Args:
            recording: media file, or a transcript by itself.
            transcript: of the recording.
            model: a name of `models()`; "": the bundled one.
            speakers: "auto" or a number: tell speakers apart by voice.

        Raises:
            ServerError: if it is refused; `retry_after` tells when to try again.
            OSError: if a file cannot be read.
        """
        form = _Form()
        for name, value in (("model", model), ("speakers", str(speakers))):
            if value:
                form.add_value(name, value)
        form.add_file("recording", Path(recording))
        if transcript is not None:
            form.add_file("transcript", Path(transcript))
        headers = {"Content-Type": form.content_type, "Content-Length": str(form.size)}
        answer = self._asked("POST", "/analyses", form.blocks(), headers)
        return _job(json.loads(answer))

    def jobs(self) -> list[RemoteJob]:
        """All jobs, the newest first."""
        return [_job(one) for one in json.loads(self._asked("GET", "/analyses"))["analyses"]]

    def job(self, job: RemoteJob | str) -> RemoteJob:
        """A job as it is now.

        Raises:
            ServerError: 404, if there is none.
        """
        return _job(json.loads(self._asked("GET", _path(job))))

    def watch(self, job: RemoteJob | str) -> Iterator[RemoteJob]:
        """The job at each of its changes, until it has ended.

        A connection that breaks, or a server that is started again, is waited for.

        Raises:
            ServerError: 404, if it is deleted meanwhile; 0, if the server stays away.
        """
        failed = 0
        while True:
            try:
                with self._opened("GET", f"{_path(job)}/events") as response:
                    for event in _events(response):
                        failed = 0
                        current = _job(event)
                        yield current
                        if current.ended:
                            return
            except ServerError as error:
                if error.status:
                    raise
                if failed >= TRIES:
                    raise
            except (OSError, http.client.HTTPException) as error:
                if failed >= TRIES:
                    raise ServerError(0, f"the server does not answer ({error})") from error
            failed += 1
            time.sleep(AGAIN_SECONDS)

    def wait(
        self,
        job: RemoteJob | str,
        on_progress: Callable[[RemoteJob], None] = lambda job: None,
    ) -> RemoteJob:
        """Wait until a job is done.

        Args:
            job: to wait for.
            on_progress: told the job at each of its changes.

        Raises:
            EmospotError: if it fails or is cancelled, saying why.
            ServerError: as `watch`.
        """
        last: RemoteJob | None = None
        for last in self.watch(job):
            on_progress(last)
        if last is None or last.state != "done":
            state = last.state if last is not None else "gone"
            why = last.error if last is not None and last.error else f"the analysis is {state}"
            raise EmospotError(why)
        return last

    def analysis(self, job: RemoteJob | str) -> "Analysis":
        """The analysis of a job that is done.

        Raises:
            ServerError: 409, if it is not done.
        """
        from emospot.analysis.types import Analysis

        return Analysis.from_json(self._asked("GET", f"{_path(job)}/analysis").decode())

    def report(self, job: RemoteJob | str) -> str:
        """The report of a job that is done, as HTML; it plays the recording that lies beside it.

        Raises:
            ServerError: 409, if it is not done.
        """
        return self._asked("GET", f"{_path(job)}/report?download=1").decode()

    def export(self, job: RemoteJob | str, export_format: str) -> bytes:
        """The analysis in another format: "srt", "vtt", "csv", "jsonl", "textgrid", "eaf", ….

        Raises:
            ServerError: 404, if there is no such format; 409, if the job is not done.
        """
        return self._asked("GET", f"{_path(job)}/exports/{quote(export_format, safe='')}")

    def cancel(self, job: RemoteJob | str) -> RemoteJob:
        """End a job.

        Raises:
            ServerError: 409, if it has ended already.
        """
        return _job(json.loads(self._asked("POST", f"{_path(job)}/cancel")))

    def delete(self, job: RemoteJob | str) -> None:
        """End a job, and delete its media and its results from the server."""
        self._asked("DELETE", _path(job))

    def models(self) -> dict[str, dict[str, Any]]:
        """Name → card of the models that may be asked for."""
        found = json.loads(self._asked("GET", "/models"))["models"]
        return {one["name"]: one["card"] for one in found}

    def health(self) -> dict[str, Any]:
        """That the server is there, its version and what it takes."""
        answer: dict[str, Any] = json.loads(self._asked("GET", "/health"))
        return answer

    def _asked(
        self,
        method: str,
        path: str,
        body: Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        try:
            with self._opened(method, path, body, headers) as response:
                return response.read()
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise ServerError(
                0, f"no answer from {self._host} ({error}): is emospot serve running there?"
            ) from error

    @contextmanager
    def _opened(
        self,
        method: str,
        path: str,
        body: Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, timeout=self._timeout)
        sent = dict(headers or {})
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        try:
            try:
                connection.request(method, self._base + path, body, sent)
            except (BrokenPipeError, ConnectionResetError):
                # Refused before all was sent: the answer says why, if it is there.
                if body is None:
                    raise
            response = connection.getresponse()
            if response.status >= 400:
                raise _refusal(response)
            yield response
        finally:
            connection.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return


class _Form:
    """A form of files, written block by block."""

    def __init__(self) -> None:
        self._boundary = secrets.token_hex(16)
        self._parts: list[tuple[bytes, Path | None]] = []
        self.content_type = f"multipart/form-data; boundary={self._boundary}"

    def add_value(self, name: str, value: str) -> None:
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        self._parts.append((f"{head}{value}\r\n".encode(), None))

    def add_file(self, name: str, path: Path) -> None:
        # As browsers write what would end the name.
        shown = path.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        head = (
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"; '
            f'filename="{shown}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        self._parts.append((head.encode("utf-8", "surrogateescape"), path))

    @property
    def size(self) -> int:
        files = sum(path.stat().st_size + 2 for _, path in self._parts if path is not None)
        return sum(len(head) for head, _ in self._parts) + files + len(self._end)

    @property
    def _end(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()

    def blocks(self) -> Iterator[bytes]:
        for head, path in self._parts:
            yield head
            if path is not None:
                with path.open("rb") as file:
                    while block := file.read(BLOCK_BYTES):
                        yield block
                yield b"\r\n"
        yield self._end


def _path(job: RemoteJob | str) -> str:
    return f"/analyses/{quote(job if isinstance(job, str) else job.id, safe='')}"


def _job(values: Mapping[str, Any]) -> RemoteJob:
    known = {one.name: values[one.name] for one in fields(RemoteJob)}
    return RemoteJob(**{**known, "warnings": tuple(values["warnings"])})


def _events(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """What the events of a stream hold; comments keep it alive and are passed over."""
    while line := response.readline():
        if line.startswith(b"data:"):
            yield json.loads(line.removeprefix(b"data:"))


def _refusal(response: http.client.HTTPResponse) -> ServerError:
    text = response.read(100_000).decode("utf-8", "replace")
    try:
        said = str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        said = f"{response.status} {response.reason}"
    after = response.headers.get("Retry-After", "")
    return ServerError(response.status, said, float(after) if after.isdigit() else None)
