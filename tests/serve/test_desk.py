"""What a server keeps in its folder, for how long, and for whom."""

import sqlite3
import stat
import time

import pytest

from emospot.errors import EmospotError, UsageError
from emospot.serve import desk as desks
from emospot.serve.desk import Desk
from emospot.serve.settings import Settings


def settings(tmp_path, **options):
    return Settings(data=tmp_path / "data", spare_bytes=0, preload=False, **options)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_user_may_look_into_the_folder(tmp_path):
    desk = Desk(settings(tmp_path))
    assert mode(tmp_path / "data") == 0o700
    desk.store.close()


def test_a_folder_that_was_there_keeps_its_rights(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    desk = Desk(settings(tmp_path))
    assert mode(data) == 0o755
    assert {mode(data / name) for name in ("jobs", "uploads")} == {0o700}
    assert {mode(path) for path in data.glob("jobs.sqlite*")} == {0o600}
    desk.store.close()


@pytest.mark.parametrize("foreign", ["notes.txt", "jobs/2024/notes.txt", "uploads/notes.txt"])
def test_a_folder_of_other_files_is_not_taken(tmp_path, foreign):
    data = tmp_path / "data"
    (data / foreign).parent.mkdir(parents=True)
    data.chmod(0o755)
    (data / foreign).write_text("mine")
    with pytest.raises(UsageError, match="choose an empty or a new folder with --data"):
        Desk(settings(tmp_path))
    assert [path for path in data.rglob("*") if path.is_file()] == [data / foreign]
    assert mode(data) == 0o755


def test_two_servers_do_not_share_a_folder(tmp_path):
    first = Desk(settings(tmp_path))
    with pytest.raises(EmospotError, match="in use by another emospot serve"):
        Desk(settings(tmp_path))
    first.start()
    first.stop()
    again = Desk(settings(tmp_path))
    again.start()
    again.stop()


def test_a_start_clears_away_what_was_not_accepted(start, tmp_path):
    data = tmp_path / "data"
    start().end()
    for name in (f"uploads/{'a' * 32}", f"jobs/{'b' * 32}", "uploads/mine", "jobs/mine"):
        (data / name).mkdir()
        (data / name / "recording.part").write_bytes(b"half")
    server = start()
    # What is not called like a job was not put there by a server.
    assert [path.name for path in (data / "uploads").iterdir()] == ["mine"]
    assert [path.name for path in (data / "jobs").iterdir()] == ["mine"]
    job = server.post(("recording", "talk.txt", "A: hi")).json["id"]
    server.ended(job)
    server.end()
    start()
    assert (data / "jobs" / job / "report.html").is_file()


def test_jobs_are_deleted_after_their_time(start, monkeypatch):
    monkeypatch.setattr(desks, "SWEEP_SECONDS", 0.05)
    server = start(keep_hours=1 / 3600)
    job = server.post(("recording", "talk.txt", "A: hi")).json["id"]
    slow = server.post(("recording", "slow.txt", "A: hi")).json["id"]
    folder = server.folder(job)
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()
    assert server.ask("GET", f"/analyses/{job}").status == 404
    # What has not ended is kept, however long it takes.
    assert [one.id for one in server.client.jobs()] == [slow]
    server.client.delete(slow)


def test_one_failure_does_not_end_the_clearing_away(start, monkeypatch):
    monkeypatch.setattr(desks, "SWEEP_SECONDS", 0.05)
    server = start(keep_hours=0)
    expired, failures = server.desk.store.expired, [sqlite3.OperationalError("disk is full")]

    def fails_once():
        if failures:
            raise failures.pop()
        return expired()

    server.desk.store.expired = fails_once
    job = server.post(("recording", "talk.txt", "A: hi")).json["id"]
    deadline = time.monotonic() + 20
    while server.desk.store.get(job) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not failures
    assert server.desk.store.get(job) is None


def test_jobs_whose_time_was_over_while_no_server_ran(start, tmp_path):
    server = start()
    job = server.post(("recording", "talk.txt", "A: hi")).json["id"]
    server.ended(job)
    server.desk.store._keep = -10
    other = server.post(("recording", "slow.txt", "A: hi")).json["id"]
    server.client.cancel(other)
    server.end()
    again = start()
    assert [one.id for one in again.client.jobs()] == [job]
    assert not again.folder(other).exists()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(EmospotError, match="is a file, not a folder"):
        Desk(settings(tmp_path))
