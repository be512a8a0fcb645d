"""Quick stand-ins for the work of a job's process; what they do is told by the upload's name."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from emospot.analysis.types import Analysis, ModelFinding
from emospot.errors import MediaError

BOUNDARY = "frontier"
MODEL = ModelFinding("m", "1", "two", ("calm", "upset"), 1.0, 0.5, "research", {})
REPORT = (
    "<!DOCTYPE html><html><head>"
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "script-src 'sha256-abc='\">"
    "</head><body>report</body></html>"
)


def stand_in(line, task):
    line.say(stage="decode")
    kind = task.name.partition(".")[0]
    log = task.folder / "pid"
    log.write_text(json.dumps([os.getpid(), os.getpgid(0)]))
    if kind == "slow":
        line.say(stage="voice")
        line.say(share=0.5)
        helper = subprocess.Popen(["sleep", "600"])
        log.write_text(json.dumps([os.getpid(), helper.pid]))
        time.sleep(600)
    if kind == "brief":
        time.sleep(0.3)
    if kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "fails":
        raise MediaError("the recording is no good: choose another")
    if kind == "breaks":
        raise ZeroDivisionError("division by zero")
    if kind == "hog":
        bytearray(10**12)
    if kind == "busy":
        while True:
            pass
    if kind == "writes":
        with (task.folder / "large").open("wb") as file:
            while True:
                file.write(bytes(10**7))
    if kind == "gone":
        return
    if kind == "environment":
        status = Path("/proc/self/status").read_text()
        told = {"names": sorted(os.environ), "status": status}
        (task.folder / "environment").write_text(json.dumps(told))
    finish(line, task)


def talks_nonsense(line, task):
    kind = task.name.partition(".")[0]
    if kind == "json":
        line.send(b"\xff no JSON")
    if kind == "deep":
        line.send(b"[" * 100_000)
    if kind == "long":
        line.send(bytes(10**7))
    line.send(b"[1, 2]")
    line.say(share=[7], stage={"a": 1}, done="yes")
    line.say(share=10**400)


def finish(line, task):
    (task.folder / "report.html").write_text(REPORT)
    analysis = Analysis(task.name, None, (), MODEL, warnings=("one warning",))
    (task.folder / "analysis.json").write_text(analysis.to_json())
    line.say(share=1.0)
    line.say(done=list(analysis.warnings))


def runs(folder: Path) -> list[int]:
    """What a stand-in has written of its process."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            return json.loads((folder / "pid").read_text())
        except (OSError, ValueError):
            time.sleep(0.02)
    raise AssertionError("no process has begun")


def form(*parts: tuple) -> bytes:
    body = b""
    for name, filename, content in parts:
        file = b"" if filename is None else f'; filename="{filename}"'.encode()
        content = content if isinstance(content, bytes) else content.encode()
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        body += file + b"\r\n\r\n" + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def parrot(line, task):
    """Stands in for a live session: tells how many bytes came in, and at which rate."""
    line.say(ready=True)
    heard = 0
    while block := line.receive():
        heard += len(block)
        if block[:2] == b"!!":
            raise ValueError("broken")
        if block[:2] == b"XX":
            os.kill(os.getpid(), signal.SIGKILL)
        line.say(answer={"heard": heard, "rate": task.sample_rate, "every": task.provisional})
    line.say(answer={"heard": heard, "last": True})
    line.say(ended=True)
