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

from emospot.processes import ProcessKilledError, each_in_processes, end_with_parent

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


def _work(piece: tuple[float, str]) -> str:
    """Take some time, then do what a piece says."""
    seconds, what = piece
    time.sleep(seconds)
    if what == "raise":
        raise ValueError(what)
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if Path(what).is_absolute():
        if Path(what).exists():
            return "again"
        Path(what).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return f"{what} {os.getpid()}"


def _told(result: Callable[[], str]) -> str:
    try:
        return result().split()[0]
    except (ValueError, ProcessKilledError) as error:
        return f"{type(error).__name__}"


def test_each_piece_comes_to_its_own_end(tmp_path: Path) -> None:
    once = str(tmp_path / "died")
    pieces = [(1.5, "slow"), (0.0, "a"), (0.0, "raise"), (0.0, "die"), (0.0, once), (0.0, "b")]
    found = [(piece, _told(result)) for piece, result in each_in_processes(_work, pieces, 2)]
    expected = ["slow", "a", "ValueError", "ProcessKilledError", "again", "b"]
    assert dict(found) == dict(zip(pieces, expected, strict=True))
    assert found[0][0] != pieces[0]  # as they are done
    ordered = each_in_processes(_work, pieces, 2, in_order=True)
    assert [(piece, _told(result)) for piece, result in ordered] == list(
        zip(pieces, expected, strict=True)
    )
    assert list(each_in_processes(_work, [], 2)) == []


def test_a_process_that_is_killed_while_it_waits_is_begun_anew() -> None:
    results = each_in_processes(_work, [(0.0, "a"), (0.0, "b"), (0.0, "c")], 1, in_order=True)
    _, first = next(results)
    os.kill(int(first().split()[1]), signal.SIGKILL)
    assert [_told(result) for _, result in results] == ["b", "c"]


def test_who_is_no_longer_asked_leaves_nobody_behind() -> None:
    results = each_in_processes(_work, [(0.0, "a"), (600.0, "b"), (600.0, "c")], 2)
    _, first = next(results)
    pid = int(first().split()[1])
    results.close()
    assert _within(10, lambda: not _alive(pid))
