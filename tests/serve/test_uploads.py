"""Uploads: names and sizes, refused while they come in, and nothing left of what is refused."""

import http.client
import socket
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from stand_ins import BOUNDARY, form, runs

from emospot.serve import uploads

TALK = ("recording", "talk.txt", "ANNA: hi\n")


def nothing_is_left(server):
    data = server.desk.settings.data
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        left = [*(data / "uploads").iterdir(), *(data / "jobs").iterdir()]
        if not left:
            break
        time.sleep(0.02)
    assert not left
    assert server.client.jobs() == []


@pytest.mark.parametrize(
    "name", ["../../../evil.txt", "/etc/cron.d/evil.txt", "..\\evil.txt", "a\0b.txt", "%2e%2e.txt"]
)
def test_no_name_reaches_the_disk(server, name, tmp_path):
    job = server.post(("recording", name, "ANNA: hi\n"), ("transcript", name, "BEN: no")).json
    assert "error" in job  # two transcripts
    job = server.post(("recording", name, "ANNA: hi\n")).json
    assert {p.name for p in server.folder(job["id"]).iterdir()} <= {
        *("recording.txt", "pid", "report.html", "analysis.json")
    }
    server.ended(job["id"])
    assert {path.name for path in tmp_path.iterdir()} == {"data"}
    assert not {"/", "\\", "\0"} & set(job["name"])


def test_the_files_are_what_was_sent(server, wav_bytes):
    large = wav_bytes + b"\r\n--frontie" * 100_000  # almost the boundary, again and again
    job = server.post(
        ("model", None, "bundled"),
        ("transcript", "a.srt", "1\n00:00:00,000 --> 00:00:01,000\nhi\n"),
        ("recording", "Talk.WAV", large),
        ("speakers", None, "2"),
    ).json["id"]
    folder = server.folder(job)
    assert (folder / "recording.wav").read_bytes() == large
    assert (folder / "transcript.srt").read_text().endswith("hi\n")
    row = server.desk.store.get(job)
    assert (row.model, row.speakers, row.is_media) == ("bundled", "2", True)


@pytest.mark.parametrize(
    ("parts", "status", "said"),
    [
        ([], 422, 'expected a file "recording"'),
        ([("transcript", "a.srt", "hi")], 422, 'expected a file "recording"'),
        ([("recording", None, "hi")], 422, '"recording" is no file'),
        ([TALK, TALK], 422, "given twice"),
        ([TALK, ("color", None, "red")], 422, 'unknown field "color"'),
        ([TALK, ("model", None, "gpt")], 422, 'there is no model "gpt"'),
        ([TALK, ("model", None, "../../etc")], 422, "there is no model"),
        ([TALK, ("model", None, "x" * 2000)], 422, "longer than 1000 bytes"),
        ([TALK, ("speakers", None, "many")], 422, 'expected "auto" or a number'),
        ([TALK, ("speakers", None, "0")], 422, "from 1 to 50"),
        ([("recording", "a.mp4", b"PK\x03\x04" + bytes(90))], 415, "no recording"),
        ([("recording", "a.mp4", b"")], 415, "empty (0 bytes)"),
        ([TALK, ("transcript", "b.srt", "hi")], 422, "both transcripts"),
    ],
)
def test_wrong_forms(server, parts, status, said):
    answer = server.post(*parts)
    assert answer.status == status
    assert said in answer.error
    nothing_is_left(server)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"garbage", f"multipart/form-data; boundary={BOUNDARY}"),
        (form(TALK)[:-20], f"multipart/form-data; boundary={BOUNDARY}"),
        (form(TALK), "multipart/form-data"),
        (form(TALK), "application/json"),
        (b"{}", ""),
    ],
)
def test_what_is_no_form(server, body, kind):
    answer = server.ask("POST", "/analyses", body, Content_Type=kind)
    assert answer.status == 400
    assert answer.error
    nothing_is_left(server)


def test_too_many_parts(server):
    parts = [("model", None, "")] * 9
    assert server.post(*parts).status in (400, 422)


def test_too_large_by_what_it_says(start, wav_bytes):
    server = start(upload_bytes=1000, transcript_bytes=1000)
    answer = server.post(("recording", "a.wav", wav_bytes + bytes(200_000)))
    assert answer.status == 413
    assert "larger than 0.0 MB" in answer.error
    nothing_is_left(server)


def test_too_large_while_it_comes_in(start, wav_bytes):
    """Nothing is said of the length; the upload is ended long before its end."""
    server = start(upload_bytes=1_000_000)
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=30)
    sent = 0

    def blocks():
        nonlocal sent
        yield form(("recording", "a.wav", wav_bytes))[:-20]
        for _ in range(3000):
            sent += 100_000
            yield bytes(100_000)

    try:
        connection.request(
            "POST",
            "/analyses",
            blocks(),
            {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
            encode_chunked=True,
        )
    except (BrokenPipeError, ConnectionResetError):
        assert sent < 200_000_000
    else:
        assert connection.getresponse().status == 413
    nothing_is_left(server)


def test_what_stands_around_the_files_is_counted_too(start):
    server = start(upload_bytes=1000, transcript_bytes=1000)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    # Sent in chunks, so that nothing is said of the length.
    chunks = [form(TALK), bytes(200_000)]
    answer = server.ask("POST", "/analyses", iter(chunks), Content_Type=kind)
    assert answer.status == 413
    nothing_is_left(server)


def test_an_upload_that_never_ends_is_given_up(start, monkeypatch):
    monkeypatch.setattr(uploads, "LONGEST_SECONDS", 0.5)
    server = start()
    with half_an_upload(server) as connection:
        connection.settimeout(0.05)
        answer, until = b"", time.monotonic() + 20
        while b"took longer than" not in answer and time.monotonic() < until:
            with suppress(OSError):  # nothing yet, or closed already
                connection.sendall(b"x")
            with suppress(OSError):
                answer += connection.recv(1000)
    assert b"408" in answer
    assert b"took longer than" in answer
    nothing_is_left(server)


def test_a_large_transcript_is_refused_wherever_it_stands(start, wav_bytes):
    server = start(transcript_bytes=1000)
    long = "ANNA: hi\n" * 1000
    alone = server.post(("recording", "a.txt", long))
    beside = server.post(("recording", "a.wav", wav_bytes), ("transcript", "a.txt", long))
    assert (alone.status, beside.status) == (413, 413)
    assert "the transcript is larger" in alone.error
    nothing_is_left(server)


def test_a_full_queue_says_when_to_come_again(start):
    server = start(queue=2)
    slow = ("recording", "slow.txt", "A: hi")
    first = server.post(slow).json["id"]
    runs(server.folder(first))  # no longer waits
    assert [server.post(slow).status for _ in range(3)] == [202, 202, 429]
    refused = server.post(TALK)
    assert int(refused.headers["Retry-After"]) > 0
    assert "2 jobs wait already" in refused.error
    server.client.cancel(first)


def test_a_full_disk_is_said(start):
    server = start(spare_bytes=10**18)
    answer = server.post(TALK)
    assert (answer.status, "disk is full" in answer.error) == (507, True)
    nothing_is_left(server)


def half_an_upload(server) -> socket.socket:
    host, port = urlsplit(server.address).netloc.split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    head = (
        f"POST /analyses HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100000\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    )
    connection.sendall(head.encode() + form(TALK)[:80])
    return connection


def test_an_upload_that_breaks_off_leaves_nothing(start):
    server = start(queue=1)
    with half_an_upload(server):
        # It holds its place in the queue.
        deadline = time.monotonic() + 10
        while server.post(TALK).status != 429:
            for job in server.client.jobs():
                server.client.delete(job)
            assert time.monotonic() < deadline
    nothing_is_left(server)
    assert server.post(TALK).status == 202


def test_an_upload_that_says_nothing_is_given_up(start, monkeypatch):
    monkeypatch.setattr(uploads, "QUIET_SECONDS", 0.2)
    server = start()
    with half_an_upload(server) as connection:
        assert b"408" in connection.recv(1000)
    nothing_is_left(server)
