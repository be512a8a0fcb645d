"""The rows of the jobs: order, states, restarts, and that a change is on the disk."""

import sqlite3
import time

import pytest

from emospot.errors import EmospotError
from emospot.serve.jobs import TRIES, JobStore, new_id


@pytest.fixture
def store(tmp_path):
    found = JobStore(tmp_path / "jobs.sqlite", keep_seconds=100)
    yield found
    found.close()


def test_jobs_are_run_in_the_order_of_acceptance(store):
    ids = [new_id() for _ in range(3)]
    for job_id in ids:
        store.add(job_id, "talk.wav", "recording.wav")
    assert len(set(ids)) == 3
    assert store.queued() == ids
    assert [store.claim().id for _ in range(3)] == ids
    assert store.claim() is None
    assert [job.state for job in store.all()] == ["running"] * 3


def test_an_end_has_its_times(store):
    store.add("a", "talk.wav", "recording.wav")
    store.claim()
    before = time.time()
    assert store.finish("a", "done", warnings=("voice missing", "Ä"))
    job = store.get("a")
    assert before <= job.finished <= time.time()
    assert job.expires == pytest.approx(job.finished + 100)
    assert (job.state, job.warnings, job.error) == ("done", ("voice missing", "Ä"), "")
    # What has ended stays so.
    assert not store.finish("a", "failed", error="late")
    assert not store.cancel("a")
    assert store.get("a") == job


def test_a_cancelled_job_does_not_become_done(store):
    store.add("a", "talk.wav", "recording.wav")
    store.claim()
    assert store.cancel("a")
    assert not store.finish("a", "done")
    store.put_back("a")
    assert store.get("a").state == "cancelled"


def test_only_a_running_job_is_done(store):
    store.add("a", "talk.wav", "recording.wav")
    assert not store.finish("a", "done")
    assert not store.finish("nobody", "done")
    assert store.get("a").state == "queued"


def test_after_a_restart_what_ran_waits_again_in_its_place(store):
    for job_id in "abc":
        store.add(job_id, "talk.wav", "recording.wav")
    store.claim()
    assert store.recover() == 1
    assert store.queued() == ["a", "b", "c"]
    assert store.get("a").started is None


def test_what_ends_the_server_each_time_is_given_up(store):
    store.add("a", "talk.wav", "recording.wav")
    for _ in range(TRIES):
        assert store.claim().id == "a"
        store.recover()
    job = store.get("a")
    assert job.state == "failed"
    assert f"{TRIES} times" in job.error
    assert job.expires is not None
    assert store.claim() is None


def test_a_server_that_was_stopped_is_no_reason(store):
    store.add("a", "talk.wav", "recording.wav")
    for _ in range(TRIES + 2):
        store.claim()
        store.put_back("a")
        store.recover()
    assert store.get("a").state == "queued"


def test_expiry(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite", keep_seconds=0)
    store.add("a", "talk.wav", "recording.wav")
    assert store.expired() == []
    store.cancel("a")
    assert store.expired() == ["a"]
    assert store.delete("a")
    assert not store.delete("a")
    assert store.get("a") is None
    store.close()


def test_another_connection_sees_each_change_at_once(store, tmp_path):
    store.add("a", "talk.wav", "recording.wav")
    with sqlite3.connect(tmp_path / "jobs.sqlite") as other:
        assert other.execute("SELECT state FROM jobs").fetchall() == [("queued",)]
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_deleted_name_is_not_left_in_the_file(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite", keep_seconds=1)
    store.add("a", "a-secret-name.wav", "recording.wav")
    store.claim()
    store.finish("a", "done", warnings=("a-secret-name.wav: damaged",))
    assert b"a-secret-name" in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    store.delete("a")
    # While the server goes on, too.
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"a-secret-name" not in left
    store.close()


def test_what_is_no_database_is_said(tmp_path):
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(b"no database at all, but longer than a header is" * 90)
    with pytest.raises(EmospotError, match="choose another folder"):
        JobStore(path, 1)
