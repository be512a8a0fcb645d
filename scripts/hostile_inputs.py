"""Sends a server what an attacker would, and writes a table of what happened.

    python scripts/hostile_inputs.py [--long] > table.md

A server of its own is started (`emospot serve`, usual limits) on a free port and a folder
that is deleted afterwards. Each input is made here, so nothing hostile lies in the project.
`--long` also analyses ten hours of silence with `--max-hours 12`, which takes minutes.
"""

import argparse
import http.client
import io
import json
import secrets
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import av
import numpy as np

from emospot.errors import EmospotError
from emospot.sample import sample_files
from emospot.serve.client import Client, ServerError

TALK = b"ANNA: I am so happy today!\nBEN: I hate this rain.\n"
SCRIPT = "<script>alert(1)</script>"
IMAGE = '<img src=x onerror="alert(1)">'


@dataclass(frozen=True)
class Input:
    """What is sent.

    Args:
        what: for the table.
        name: file name.
        content: bytes.
        transcript: of the recording, or None.
    """

    what: str
    name: str
    content: bytes
    transcript: bytes | None = None


def zip_bomb(size: int = 10**9) -> bytes:
    """An archive of zeros."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a", "w") as one,
    ):
        for _ in range(size // 10**6):
            one.write(bytes(10**6))
    return file.getvalue()


def png(side: int) -> bytes:
    """A white picture of side × side pixels in colour, some hundred kB."""
    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * side)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", packed)
        + chunk(b"IEND", b"")
    )


def film_of(picture: bytes, side: int) -> bytes:
    """A QuickTime film of that picture, whose header says side × side."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mov"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("png", rate=1)
            stream.width = stream.height = 64  # encoders open no larger ones
            stream.pix_fmt = "rgb24"
            for number in range(3):
                packet = av.Packet(picture)
                packet.stream, packet.pts, packet.dts = stream, number, number
                packet.time_base = Fraction(1)
                container.mux(packet)
        film = bytearray(path.read_bytes())
    place = film.find(b"png ") + 28  # of the sample description
    film[place : place + 4] = struct.pack(">HH", side, side)
    return bytes(film)


def flac_of_silence(hours: float) -> bytes:
    """Silence that is all but free to store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.flac"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("flac", rate=16_000)
            stream.layout, stream.format = "mono", "s16"
            block = np.zeros((1, 16_000 * 60), np.int16)
            for minute in range(round(hours * 60)):
                frame = av.AudioFrame.from_ndarray(block, "s16", "mono")
                frame.sample_rate, frame.pts = 16_000, minute * 16_000 * 60
                for packet in stream.encode(frame):
                    container.mux(packet)
            for packet in stream.encode(None):
                container.mux(packet)
        return path.read_bytes()


def with_duration(film: bytes, duration: int) -> bytes:
    """An MP4 whose headers announce another duration, in units of their own."""
    changed = bytearray(film)
    for box, place in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        at = changed.find(box)
        while at >= 0:
            changed[at + place : at + place + 4] = struct.pack(">I", duration)
            at = changed.find(box, at + 4)
    return bytes(changed)


def wav_that_promises() -> bytes:
    """A header of 4 GB of sound, and a tenth of a second of it."""
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 2**32 - 1, b"WAVE", b"fmt ", 16, 1, 1,
                       8000, 8000, 1, 8, b"data", 2**32 - 40)  # fmt: skip
    return head + bytes(800)


def playlist(address: str) -> bytes:
    """A list that leads elsewhere."""
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:9", "#EXTINF:9,", address, "#EXT-X-ENDLIST"]
    return "\n".join([*lines, ""]).encode()


def laughs() -> bytes:
    """An annotation whose entities unfold to a thousand million words."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    tier = '<TIER TIER_ID="&l9;"/>'
    return f"<?xml version='1.0'?><!DOCTYPE a [{entities}]><ANNOTATION_DOCUMENT>{tier}" \
        "</ANNOTATION_DOCUMENT>".encode()  # fmt: skip


def entity() -> bytes:
    """An annotation that asks for a file of the server."""
    return (
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>"
        b"<ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID='a' TIME_VALUE='0'/>"
        b"<TIME_SLOT TIME_SLOT_ID='b' TIME_VALUE='900'/></TIME_ORDER><TIER TIER_ID='A'>"
        b"<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID='1' TIME_SLOT_REF1='a' "
        b"TIME_SLOT_REF2='b'><ANNOTATION_VALUE>&f;</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>"
        b"</ANNOTATION></TIER></ANNOTATION_DOCUMENT>"
    )


def inputs(trap: str) -> Iterator[Input]:
    """What is sent; `trap` is an address that must not be asked."""
    face, sound = sample_files().face.read_bytes(), sample_files().conversation.read_bytes()
    yield Input("empty file", "empty.wav", b"")
    yield Input("program (ELF) as film", "talk.mp4", Path(sys.executable).read_bytes()[: 10**6])
    yield Input("zip bomb (1 GB of zeros in 1 MB) as film", "talk.mp4", zip_bomb())
    picture = png(16_000)
    yield Input("PNG bomb (16,000 × 16,000) as film", "talk.mp4", picture)
    bomb = film_of(picture, 16_000)
    yield Input("film of PNG bombs, its header honest", "talk.mov", bomb)
    yield Input("film of PNG bombs, its header says 64 × 64", "talk.mov", film_of(picture, 64))
    yield Input("10 hours of silence (FLAC)", "silence.flac", flac_of_silence(10))
    yield Input("MP4 whose boxes announce 136 years", "talk.mp4", with_duration(face, 2**32 - 2))
    yield Input("WAV of 844 bytes that announces 4 GB", "talk.wav", wav_that_promises())
    yield Input("film cut off in the middle", "cut.mp4", face[: len(face) // 2])
    yield Input("sound cut off in the middle", "cut.ogg", sound[: len(sound) // 2])
    yield Input("noise after the mark of an MP4", "noise.mp4", b"\0\0\0\x18ftypmp42" + face[5000:])
    yield Input("noise after the mark of Matroska", "noise.mkv", b"\x1aE\xdf\xa3" + face[:9000])
    yield Input("playlist of a file (m3u8)", "list.m3u8", playlist("file:///etc/passwd"))
    yield Input("playlist of an address, as film", "list.mp4", playlist(trap))
    yield Input("playlist of an address, as transcript", "list.txt", playlist(trap))
    yield Input(
        "ffconcat of a file, as film", "list.mp4", b"ffconcat version 1.0\nfile /etc/passwd"
    )
    yield Input("name with path", "../../../../tmp/emospot-evil.txt", TALK)
    yield Input("name with HTML", f"{IMAGE}.txt".replace('"', "'"), TALK)
    yield Input("HTML as speaker and words", "html.txt", f"{IMAGE}: {SCRIPT} well\n".encode() * 3)
    yield Input("ELAN file of nested entities", "bomb.eaf", laughs())
    yield Input("ELAN file that asks for /etc/passwd", "entity.eaf", entity())
    yield Input("JSON nested 100,000 deep", "deep.json", b'{"utterances":' + b"[" * 100_000)
    yield Input(
        "transcript of 200,000 lines", "long.txt", b"ANNA: this goes on and on\n" * 200_000
    )
    yield Input("one line of 10 MB", "wide.txt", b"ANNA: " + b"well " * 2_000_000)
    yield Input("transcript of zeros beside sound", "talk.ogg", sound, bytes(10**6))


def post(address: str, one: Input) -> tuple[int, dict[str, str]]:
    """Send an input under the name it has."""
    boundary = secrets.token_hex(8)
    body = b""
    files = [("recording", one.name, one.content)]
    if one.transcript is not None:
        files.append(("transcript", "talk.srt", one.transcript))
    for field, name, content in files:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"'
        body += head.encode() + b"\r\n\r\n" + content + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=120)
    kind = f"multipart/form-data; boundary={boundary}"
    connection.request("POST", "/analyses", body, {"Content-Type": kind})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def tried(client: Client, address: str, one: Input) -> str:
    """What happened, for the table."""
    begun = time.monotonic()
    status, answer = post(address, one)
    if status != 202:
        return f"{status}: {answer['error']}"
    try:
        job = client.wait(answer["id"])
    except ServerError:
        raise
    except EmospotError as error:
        client.delete(answer["id"])
        return f"failed after {time.monotonic() - begun:.0f} s: {error}"
    report = client.report(job)
    for foreign in (SCRIPT, IMAGE, IMAGE.replace('"', "'"), "root:x:0"):
        if foreign in report:
            return f"**{foreign} stands in the report**"
    utterances = len(client.analysis(job).utterances)
    client.delete(job)
    warned = f"; {job.warnings[0]}" if job.warnings else ""
    took = f"done after {time.monotonic() - begun:.0f} s"
    return f'{took} as "{job.name}", {utterances} utterances{warned}'


@contextmanager
def served(*options: str) -> Iterator[str]:
    """A server with usual limits; its address."""
    with tempfile.TemporaryDirectory() as folder:
        program = "from emospot.cli.main import run; run()"
        command = [sys.executable, "-c", program, "serve", "--port", "0", "--data", folder]
        process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
        try:
            yield (process.stderr.readline() if process.stderr else "").split()[1]
        finally:
            process.terminate()
            process.wait()


@contextmanager
def trap() -> Iterator[tuple[str, list[str]]]:
    """An address, and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/secret.ts", asked
    server.shutdown()


def row(*cells: str) -> None:
    """Print a row of the table."""
    print("| " + " | ".join(" ".join(c.replace("|", "/").split())[:110] for c in cells) + " |",
          flush=True)  # fmt: skip


def main() -> None:
    """Send everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="also analyse ten hours")
    long = parser.parse_args().long
    row("sent", "bytes", "what happened")
    print("|---|---|---|")
    with trap() as (address, asked), served() as server:
        client = Client(server, timeout=600)
        for one in inputs(address):
            row(one.what, f"{len(one.content):,}", tried(client, server, one))
            client.health()
        row("addresses that the server asked for", "", ", ".join(asked) or "none")
        row("jobs that are left", "", str(len(client.jobs())))
    escaped = Path("/tmp/emospot-evil.txt")  # noqa: S108
    row("file outside of the folder", "", "**written**" if escaped.exists() else "none")
    if long:
        with served("--max-hours", "12") as server:
            silence = Input("10 hours of silence, --max-hours 12", "s.flac", flac_of_silence(10))
            happened = tried(Client(server, timeout=3600), server, silence)
            row(silence.what, f"{len(silence.content):,}", happened)


if __name__ == "__main__":
    main()
