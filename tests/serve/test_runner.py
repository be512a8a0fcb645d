"""Jobs in processes of their own: ends of all kinds, limits, cancelling, and the server's end."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stand_ins import finish, runs, talks_nonsense

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
    server = start(job_hours=1 / HOUR)
    monkeypatch.setattr("emospot.serve.runner.usable_cores", lambda: 1)
    job = server.ended(upload(server, "busy.txt"))
    assert job.state == "failed"
    # Whichever of the two clocks is faster.
    assert "more computing time" in job.error or "longer than" in job.error


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
