"""A request that is not answered as it wishes: with which status, and why."""

from collections.abc import Mapping

from emospot.errors import EmospotError


class RefusedError(EmospotError):
    """A request that is refused.

    Args:
        status: of HTTP, e.g. 404.
        message: what was found, what was expected, what to do.
        headers: that the answer gets, e.g. Retry-After.
    """

    def __init__(
        self, status: int, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, dict(headers or {})
