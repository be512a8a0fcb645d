"""Live sessions: a WebSocket brings sound, and the answers go back as they are found.

    client: {"sample_rate": 16000, "provisional": 1.0, "model": "bundled-causal"}, once
    server: {"type": "ready"}
    client: binary messages: 16-bit samples, little-endian, mono
    server: {"type": "answer", …}, as `emospot stream` writes them
    client: {"type": "end"}
    server: the last answers, {"type": "end"}, close
    server: {"type": "error", "error": …}, close, wherever something is wrong

Each session computes in a process of its own. Where that falls behind, nothing more is read
from the socket until it has caught up.
"""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from emospot.serve.child import Child, Limits, prepare
from emospot.serve.desk import Desk
from emospot.serve.live_work import END, LiveTask, listen
from emospot.serve.refused import RefusedError

RATES = (8000, 192_000)
BLOCK_BYTES = 512 * 1024
"""Of one binary message."""
HELLO_SECONDS, QUIET_SECONDS = 20.0, 60.0
"""That a client may take to say what it wants, and then between two messages."""
NORMAL, TRY_LATER, BAD = 1000, 1013, 1008
"""Codes with which a WebSocket is closed."""


class _Session:
    """One session: its process, a thread that reads what it says, and how much was heard."""

    def __init__(self, socket: WebSocket, desk: Desk, task: LiveTask) -> None:
        self._socket, self._task, self._desk = socket, task, desk
        self._loop = asyncio.get_running_loop()
        self._said: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._bytes = 0
        settings = desk.settings
        self._most = int(settings.live_minutes * 60 * task.sample_rate * 2)
        seconds = max(60, int(settings.live_minutes * 60))
        self._limits = Limits(settings.memory_bytes, seconds, 1)
        self._child: Child | None = None
        # Of its own: a process that falls behind blocks its thread, and must not take one of
        # those that all requests share.
        self._sender = ThreadPoolExecutor(1, "live")

    async def run(self) -> None:
        """Hear and answer until one side ends."""
        self._child = await asyncio.to_thread(self._begin)
        reader = threading.Thread(target=self._read, args=(self._child,), daemon=True)
        reader.start()
        answering = asyncio.create_task(self._answer())
        hearing = asyncio.create_task(self._hear(self._child))
        try:
            await asyncio.wait({answering, hearing}, return_when=asyncio.FIRST_COMPLETED)
            if hearing.done() and hearing.exception() is None:
                # All has been heard: what is still to be answered is.
                await answering
            for task in (answering, hearing):
                if task.done():
                    task.result()
        finally:
            for task in (answering, hearing):
                task.cancel()
            await asyncio.to_thread(self._child.kill)
            await asyncio.to_thread(reader.join)
            # What was still being sent has failed with the end of the process.
            await asyncio.to_thread(self._sender.shutdown)
            self._child.line.close()

    def _begin(self) -> Child:
        prepare(preload=self._desk.settings.preload)
        return Child(listen, self._task, self._limits)

    def _read(self, child: Child) -> None:
        """Hand what the process says to the event loop; None: it has ended."""
        message: dict[str, Any] | None = {}
        while message is not None and "ended" not in message:
            try:
                message = child.line.hear(None)
            except EOFError:
                message = None
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._said.put_nowait, message)

    async def _answer(self) -> None:
        while True:
            message = await self._said.get()
            if message is None:
                raise RefusedError(500, "the live session ended unexpectedly: begin a new one")
            if "failed" in message:
                raise RefusedError(500, str(message["failed"]))
            if "ended" in message:
                return
            if "ready" in message:
                await self._socket.send_json({"type": "ready"})
            if "answer" in message:
                await self._socket.send_json({**message["answer"], "type": "answer"})

    async def _hear(self, child: Child) -> None:
        rest = b""
        while True:
            message = await asyncio.wait_for(self._socket.receive(), QUIET_SECONDS)
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", NORMAL))
            block = message.get("bytes")
            if block is None:
                if _asked(message.get("text") or "").get("type") != "end":
                    raise RefusedError(422, 'expected samples, or {"type": "end"}')
                await self._send(child, END)
                return
            if len(block) > BLOCK_BYTES:
                raise RefusedError(413, f"a message of more than {BLOCK_BYTES} bytes")
            self._bytes += len(block)
            if self._bytes > self._most:
                minutes = f"{self._desk.settings.live_minutes:g} minutes"
                raise RefusedError(413, f"a live session may be {minutes} long: begin a new one")
            rest += block
            whole = rest[: len(rest) - len(rest) % 2]
            rest = rest[len(whole) :]
            if whole and not await self._send(child, whole):
                return

    async def _send(self, child: Child, block: bytes) -> bool:
        """Hand on what was heard; False where the process has ended: `_answer` says why."""
        try:
            await self._loop.run_in_executor(self._sender, child.line.send, block)
        except OSError:
            return False
        return True


def add_live(app: FastAPI, desk: Desk) -> None:
    """Add the WebSocket to an application."""
    sessions = 0

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        nonlocal sessions
        await socket.accept()
        if sessions >= desk.settings.live:
            why = f"{sessions} live session(s) go on, as many as this server takes: try later"
            await _end(socket, why, TRY_LATER)
            return
        sessions += 1
        try:
            hello = await asyncio.wait_for(socket.receive_text(), HELLO_SECONDS)
            await _Session(socket, desk, live_task(_asked(hello), desk)).run()
        except WebSocketDisconnect:
            return
        except RefusedError as error:
            await _end(socket, str(error), BAD)
        except (TimeoutError, KeyError):
            await _end(socket, "nothing came in that could be heard: begin again", BAD)
        else:
            with suppress(RuntimeError, WebSocketDisconnect):
                await socket.send_json({"type": "end"})
                await socket.close(NORMAL)
        finally:
            sessions -= 1


def live_task(asked: dict[str, Any], desk: Desk) -> LiveTask:
    """What the first message asks for.

    Raises:
        RefusedError: 422, if a value cannot be.
    """
    unknown = asked.keys() - {"sample_rate", "provisional", "model", "type"}
    if unknown:
        raise RefusedError(
            422, f'unknown key "{min(unknown)[:40]}": expected sample_rate, provisional, model'
        )
    rate = asked.get("sample_rate", 16_000)
    if isinstance(rate, bool) or not isinstance(rate, int) or not RATES[0] <= rate <= RATES[1]:
        raise RefusedError(422, f"sample_rate must be from {RATES[0]} to {RATES[1]}")
    every = asked.get("provisional")
    number = isinstance(every, int | float) and not isinstance(every, bool)
    if every is not None and not (number and 0.2 <= every <= 3600):
        raise RefusedError(422, "provisional must be seconds, at least 0.2, or null")
    model = asked.get("model") or "bundled-causal"
    if not isinstance(model, str) or model not in desk.settings.models:
        offered = ", ".join(desk.settings.models)
        raise RefusedError(422, f'there is no model "{str(model)[:80]}": choose one of {offered}')
    return LiveTask(desk.settings.models[model], rate, None if every is None else float(every))


def _asked(text: str) -> dict[str, Any]:
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError(422, "expected a message of JSON") from error
    if not isinstance(asked, dict):
        raise RefusedError(422, "expected an object of JSON")
    return asked


async def _end(socket: WebSocket, why: str, code: int) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.send_json({"type": "error", "error": why})
        await socket.close(code)
