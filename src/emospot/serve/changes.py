"""A bell between threads and the event loop: something has changed, look again."""

import asyncio


class Changes:
    """Wakes whoever waits for a change of any job.

    `rung` and `close` may be called from any thread; the rest belongs to the event loop.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self.count = 0
        self.closed = False

    def attach(self) -> None:
        """Belong to the event loop that runs now."""
        self._loop = asyncio.get_running_loop()

    def rung(self) -> None:
        """Something has changed."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ring)

    def close(self) -> None:
        """Nobody waits any more: the server ends. From any thread, or a signal's handler."""
        self.closed = True
        self.rung()

    async def after(self, count: int, seconds: float) -> bool:
        """Wait until `count` is passed.

        Returns:
            False where that took longer than `seconds`.
        """
        if self.count != count or self.closed:
            return True
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _ring(self) -> None:
        self.count += 1
        self._event.set()
        # Whoever waits has this event in hand; who comes later waits for the next.
        self._event = asyncio.Event()
