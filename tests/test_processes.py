"""A worker does not outlive the study that it works for."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from emospot.processes import end_with_parent

SCRIPT = """
import multiprocessing, os, sys, time
from emospot.processes import end_with_parent

def work(path):
    end_with_parent()
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(60)

if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=work, args=(sys.argv[1],)).start()
    time.sleep(60)
"""


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _within(seconds: float, what: Callable[[], object]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def test_a_worker_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "study.py").write_text(SCRIPT)
    path = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, str(tmp_path / "study.py"), str(path)])
    try:
        assert _within(30, lambda: path.is_file() and path.read_text())
        worker = int(path.read_text())
        assert _alive(worker)
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    assert _within(10, lambda: not _alive(worker))


def test_it_waits_for_the_parent_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    end_with_parent()  # a process without a parent of its own kind has nobody to wait for
    alive, parent = os.pipe()
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: SimpleNamespace(sentinel=alive))
    end_with_parent()
    time.sleep(0.1)
    assert ended == []
    os.close(parent)
    assert _within(5, lambda: ended == [1])
    os.close(alive)
