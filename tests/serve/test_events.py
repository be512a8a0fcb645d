"""Progress as server-sent events, read as a browser does."""

import http.client
import json
import threading
from urllib.parse import urlsplit

from stand_ins import runs

from emospot.serve import events


def stream(server, job, headers=None):
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=30)
    connection.request("GET", f"/analyses/{job}/events", headers=headers or {})
    return connection, connection.getresponse()


def read(response):
    """Events as (event, id, data), by the rules of the format; comments as None."""
    fields = {}
    for line in response:
        line = line.decode().rstrip("\n")
        if line.startswith(":"):
            yield None
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield fields["event"], fields.get("id"), json.loads(fields["data"])
            fields = {}


def test_all_changes_are_told_until_the_end(server):
    job = server.post(("recording", "brief.txt", "A: hi")).json["id"]
    connection, response = stream(server, job)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["X-Accel-Buffering"] == "no"
    told = list(read(response))
    connection.close()
    assert {event for event, _, _ in told} == {"job"}
    states = [data["state"] for _, _, data in told]
    assert states == sorted(states, key=["queued", "running", "done"].index)
    assert states[-1] == "done"
    assert told[-1][2] == server.ask("GET", f"/analyses/{job}").json
    # A browser that connects again is told to stop.
    connection, response = stream(server, job, {"Last-Event-ID": told[-1][1]})
    assert (response.status, response.read()) == (204, b"")
    connection.close()
    # Who comes later gets the last state.
    connection, response = stream(server, job, {"Last-Event-ID": "17"})
    assert [data["state"] for _, _, data in read(response)] == ["done"]
    connection.close()


def test_cancelling_and_places_in_the_queue_are_told(server):
    slow = server.post(("recording", "slow.txt", "A: hi")).json["id"]
    runs(server.folder(slow))
    first, second = (server.post(("recording", "talk.txt", "A: hi")).json["id"] for _ in "ab")
    connection, response = stream(server, second)
    told = read(response)
    assert next(told)[2]["position"] == 2
    server.client.cancel(first)
    assert next(told)[2]["position"] == 1
    server.client.cancel(second)
    assert [data["state"] for _, _, data in told] == ["cancelled"]
    connection.close()
    server.client.cancel(slow)


def test_a_quiet_job_keeps_its_connection(start, monkeypatch):
    monkeypatch.setattr(events, "ALIVE_SECONDS", 0.05)
    server = start()
    job = server.post(("recording", "slow.txt", "A: hi")).json["id"]
    connection, response = stream(server, job)
    assert None in (next(told) for told in [read(response)] for _ in range(8))
    connection.close()
    server.client.cancel(job)


def test_the_stream_of_a_deleted_job_ends(server):
    job = server.post(("recording", "slow.txt", "A: hi")).json["id"]
    connection, response = stream(server, job)
    told = read(response)
    next(told)
    threading.Timer(0.2, server.client.delete, [job]).start()
    assert all(data["state"] != "done" for _, _, data in filter(None, told))
    connection.close()
    connection, response = stream(server, job)
    assert response.status == 404
    connection.close()


def test_the_end_of_the_server_ends_streams(start):
    server = start()
    job = server.post(("recording", "slow.txt", "A: hi")).json["id"]
    connection, response = stream(server, job)
    told = read(response)
    next(told)
    threading.Timer(0.2, server.end).start()
    list(told)
    connection.close()
