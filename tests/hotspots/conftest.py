"""A real HTTP server that speaks the OpenAI chat protocol, well and badly."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, reply = self.server.answer(self.path, body, self.headers)
        content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def said(content: str | None) -> tuple[int, dict]:
    """What a server sends whose model says `content`."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return 200, {
        "id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice],
    }  # fmt: skip


@pytest.fixture
def llm_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """`model(user text, request body) → (status, reply)`, replaceable; `asked`: the bodies."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    state = SimpleNamespace(
        url=f"http://127.0.0.1:{server.server_port}/v1",
        asked=[],
        keys=[],
        model=lambda text, body: said('{"spans": []}'),
    )

    def answer(path: str, body: dict, headers: object) -> tuple[int, object]:
        assert path == "/v1/chat/completions"
        state.asked.append(body)
        state.keys.append(headers["Authorization"])
        system, user = body["messages"]
        assert (system["role"], user["role"]) == ("system", "user")
        return state.model(json.loads(user["content"])["utterance"], body)

    server.answer = answer
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def spans() -> Callable[..., tuple[int, dict]]:
    """A well-formed reply with (quote, emotion, strength) spans."""

    def reply(*found: tuple[str, str, float]) -> tuple[int, dict]:
        listed = [{"quote": q, "emotion": e, "strength": s} for q, e, s in found]
        return said(json.dumps({"spans": listed}))

    return reply
