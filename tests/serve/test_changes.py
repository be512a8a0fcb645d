"""The bell between threads and the event loop."""

import asyncio
import threading

from emospot.serve.changes import Changes


def run(scenario):
    async def begun():
        changes = Changes()
        changes.attach()
        return await asyncio.wait_for(scenario(changes), 10)

    return asyncio.run(begun())


def test_a_ring_from_a_thread_wakes_everybody():
    async def scenario(changes):
        count = changes.count
        threading.Timer(0.05, changes.rung).start()
        return await asyncio.gather(*(changes.after(count, 5) for _ in range(20)))

    assert run(scenario) == [True] * 20


def test_a_ring_in_between_is_not_missed():
    async def scenario(changes):
        count = changes.count
        changes.rung()
        await asyncio.sleep(0.01)
        return await changes.after(count, 5), await changes.after(changes.count, 0.01)

    assert run(scenario) == (True, False)


def test_nobody_waits_for_a_server_that_ends():
    async def scenario(changes):
        waiting = asyncio.create_task(changes.after(changes.count, 5))
        await asyncio.sleep(0)
        changes.close()
        return await waiting, await changes.after(changes.count, 5)

    assert run(scenario) == (True, True)


def test_a_ring_after_the_end_is_heard_by_nobody():
    changes = Changes()
    changes.rung()  # no loop yet

    async def attach():
        changes.attach()

    asyncio.run(attach())
    changes.rung()  # nor any more
    assert changes.count == 0
