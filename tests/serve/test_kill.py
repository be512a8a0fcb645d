"""What was accepted is done: under many uploads at once, and after the server was killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest
from stand_ins import runs
from test_runner import gone

from emospot.serve.client import Client, ServerError

PROCESS = Path(__file__).parent / "server_process.py"


@pytest.fixture
def begin(tmp_path):
    """Begins servers in processes of their own, on one data folder."""
    running = []

    def server():
        process = subprocess.Popen(
            [sys.executable, str(PROCESS), str(tmp_path / "data")],
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process, Client(process.stdout.readline().strip(), timeout=30)

    yield server
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def talks(tmp_path, count: int, name: str = "talk") -> list[Path]:
    folder = tmp_path / "talks"
    folder.mkdir(exist_ok=True)
    found = []
    for number in range(count):
        path = folder / f"{name}.{number}.txt"
        path.write_text(f"ANNA: I am number {number}.\n")
        found.append(path)
    return found


def test_fifty_uploads_at_once_lose_none(start, tmp_path):
    server = start(jobs=2)
    paths = talks(tmp_path, 50)
    with ThreadPoolExecutor(50) as pool:
        jobs = list(pool.map(server.client.upload, paths))
    assert len({job.id for job in jobs}) == 50
    for path, job in zip(paths, jobs, strict=True):
        assert (server.folder(job) / "recording.txt").read_bytes() == path.read_bytes()
        assert server.ended(job.id, seconds=60).state == "done"
        assert job.name == path.name


def test_fifty_uploads_at_a_small_queue_are_accepted_or_refused(start, tmp_path):
    server = start(queue=10)
    slow = server.client.upload(talks(tmp_path, 1, "slow")[0])
    runs(server.folder(slow))

    refused = []

    def upload(path):
        try:
            return server.client.upload(path).id
        except ServerError as error:
            refused.append((error.status, error.retry_after))
            return None

    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(upload, talks(tmp_path, 50)))
    accepted = [job for job in found if job]
    assert len(accepted) == 10
    assert refused == [(429, 30)] * 40
    assert server.desk.store.queued() == sorted(accepted, key=server.desk.store.queued().index)
    assert len(list((server.desk.settings.data / "jobs").iterdir())) == 11
    server.client.cancel(slow)
    assert {server.ended(job).state for job in accepted} == {"done"}


def test_a_kill_loses_no_accepted_job(begin, tmp_path):
    """Killed while two jobs run, others wait and uploads come in, twice."""
    data = tmp_path / "data"
    accepted, wrong, stop = [], [], threading.Event()
    process, client = begin()
    slow = [client.upload(path).id for path in talks(tmp_path, 2, "brief")]
    paths = talks(tmp_path, 400)

    def upload_on(client, paths):
        nonlocal wrong
        for path in paths:
            if stop.is_set():
                return
            try:
                job = client.upload(path).id
            except ServerError as error:
                wrong += [error] if error.status else []  # 0: no answer, so not accepted
                return
            accepted.append(job)

    for turn in range(2):
        threads = [
            threading.Thread(target=upload_on, args=(client, paths[n + 4 * turn :: 8]))
            for n in range(4)
        ]
        before = len(accepted)
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while len(accepted) < before + 8 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        for thread in threads:
            thread.join()
        assert len(accepted) >= before + 8
        process, client = begin()
    assert not wrong
    wanted = {*slow, *accepted}
    stop.set()
    listed = {job.id for job in client.jobs()}
    assert wanted <= listed
    # A row without its answer may be there (killed in between), a folder without a row not.
    assert {path.name for path in (data / "jobs").iterdir()} == listed
    assert not list((data / "uploads").iterdir())
    states = {client.wait(job).state for job in wanted}
    assert states == {"done"}


def test_processes_end_with_a_killed_server_and_their_jobs_are_begun_again(begin, tmp_path):
    process, client = begin()
    job = client.upload(talks(tmp_path, 1, "slow")[0])
    folder = tmp_path / "data" / "jobs" / job.id
    first, helper = runs(folder)
    while helper == first:  # it has begun, but not yet its helper
        first, helper = runs(folder)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert gone(first, helper)
    (folder / "pid").unlink()
    process, client = begin()
    again, _ = runs(folder)
    assert again != first
    assert client.job(job).state == "running"
    client.cancel(job)
    # Stopped by its own signal, it takes its processes with it and says nothing wrong.
    process.terminate()
    assert process.wait(20) in (0, -signal.SIGTERM)


def test_a_stream_that_is_open_does_not_hold_up_the_end(tmp_path):
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, str(PROCESS), str(tmp_path / "data")],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    try:
        address = process.stdout.readline().strip()
        job = Client(address, timeout=30).upload(*talks(tmp_path, 1, "slow"))
        with urlopen(f"{address}/analyses/{job.id}/events", timeout=30) as stream:  # noqa: S310
            assert stream.readline() == b"event: job\n"
            process.terminate()
            # Whole: a stream that is broken off raises IncompleteRead.
            stream.read()
        assert process.wait(20) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert (tmp_path / "said").read_text() == ""
