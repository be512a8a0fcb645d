"""Jobs in processes of their own: ends of all kinds, limits, cancelling, and the server's end."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from multiprocessing import forkserver
from pathlib import Path

import pytest
from stand_ins import finish, runs, talks_nonsense

from emospot.serve.child import Limits
from emospot.serve.runner import Runner
from emospot.serve.settings import HOUR


def upload(server, name: str) -> str:
    answer = server.post(("recording", name, "ANNA: hi\n"))
    assert answer.status == 202
    return answer.json["id"]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(*pids: int, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(map(alive, pids)):
            return True
        time.sleep(0.05)
    return False


def test_a_job_runs_in_a_process_and_a_session_of_its_own(server):
    job = upload(server, "talk.txt")
    pid, group = runs(server.folder(job))
    assert pid == group != os.getpid()
    assert server.ended(job).state == "done"
    assert gone(pid)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fails.txt", "the recording is no good: choose another"),
        ("breaks.txt", "unexpected ZeroDivisionError: division by zero"),
        ("killed.txt", "signal 9"),
        ("gone.txt", "exit status 0"),
        ("hog.txt", "more memory than is allowed"),
    ],
)
def test_a_job_that_fails_says_why_and_the_next_is_run(server, name, said):
    failed, after = upload(server, name), upload(server, "talk.txt")
    job = server.ended(failed)
    assert job.state == "failed"
    assert said in job.error
    assert job.expires is not None
    assert server.ended(after).state == "done"


def test_a_process_that_says_nonsense_costs_its_own_job_alone(start):
    server = start(work=talks_nonsense)
    for name in ("json.txt", "deep.txt", "long.txt", "types.txt"):
        found = server.ended(upload(server, name))
        assert found.state == "failed"
        assert found.share is None


def test_computing_time_is_limited(start, monkeypatch):
    monkeypatch.setattr(Runner, "_limits", lambda runner: Limits(8 * 10**9, 1, 1))
    server = start()
    job = server.ended(upload(server, "busy.txt"))
    assert job.state == "failed"
    assert "more computing time than is allowed" in job.error


def test_a_process_is_told_no_secret(start, monkeypatch):
    for name in ("EMOSPOT_TOKEN", "HF_TOKEN", "OPENAI_API_KEY", "EMOSPOT_LLM_API_KEY"):
        monkeypatch.setenv(name, "hush-hush")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    forkserver._forkserver._stop()  # begun by other tests, with their environment
    server = start()
    job = server.ended(upload(server, "environment.txt"))
    assert job.state == "done"
    told = json.loads((server.folder(job) / "environment").read_text())
    assert not [name for name in told["names"] if "TOKEN" in name and "TOKENIZERS" not in name]
    assert not [name for name in told["names"] if "KEY" in name]
    assert {"TOKENIZERS_PARALLELISM", "HOME"} <= set(told["names"])
    if sys.platform == "linux":
        assert "NoNewPrivs:\t1" in told["status"]
        environment = Path(f"/proc/{forkserver._forkserver._forkserver_pid}/environ").read_bytes()
        assert b"HOME=" in environment
        is_told = b"hush-hush" in environment
        assert not is_told
    # The server's own process still has them.
    assert os.environ["HF_TOKEN"] == "hush-hush"  # noqa: S105


def test_a_fork_server_that_is_killed_costs_one_job_at_most(start, monkeypatch):
    from emospot.serve import runner

    child, failures = runner.Child, [EOFError(), RuntimeError("whatever"), OSError("no more")]

    def fails(*given):
        if failures:
            raise failures.pop(0)
        return child(*given)

    monkeypatch.setattr(runner, "Child", fails)
    server = start()
    said = [server.ended(upload(server, "talk.txt")) for _ in range(4)]
    assert [job.state for job in said] == ["failed", "failed", "failed", "done"]
    assert "no process could be started (EOFError)" in said[0].error
    assert "unexpected RuntimeError" in said[1].error


def test_the_fork_server_is_begun_anew(server):
    assert server.ended(upload(server, "talk.txt")).state == "done"
    os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
    server.ended(upload(server, "talk.txt"))
    assert server.ended(upload(server, "talk.txt")).state == "done"


@pytest.mark.parametrize("method", ["get", "put_back", "finish"])
def test_what_the_disk_refuses_is_tried_again(start, monkeypatch, method):
    monkeypatch.setattr("emospot.serve.runner.AGAIN_SECONDS", 0.01)
    server = start()
    store, failures = server.desk.store, [sqlite3.OperationalError("disk is full")] * 2
    usual = getattr(store, method)

    def fails(*given, **named):
        if failures and threading.current_thread().name.startswith("jobs-"):
            raise failures.pop()
        return usual(*given, **named)

    setattr(store, method, fails)
    if method == "put_back":  # is only asked where something else has failed
        run = server.desk.runner._run
        refused = [sqlite3.OperationalError("locked")]
        server.desk.runner._run = lambda job: run(job) if not refused else raise_(refused.pop())
    job = upload(server, "talk.txt")
    assert server.ended(job).state == "done"
    assert not failures
    assert server.ended(upload(server, "talk.txt")).state == "done"


def raise_(error):
    raise error


def test_the_time_of_a_job_is_limited(start):
    server = start(job_hours=4 / HOUR)
    job = upload(server, "slow.txt")
    pids = runs(server.folder(job))
    found = server.ended(job)
    assert (found.state, "took longer than" in found.error) == ("failed", True)
    assert gone(*pids)


def test_a_confined_process_cannot_go_past_its_limits(tmp_path):
    script = """
import resource, sys
from emospot.serve import child
child.WRITTEN_BYTES = 10**6
child.confine(child.Limits(2 * 10**9, 1000, 3))
for go_past in (
    lambda: open(sys.argv[1], "wb").write(bytes(10**7)),
    lambda: bytearray(3 * 10**9),
):
    try:
        go_past()
    except (OSError, MemoryError) as error:
        print(type(error).__name__)
print(resource.getrlimit(resource.RLIMIT_CORE)[0])
import os
print(os.environ["OMP_NUM_THREADS"])
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "file")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = ran.stdout.split()
    assert found[:2] == ["OSError", "MemoryError"]
    assert found[2:] == ["0", "3"]


def test_cancelling_ends_the_process_and_what_it_has_started(server):
    job = upload(server, "slow.txt")
    pids = runs(server.folder(job))
    assert all(map(alive, pids))
    while server.client.job(job).share != 0.5:
        time.sleep(0.02)
    found = server.client.job(job)
    assert (found.state, found.stage) == ("running", "voice")
    answer = server.ask("POST", f"/analyses/{job}/cancel")
    assert (answer.status, answer.json["state"], answer.json["stage"]) == (200, "cancelled", "")
    assert gone(*pids, seconds=2)
    assert server.client.job(job).state == "cancelled"


def test_a_job_that_waits_is_cancelled_and_never_run(server):
    slow, waits = upload(server, "slow.txt"), upload(server, "talk.txt")
    runs(server.folder(slow))
    assert server.client.job(waits).position == 1
    assert server.client.cancel(waits).state == "cancelled"
    server.client.cancel(slow)
    after = upload(server, "talk.txt")
    assert server.ended(after).state == "done"
    assert not (server.folder(waits) / "pid").exists()


def test_deleting_a_running_job_ends_its_process(server):
    job = upload(server, "slow.txt")
    pids = runs(server.folder(job))
    server.client.delete(job)
    assert gone(*pids, seconds=2)
    assert not server.folder(job).exists()


def test_the_end_of_the_server_ends_processes_and_keeps_jobs(start):
    server = start()
    job = upload(server, "slow.txt")
    pids = runs(server.folder(job))
    waits = upload(server, "talk.txt")
    server.end()
    assert gone(*pids)
    # Begun anew where nothing is slow any more.
    again = start(work=finish)
    assert again.ended(job).state == "done"
    assert again.ended(waits).state == "done"
    assert again.desk.store.get(job).tries == 1


def test_several_run_at_a_time(start):
    server = start(jobs=2)
    jobs = [upload(server, "slow.txt") for _ in range(3)]
    for job in jobs[:2]:
        runs(server.folder(job))
    assert [server.client.job(job).state for job in jobs] == ["running", "running", "queued"]


def test_a_model_that_is_not_offered_any_more(start):
    server = start(models={"mine": "/m", "bundled": "/b"}, jobs=1)
    slow = upload(server, "slow.txt")
    answer = server.post(("recording", "talk.txt", "A: hi"), ("model", None, "mine"))
    runs(server.folder(slow))
    server.client.cancel(slow)
    server.ended(answer.json["id"])
    server.desk.store.add("f" * 32, "talk.txt", "recording.txt", model="other")
    server.desk.runner.tell()
    found = server.ended("f" * 32)
    assert 'the model "other" is not offered any more' in found.error
