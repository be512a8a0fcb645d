"""A server of its own for the browser tests of the page, and what a person does there."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from emospot.sample import sample_files

SAMPLE = sample_files()
MANY_SECONDS = 240_000
"""In milliseconds: an analysis of the sample on a busy machine."""


class Server:
    """`emospot serve` as a process of its own, on a port of its own."""

    def __init__(self, folder: Path, token: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.token = folder, token
        self.address = f"http://localhost:{self.port}"
        self.start()

    def start(self) -> None:
        command = "from emospot.cli.main import run; run()"
        options = ["serve", "--port", str(self.port), "--data", str(self.folder)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", command, *options],
            env={**os.environ, "OMP_NUM_THREADS": "1", "EMOSPOT_TOKEN": self.token},
            stdout=subprocess.DEVNULL,
        )
        for _ in range(300):
            try:
                self.ask("/health")
                return
            except (urllib.error.URLError, ConnectionError):
                assert self.process.poll() is None, "the server has ended"
                time.sleep(0.1)
        pytest.fail("the server does not answer")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:  # noqa: S310
            return json.loads(answer.read())

    def jobs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("/analyses")["analyses"]
        return found


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    """Drop files on the page, as a file manager would."""
    given = [[name, base64.b64encode(data).decode()] for name, data in files]
    page.evaluate(
        """(files) => {
          const carried = new DataTransfer();
          for (const [name, data] of files) {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            carried.items.add(new File([bytes], name));
          }
          for (const type of ["dragover", "drop"]) {
            document.getElementById("drop").dispatchEvent(new DragEvent(type,
              { dataTransfer: carried, bubbles: true, cancelable: true }));
          }
        }""",
        given,
    )


def drop_sample(page: Page, name: str = "talk.ogg") -> None:
    transcript = (name.rpartition(".")[0] + ".srt", SAMPLE.transcript.read_bytes())
    drop(page, (name, SAMPLE.conversation.read_bytes()), transcript)


def send(page: Page) -> str:
    """Press Analyse; the id of the job."""
    page.get_by_role("button", name="Analyse").click()
    ended = page.locator("#analysis-title:visible, #ask-error:visible")
    expect(ended).to_have_count(1, timeout=MANY_SECONDS)
    expect(page).to_have_url(re.compile("#/analysis/"), timeout=1000)
    return page.url.rpartition("/")[2]


def made_up(state: str, **more: Any) -> dict[str, Any]:
    here = f"/analyses/{state}"
    links = {
        name: f"{here}/{name}" for name in ("events", "report", "analysis", "media", "cancel")
    }
    return {
        "id": state, "name": f"{state}-{'long' * 12} name.ogg", "state": state, "stage": "",
        "share": None, "position": None, "created": "2026-11-30T10:00:00Z", "started": None,
        "finished": None, "expires": "2026-12-01T10:00:00Z", "error": "", "warnings": [],
        "links": {"self": here, **links}, **more,
    }  # fmt: skip


STATES = [
    made_up("running", stage="voice", share=0.4),
    made_up("queued", position=2),
    made_up("done"),
    made_up("failed", error="There is no sound in it: " + "x" * 80),
    made_up("cancelled"),
]


def with_all_states(page: Page) -> None:
    def answer(route: Route) -> None:
        path = route.request.url.partition("/analyses")[2]
        job = next((job for job in STATES if path == f"/{job['id']}"), None)
        if path == "":
            route.fulfill(json={"analyses": STATES})
        elif job:
            route.fulfill(json=job)
        elif path.endswith("/report"):
            route.fulfill(
                content_type="text/html",
                body="<!DOCTYPE html><html lang=en><title>r</title><main><h1>r</h1></main>",
            )
        else:
            job = next(job for job in STATES if path.startswith(f"/{job['id']}/"))
            event = f"event: job\ndata: {json.dumps(job)}\n\n"
            route.fulfill(content_type="text/event-stream", body=event)

    page.route(re.compile("/analyses"), answer)
