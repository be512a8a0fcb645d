"""What a server keeps in its folder, for how long, and for whom."""

import stat
import time

import pytest

from emospot.errors import EmospotError
from emospot.serve import desk as desks
from emospot.serve.desk import Desk
from emospot.serve.settings import Settings


def settings(tmp_path, **options):
    return Settings(data=tmp_path / "data", spare_bytes=0, preload=False, **options)


def test_only_the_user_may_look_into_the_folder(tmp_path):
    desk = Desk(settings(tmp_path))
    mode = stat.S_IMODE((tmp_path / "data").stat().st_mode)
    assert mode == 0o700
    desk.store.close()


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
    for name in ("uploads/aaaa", "jobs/bbbb"):
        (data / name).mkdir(parents=True)
        (data / name / "recording.part").write_bytes(b"half")
    server = start()
    assert not list((data / "uploads").iterdir())
    assert not list((data / "jobs").iterdir())
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
