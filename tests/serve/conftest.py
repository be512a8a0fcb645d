"""A real server on a free port, in a thread of the test's process."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from stand_ins import BOUNDARY, form, stand_in

from emospot.serve.app import build_app
from emospot.serve.client import Client
from emospot.serve.desk import Desk
from emospot.serve.run import address_of, bound
from emospot.serve.settings import Settings


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self) -> str:
        found = self.json
        assert list(found) == ["error"]
        return found["error"]


@dataclass(frozen=True)
class Running:
    address: str
    desk: Desk
    client: Client

    def folder(self, job) -> Path:
        return self.desk.settings.data / "jobs" / (job if isinstance(job, str) else job.id)

    def ask(self, method: str, path: str, body=None, **headers: str) -> Answer:
        """A request, its headers named with _ for -."""
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def post(self, *parts: tuple, **headers: str) -> Answer:
        """An upload of (field, file name or None, content)."""
        headers = {"Content_Type": f"multipart/form-data; boundary={BOUNDARY}", **headers}
        return self.ask("POST", "/analyses", form(*parts), **headers)

    def ended(self, job_id: str, seconds: float = 30):
        """The job once it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job = self.client.job(job_id)
            if job.ended:
                return job
            time.sleep(0.05)
        raise AssertionError(f"{job} goes on")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts servers that end with the test."""
    ends: list[Callable[[], None]] = []

    def begin(work=stand_in, token_of_client: str = "", at: int = 0, **options) -> Running:
        given = {"data": tmp_path / "data", "port": 0, "spare_bytes": 0, "preload": False}
        settings = Settings(**{**given, **options})
        app = build_app(settings, work)
        listening = bound(settings.host, at)
        config = uvicorn.Config(
            app, log_level="warning", timeout_graceful_shutdown=1, ws_max_size=2**20
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)

        def end() -> None:
            server.should_exit = True
            thread.join(20)
            listening.close()
            assert not thread.is_alive()

        ends.append(end)
        address = address_of(listening).replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        desk = app.application.state.desk
        running = Running(address, desk, Client(address, token_of_client or settings.token))
        object.__setattr__(running, "end", lambda: (ends.remove(end), end()))
        return running

    yield begin
    for end in ends:
        end()


@pytest.fixture
def server(start) -> Running:
    return start()


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.txt"
    path.write_text("ANNA: I am so happy today!\nBEN: I hate this rain.\n", encoding="utf-8")
    return path


def wav(seconds: float = 0.1) -> bytes:
    """A small recording of silence."""
    import io
    import wave

    file = io.BytesIO()
    with wave.open(file, "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(16_000)
        writing.writeframes(bytes(2 * int(16_000 * seconds)))
    return file.getvalue()


@pytest.fixture
def wav_bytes() -> bytes:
    return wav()
