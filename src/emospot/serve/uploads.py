"""An upload: a form that is written to the disk while it comes in, and counted on the way.

The body of `multipart/form-data` is never in memory as a whole: a block at a time goes
through the parser into the files of a folder that the caller has made. The first limit that
is passed ends it. When `receive` returns, the files are on the disk (`fsync`), under names of
our own.
"""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from emospot.serve.names import PEEK, kind_of, shown_name, transcript_ending
from emospot.serve.refused import RefusedError
from emospot.serve.settings import HOUR, MEGABYTE, Settings

if TYPE_CHECKING:
    from starlette.requests import Request

FILES = ("recording", "transcript")
FIELDS = ("model", "speakers")
MOST_PARTS = 8
FIELD_BYTES = 1000
"""Of a value that is no file."""
FORM_BYTES = 64 * 1024
"""That the form itself may add to its files."""
BLOCK_BYTES = 256 * 1024
"""That are written at a time."""
QUIET_SECONDS = 60
"""After which an upload that brings nothing is given up."""
LONGEST_SECONDS = 6 * 3600.0
"""After which an upload is given up, however much it brings: it holds a place in the queue."""
REST_SECONDS, REST_BYTES = 5.0, 64 * MEGABYTE
"""Of a refused upload that are read and thrown away, so that the answer is heard: many
senders only listen when they have sent."""
LOOK_BYTES = 64 * MEGABYTE
"""Between two looks at the space that is left."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came in.

    Args:
        name: of the recording, for people.
        recording: file name in the folder.
        transcript: file name in the folder, or "".
        is_media: whether `recording` is media; else it is a transcript by itself.
        fields: the other values of the form.
    """

    name: str
    recording: str
    transcript: str
    is_media: bool
    fields: dict[str, str]


@dataclass(slots=True)
class _File:
    name: str
    path: Path
    stream: IO[bytes]
    most: int
    size: int = 0
    beginning: bytes = b""


class _Form:
    """The parts of a form as they come in; its methods are called by the parser."""

    def __init__(self, boundary: bytes, folder: Path, settings: Settings) -> None:
        from python_multipart.multipart import MultipartParser

        self._folder, self._settings = folder, settings
        self._parts = 0
        self._header = [b"", b""]
        self._disposition = b""
        self._field = ""
        self._file: _File | None = None
        self._ended = False
        self.files: dict[str, _File] = {}
        self.fields: dict[str, bytes] = {}
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": lambda data, start, end: self._of_header(0, data[start:end]),
                "on_header_value": lambda data, start, end: self._of_header(1, data[start:end]),
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": lambda data, start, end: self._data(data[start:end]),
                "on_part_end": self._part_ends,
                "on_end": self._ends,
            },
        )

    def feed(self, block: bytes) -> None:
        """Take the next bytes."""
        from python_multipart.exceptions import MultipartParseError

        try:
            self._parser.write(block)
        except MultipartParseError as error:
            raise _bad_form(str(error)) from error

    def finish(self) -> None:
        """All has come in; write it to the disk."""
        if not self._ended:
            raise RefusedError(400, "the upload ended before its form did: send it again")
        for file in self.files.values():
            file.stream.flush()
            os.fsync(file.stream.fileno())

    def close(self) -> None:
        """Close the files."""
        for file in self.files.values():
            file.stream.close()

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _bad_form(f"more than {MOST_PARTS} parts")
        self._disposition = b""

    def _of_header(self, which: int, data: bytes) -> None:
        self._header[which] += data

    def _header_ends(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = self._header[1]
        self._header = [b"", b""]

    def _headers_end(self) -> None:
        from python_multipart.multipart import parse_options_header

        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        filename = options.get(b"filename")
        if name not in (*FILES, *FIELDS):
            known = ", ".join((*FILES, *FIELDS))
            raise RefusedError(422, f'unknown field "{name[:40]}": expected {known}')
        if name in self.files or name in self.fields:
            raise RefusedError(422, f'"{name}" was given twice')
        self._field, self._file = name, None
        if name in FIELDS:
            self.fields[name] = b""
        elif filename is None:
            raise RefusedError(422, f'"{name}" is no file: send it with a filename')
        else:
            self._open(name, filename.decode("utf-8", "replace"))

    def _open(self, field: str, filename: str) -> None:
        path = self._folder / f"{field}.part"
        settings = self._settings
        most = settings.upload_bytes if field == "recording" else settings.transcript_bytes
        # The file outlives this call: it is closed by `close`.
        stream = path.open("xb")
        self._file = self.files[field] = _File(shown_name(filename), path, stream, most)

    def _data(self, data: bytes) -> None:
        file = self._file
        if file is None:
            self.fields[self._field] += data
            if len(self.fields[self._field]) > FIELD_BYTES:
                raise RefusedError(422, f'"{self._field}" is longer than {FIELD_BYTES} bytes')
            return
        file.size += len(data)
        if file.size > file.most:
            raise too_large(self._field, file.most)
        if len(file.beginning) < PEEK:
            file.beginning += data[: PEEK - len(file.beginning)]
        file.stream.write(data)

    def _part_ends(self) -> None:
        self._file = None

    def _ends(self) -> None:
        self._ended = True


async def receive(request: "Request", folder: Path, settings: Settings) -> Received:
    """Write an upload into a folder.

    Args:
        request: a POST of multipart/form-data.
        folder: exists and is empty; the caller removes it if this raises.
        settings: the limits.

    Raises:
        RefusedError: 400 (no such form), 408 (nothing comes), 413 (too large), 415 (no
            recording), 422 (a wrong field), 507 (no space).
    """
    from python_multipart.multipart import parse_options_header

    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 200:
        raise RefusedError(
            400,
            'expected multipart/form-data with a file "recording", as curl -F '
            "recording=@talk.mp4 sends it",
        )
    body = _blocks(request)
    form = _Form(boundary, folder, settings)
    try:
        _check_announced(request, settings, folder)
        await _take(form, body, folder, settings)
        await asyncio.to_thread(form.finish)
        return await asyncio.to_thread(_named, form, folder, settings.transcript_bytes)
    except RefusedError:
        await _thrown_away(body)
        raise
    except OSError as error:
        await _thrown_away(body)
        raise RefusedError(
            507, f"the upload could not be written ({error.strerror}): try again later"
        ) from error
    finally:
        form.close()


async def _take(form: _Form, body: AsyncIterator[bytes], folder: Path, settings: Settings) -> None:
    waiting, looked, size = bytearray(), 0, 0
    async for block in body:
        waiting += block
        size += len(block)
        # Of the form as a whole: what stands around its files fills the memory, or the line.
        if size > _most(settings):
            raise too_large("recording", settings.upload_bytes)
        looked += len(block)
        if looked > LOOK_BYTES:
            looked = 0
            _check_space(folder, 0, settings)
        if len(waiting) >= BLOCK_BYTES:
            await asyncio.to_thread(form.feed, bytes(waiting))
            waiting.clear()
    await asyncio.to_thread(form.feed, bytes(waiting))


async def _blocks(request: "Request") -> AsyncIterator[bytes]:
    """The body as it comes in; an end of the connection is a refusal that nobody hears."""
    until = time.monotonic() + LONGEST_SECONDS
    while True:
        left = until - time.monotonic()
        try:
            message = await asyncio.wait_for(request.receive(), min(left, QUIET_SECONDS))
        except TimeoutError as error:
            why = f"nothing came in for {QUIET_SECONDS} seconds: send it again"
            if left < QUIET_SECONDS:
                hours = f"{LONGEST_SECONDS / HOUR:g} hours"
                why = f"the upload took longer than {hours}: give a shorter part"
            raise RefusedError(408, why) from error
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "the connection ended before the upload did")
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _thrown_away(body: AsyncIterator[bytes]) -> None:
    """Read the rest of a refused upload, as far as that is reasonable."""
    until, size = time.monotonic() + REST_SECONDS, 0
    try:
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + REST_SECONDS):
            async for block in body:
                size += len(block)
                if size > REST_BYTES or time.monotonic() > until:
                    return
    except (RefusedError, TimeoutError):
        return


def _check_announced(request: "Request", settings: Settings, folder: Path) -> None:
    """Refuse at once what says itself that it is too large."""
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isascii() and announced.isdigit() else 0
    if size > _most(settings):
        raise too_large("recording", settings.upload_bytes)
    _check_space(folder, size, settings)


def _most(settings: Settings) -> int:
    """Bytes of a form, at most."""
    return settings.upload_bytes + settings.transcript_bytes + FORM_BYTES


def _check_space(folder: Path, size: int, settings: Settings) -> None:
    if shutil.disk_usage(folder).free - size < settings.spare_bytes:
        raise RefusedError(507, "the server's disk is full: delete jobs, or try again later")


def _named(form: _Form, folder: Path, most: int) -> Received:
    """Give the files their names, by what they are; a transcript alone has `most` bytes."""
    recording, transcript = form.files.get("recording"), form.files.get("transcript")
    if recording is None:
        raise RefusedError(422, 'expected a file "recording": a recording, or a transcript alone')
    kind = kind_of(recording.name, recording.beginning)
    if not kind.is_media and recording.size > most:
        raise too_large("transcript", most)
    if not kind.is_media and transcript is not None:
        raise RefusedError(
            422,
            f'"{recording.name}" and "{transcript.name}" are both transcripts: give the '
            'recording as "recording"',
        )
    names = {"recording": f"recording{kind.ending}", "transcript": ""}
    if transcript is not None:
        ending = transcript_ending(transcript.name, transcript.beginning)
        names["transcript"] = f"transcript{ending}"
    for field, file in form.files.items():
        file.path.rename(folder / names[field])
    fields = {name: value.decode("utf-8", "replace") for name, value in form.fields.items()}
    return Received(recording.name, names["recording"], names["transcript"], kind.is_media, fields)


def too_large(what: str, most: int) -> RefusedError:
    """The refusal of a file that is larger than allowed."""
    return RefusedError(
        413,
        f"the {what} is larger than {most / MEGABYTE:,.1f} MB, which this server takes at most: "
        "give a shorter part, or a smaller format",
    )


def _bad_form(why: str) -> RefusedError:
    return RefusedError(400, f"the form of the upload cannot be read ({why[:200]})")
