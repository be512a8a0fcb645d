"""The client against a real server: what it sends, and what it says when something is wrong."""

import socket
import threading
import time

import pytest

from emospot.errors import EmospotError, UsageError
from emospot.serve.client import Client, ServerError


def test_from_upload_to_deletion(server, tmp_path, wav_bytes):
    recording, transcript = tmp_path / 'Ann"s\n täglich.wav', tmp_path / "t.srt"
    recording.write_bytes(wav_bytes)
    transcript.write_text("1\n00:00:00,000 --> 00:00:00,100\nhi\n")
    with server.client as client:
        job = client.upload(recording, transcript, model="bundled-causal", speakers=2)
        assert not job.ended
        seen = []
        done = client.wait(job, seen.append)
        assert done.state == seen[-1].state == "done"
        assert done.ended
        assert done.warnings == ("one warning",)
        assert client.analysis(done).model.labels == ("calm", "upset")
        assert client.report(done).endswith("</html>")
        assert client.export(done.id, "csv").startswith(b"recording,")
        assert [one.id for one in client.jobs()] == [job.id]
        assert {"bundled", "bundled-causal"} <= client.models().keys()
        assert client.health()["status"] == "ok"
        row = server.desk.store.get(job.id)
        assert (row.model, row.speakers) == ("bundled-causal", "2")
        assert (server.folder(job) / "transcript.srt").read_bytes() == transcript.read_bytes()
        client.delete(job)
        with pytest.raises(ServerError, match="no such analysis") as gone:
            client.job(job)
        assert gone.value.status == 404


def test_a_failed_job_says_why(server, tmp_path):
    path = tmp_path / "fails.txt"
    path.write_text("A: hi")
    with pytest.raises(EmospotError, match="the recording is no good"):
        server.client.wait(server.client.upload(path))


def test_a_cancelled_or_deleted_job_does_not_keep_anybody_waiting(server, tmp_path):
    path = tmp_path / "slow.txt"
    path.write_text("A: hi")
    for end, said in (
        (server.client.cancel, "the analysis is cancelled"),
        (server.client.delete, "no such analysis"),
    ):
        job = server.client.upload(path)
        threading.Timer(0.3, end, [job]).start()
        with pytest.raises(EmospotError, match=said):
            server.client.wait(job)


def test_what_is_refused_is_said(start, tmp_path, wav_bytes):
    server = start(upload_bytes=100_000)
    large = tmp_path / "large.wav"
    large.write_bytes(wav_bytes + bytes(3_000_000))
    with pytest.raises(ServerError, match="larger than 0.1 MB") as refused:
        server.client.upload(large)
    assert refused.value.status == 413
    with pytest.raises(FileNotFoundError):
        server.client.upload(tmp_path / "nothing.wav")


def test_the_token(start, talk):
    server = start(token="secret-token", token_of_client="wrong")  # noqa: S106
    with pytest.raises(ServerError, match="the token is wrong") as refused:
        server.client.upload(talk)
    assert refused.value.status == 401
    assert Client(server.address, "secret-token").upload(talk).name == "talk.txt"


def test_a_server_that_is_not_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ServerError, match="is emospot serve running there") as refused:
        Client(address).jobs()
    assert refused.value.status == 0


@pytest.mark.parametrize("address", ["127.0.0.1:8765", "ftp://a", "", "http://"])
def test_what_is_no_address(address):
    with pytest.raises(UsageError, match="expected an address"):
        Client(address)


def test_it_waits_through_a_restart(start, tmp_path, monkeypatch):
    monkeypatch.setattr("emospot.serve.client.AGAIN_SECONDS", 0.1)
    server = start()
    path = tmp_path / "slow.txt"
    path.write_text("A: hi")
    job = server.client.upload(path)
    port = int(server.address.rpartition(":")[2])
    found = []
    waiting = threading.Thread(target=lambda: found.append(server.client.wait(job)))
    waiting.start()
    time.sleep(0.5)
    server.end()
    from stand_ins import finish

    start(work=finish, at=port)
    waiting.join(30)
    assert [one.state for one in found] == ["done"]
