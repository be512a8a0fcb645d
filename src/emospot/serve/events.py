"""Progress as server-sent events: the job as it is, at each of its changes.

    event: job
    data: {"id": …, "state": "running", "stage": "voice", "share": 0.25, …}

The stream ends after a final state. A browser would connect again; it is then told to stop,
by the id of the last event, which it brings along (status 204).
"""

import asyncio
from collections.abc import AsyncIterator

from emospot.serve.answers import JobAnswer
from emospot.serve.desk import Desk
from emospot.serve.jobs import FINAL
from emospot.serve.refused import RefusedError

ALIVE_SECONDS = 15.0
"""Between two comments that keep the connection of a job that says nothing."""
LAST = "final"
"""Id of the last event."""


async def job_events(desk: Desk, job_id: str) -> AsyncIterator[bytes]:
    """The events of a job, until it has ended, is deleted, or the server ends."""
    last: JobAnswer | None = None
    while not desk.changes.closed:
        count = desk.changes.count
        try:
            job = await asyncio.to_thread(desk.answer, job_id)
        except RefusedError:
            return
        if job != last:
            yield _event(job)
            last = job
        if job.state in FINAL:
            return
        if not await desk.changes.after(count, ALIVE_SECONDS):
            yield b": still here\n\n"


def _event(job: JobAnswer) -> bytes:
    name = f"id: {LAST}\n" if job.state in FINAL else ""
    return f"event: job\n{name}data: {job.model_dump_json()}\n\n".encode()
