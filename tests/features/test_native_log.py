"""Chatter goes, everything else stays."""

import os
import re
import subprocess
import sys
import threading

import pytest

from emospot.features.native_log import without_chatter

CHATTER = re.compile(rb"^chatter")


def test_only_chatter_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    with without_chatter(CHATTER):
        os.write(2, b"chatter 1\nreal error\nchatter 2\n")
    os.write(2, b"chatter after\n")
    assert capfd.readouterr().err == "real error\nchatter after\n"


def test_stream_is_restored_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with without_chatter(CHATTER):
            os.write(2, b"chatter\nwhy it failed\n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "why it failed\nlater\n"


def test_threads_do_not_lose_the_stream(capfd: pytest.CaptureFixture[str]) -> None:
    def work(number: int) -> None:
        with without_chatter(CHATTER):
            os.write(2, b"chatter\nline %d\n" % number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"end\n")
    lines = capfd.readouterr().err.splitlines()
    assert sorted(lines[:-1]) == [f"line {i}" for i in range(8)]
    assert lines[-1] == "end"


def test_stream_that_cannot_be_copied(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def no_descriptor(_: int) -> int:
        raise OSError

    monkeypatch.setattr(os, "dup", no_descriptor)
    with without_chatter(CHATTER):
        os.write(2, b"chatter\n")
    monkeypatch.undo()
    assert capfd.readouterr().err == "chatter\n"


def test_process_without_error_stream() -> None:
    program = (
        "import os, re\n"
        "from emospot.features.native_log import without_chatter\n"
        "os.close(2)\n"
        "with without_chatter(re.compile(b'x')):\n"
        "    os.write(1, b'ran')\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert result.stdout == b"ran"
    assert result.returncode == 0
