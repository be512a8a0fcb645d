"""Live sessions over a real WebSocket, with a stand-in for what listens."""

import json
import threading
import time
from contextlib import suppress

import pytest
from stand_ins import parrot
from test_runner import gone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from emospot.serve import live
from emospot.serve.child import Line

HELLO = {"sample_rate": 16000, "provisional": 1.0, "model": "bundled-causal"}


@pytest.fixture
def session(start, monkeypatch):
    monkeypatch.setattr(live, "listen", parrot)

    def begin(**options):
        server = start(**options)
        address = server.address.replace("http", "ws") + "/live"
        return lambda: connect(address, max_size=2**21)

    return begin


def hear(socket):
    return json.loads(socket.recv(20))


def rest(socket):
    """Messages until the close, and its code."""
    found = []
    try:
        while True:
            found.append(hear(socket))
    except ConnectionClosed as closed:
        return found, closed.rcvd.code


def test_a_session(session):
    with session()() as socket:
        socket.send(json.dumps(HELLO))
        assert hear(socket) == {"type": "ready"}
        socket.send(bytes(3200))
        said = hear(socket)
        assert said == {"type": "answer", "heard": 3200, "rate": 16000, "every": 1.0}
        # Half a sample waits for its other half.
        socket.send(bytes(101))
        assert hear(socket)["heard"] == 3300
        socket.send(bytes(1))
        assert hear(socket)["heard"] == 3302
        socket.send(json.dumps({"type": "end"}))
        found, code = rest(socket)
    assert found == [{"type": "answer", "heard": 3302, "last": True}, {"type": "end"}]
    assert code == 1000


def test_a_process_that_ends_just_before_the_end(session, monkeypatch):
    send, threads = Line.send, []

    def dies(line, block):
        threads.append(threading.current_thread().name)
        if block != live.END:
            return send(line, block)
        send(line, b"XX")
        raise BrokenPipeError

    monkeypatch.setattr(Line, "send", dies)
    with session()() as socket:
        socket.send(json.dumps(HELLO))
        assert hear(socket) == {"type": "ready"}
        socket.send(bytes(3200))
        hear(socket)
        socket.send(json.dumps({"type": "end"}))
        found, code = rest(socket)
    assert [message["type"] for message in found] == ["error"]
    assert "ended unexpectedly" in found[0]["error"]
    assert code == 1008
    # Not in one of the threads that all requests share.
    assert {name.partition("_")[0] for name in threads} == {"live"}


@pytest.mark.parametrize(
    ("hello", "said"),
    [
        ("no JSON", "expected a message of JSON"),
        ("[1]", "expected an object"),
        (json.dumps({"sample_rate": 1}), "sample_rate must be from 8000"),
        (json.dumps({"sample_rate": True}), "sample_rate must be"),
        (json.dumps({"sample_rate": "16000"}), "sample_rate must be"),
        (json.dumps({"provisional": 0}), "provisional must be"),
        (json.dumps({"model": "../../x"}), "there is no model"),
        (json.dumps({"model": 7}), "there is no model"),
        (json.dumps({"colour": 7}), 'unknown key "colour"'),
        (bytes(10), "nothing came in that could be heard"),
    ],
)
def test_wrong_first_messages(session, hello, said):
    with session()() as socket:
        socket.send(hello)
        found, code = rest(socket)
    assert [message["type"] for message in found] == ["error"]
    assert said in found[0]["error"]
    assert code == 1008


def test_what_is_usual_need_not_be_said(session):
    with session()() as socket:
        socket.send("{}")
        hear(socket)
        socket.send(bytes(2))
        assert hear(socket) == {"type": "answer", "heard": 2, "rate": 16000, "every": None}


def test_a_session_is_so_long_at_most(session):
    with session(live_minutes=1 / 60)() as socket:
        socket.send(json.dumps(HELLO))
        socket.send(bytes(2 * 16_000))
        socket.send(bytes(2))
        found, code = rest(socket)
    assert "minutes long" in found[-1]["error"]
    assert code == 1008


def test_so_many_sessions_at_most(session):
    begin = session(live=1)
    with begin() as first:
        first.send(json.dumps(HELLO))
        hear(first)
        with begin() as second:
            found, code = rest(second)
        assert (len(found), code) == (1, 1013)
        assert "as many as this server takes" in found[0]["error"]
    deadline = time.monotonic() + 20
    said = "error"
    while said == "error" and time.monotonic() < deadline:
        # The first has ended: there is room again, as soon as its process is gone.
        with begin() as third, suppress(ConnectionClosed):
            third.send(json.dumps(HELLO))
            said = hear(third)["type"]
    assert said == "ready"


@pytest.mark.parametrize("block", [b"!!", b"XX"])
def test_a_process_that_breaks_is_said(session, block):
    with session()() as socket:
        socket.send(json.dumps(HELLO))
        hear(socket)
        socket.send(block)
        found, code = rest(socket)
    assert found[-1]["type"] == "error"
    assert code == 1008


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("hello?", "expected a message of JSON"),
        ('{"type": "begin"}', "expected samples"),
        (bytes(live.BLOCK_BYTES + 2), "a message of more than"),
    ],
)
def test_a_strange_message_ends_a_session(session, message, said):
    with session()() as socket:
        socket.send(json.dumps(HELLO))
        socket.send(message)
        assert said in rest(socket)[0][-1]["error"]


def test_the_process_ends_with_the_connection(session, monkeypatch):
    begun = []
    child = live.Child
    monkeypatch.setattr(live, "Child", lambda *given: begun.append(child(*given)) or begun[-1])
    with session()() as socket:
        socket.send(json.dumps(HELLO))
        hear(socket)
        (process,) = begun
    assert gone(process.pid)
