"""Listening: from settings to a server that answers, until it is stopped."""

import logging
import socket
from collections.abc import Callable
from types import FrameType

from emospot.errors import EmospotError, MissingExtraError
from emospot.serve.settings import Settings

BACKLOG = 512
SHUTDOWN_SECONDS = 3
LIVE_MESSAGE_BYTES = 1024 * 1024


def serve(settings: Settings, on_start: Callable[[str], None] = lambda address: None) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        settings: where, and with which limits.
        on_start: told the address as soon as connections are taken.

    Raises:
        MissingExtraError: if the extra `serve` is not installed.
        EmospotError: if the address or the data folder cannot be used.
    """
    try:
        import uvicorn

        from emospot.serve.app import build_app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "emospot":
            raise
        raise MissingExtraError("the page and the API", "serve") from error

    class Server(uvicorn.Server):
        """Ends the streams at the signal: it waits for them, and then breaks them off."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            app.closing()
            super().handle_exit(sig, frame)

    listening = bound(settings.host, settings.port)
    try:
        app = build_app(settings)
        config = uvicorn.Config(
            app,
            access_log=False,
            log_level=logging.WARNING,
            backlog=BACKLOG,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            ws_max_size=LIVE_MESSAGE_BYTES,
        )
        on_start(address_of(listening))
        Server(config).run(sockets=[listening])
    finally:
        listening.close()


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        EmospotError: if the address cannot be used.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise EmospotError(f"{host}: {error.strerror or error}; choose another --host") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise EmospotError(
            f"cannot listen at {host}, port {port}: {error.strerror}; choose another --port"
        ) from error
    return listening


def address_of(listening: socket.socket) -> str:
    """The address of a socket as a browser takes it, e.g. http://127.0.0.1:8765."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
