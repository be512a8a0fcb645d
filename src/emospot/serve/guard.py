"""Who may ask: the checks that stand before every request, and the headers after it.

- anybody on the network: a token, wherever others can reach the server;
- a web page that calls this machine by a name of its own (DNS rebinding): the Host header must
  name the loopback address, or a name that was allowed;
- a web page that sends requests from the user's browser: a change, or a live session, must
  come from our own page (Origin), or from no page at all;
- foreign text that is shown: a content security policy, for our own scripts only.

Written as plain ASGI, so that it holds for HTTP, streams and WebSockets alike.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from emospot.serve.refused import RefusedError
from emospot.serve.settings import LOOPBACK, Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "emospot_token"
COOKIE_SECONDS = 30 * 86_400
OPEN = ("/health", "/static/report.css", "/static/app.css", "/static/icon.svg")
"""Paths that need no token: whoever watches over the server has none, and the page that asks
for it is dressed as the others."""
CHANGING = ("POST", "PUT", "PATCH", "DELETE")
REFUSED = 1008
"""Code with which a WebSocket is refused: against the policy."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; frame-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
ANSWER_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
}

SIGN_IN = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>emospot</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/report.css">
<link rel="stylesheet" href="/static/app.css">
</head>
<body>
<header class="site"><span class="brand"><img src="/static/icon.svg" alt="" width="28" height="28">
emospot</span></header>
<main class="sign-in panel">
<h1>Sign in</h1>
<p>WHY. Whoever started this server has it.</p>
<form method="get" action="/">
<div class="field"><label for="token">Token</label>
<input id="token" name="token" autocomplete="off" spellcheck="false" required autofocus></div>
<button class="primary">Continue</button>
</form>
</main>
</body>
</html>
"""


class Guard:
    """Lets through what may pass.

    Args:
        application: what is guarded.
        settings: the token and the names.
        closing: to be called as soon as the server is told to end: what streams ends then.
    """

    def __init__(
        self,
        application: Application,
        settings: Settings,
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        self.application, self._settings, self.closing = application, settings, closing
        self._token = settings.token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request, then pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.application(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        sent = _with_headers(send, scope["path"])
        try:
            self._check_host(headers)
            if await self._signed_in(scope, sent):
                return
            self._check_token(scope, headers)
            self._check_origin(scope, headers)
        except RefusedError as error:
            await _refuse(scope, headers, receive, sent, error)
            return
        await self.application(scope, receive, sent)

    def _check_host(self, headers: dict[str, str]) -> None:
        if self._settings.host not in LOOPBACK:
            return  # any name may lead here; the token decides
        name = _host_name(headers.get("host", ""))
        if name not in (*LOOPBACK, *self._settings.names):
            raise RefusedError(
                400,
                f'the request calls this server "{name[:80]}", expected localhost or 127.0.0.1: '
                "allow another name with --allow-host",
            )

    async def _signed_in(self, scope: Scope, send: Send) -> bool:
        """Whether this was `/?token=…`, which is answered with a cookie."""
        if scope["type"] != "http" or scope["path"] != "/" or not self._token:
            return False
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        if given is None:
            return False
        # A + that somebody has typed into an address means a space there; tokens have none.
        if not self._fits(given[0].replace(" ", "+")):
            raise _no_token("the token is wrong")
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        cookie = (
            f"{COOKIE}={self._settings.token}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; "
            f"SameSite=Lax{secure}"
        )
        head = [(b"location", b"/"), (b"set-cookie", cookie.encode()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 303, "headers": head})
        await send({"type": "http.response.body", "body": b""})
        return True

    def _check_token(self, scope: Scope, headers: dict[str, str]) -> None:
        if not self._token or scope["path"] in OPEN:
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if not self._fits(given.strip()):
                raise _no_token("the token is wrong")
            return
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            cookie = None
        if cookie is None:
            raise _no_token("a token is needed")
        if not self._fits(cookie.value):
            raise _no_token("the token of this browser is not valid any more")

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token)

    def _check_origin(self, scope: Scope, headers: dict[str, str]) -> None:
        """Of requests that change something. What is no browser says nothing of its origin."""
        if scope["type"] == "http" and scope["method"] not in CHANGING:
            return
        origin = headers.get("origin")
        if origin is None:
            foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        else:
            foreign = _place(origin) != headers.get("host", "").lower()
        if foreign:
            raise RefusedError(
                403,
                f"the request comes from another page ({(origin or 'another site')[:80]}): "
                "only this server's own page may do that",
            )


def _no_token(why: str) -> RefusedError:
    return RefusedError(
        401,
        f"{why}: send it as Authorization: Bearer TOKEN, or open /?token=TOKEN in the browser",
        {"WWW-Authenticate": "Bearer"},
    )


def _host_name(host: str) -> str:
    """The name of a Host header, without port and brackets.

    >>> _host_name("localhost:8765"), _host_name("[::1]:80"), _host_name("")
    ('localhost', '::1', '')
    """
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _place(origin: str) -> str | None:
    """Name and port of an origin; None where it cannot be read.

    >>> _place("https://Talks.example:81"), _place("http://[")
    ('talks.example:81', None)
    """
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


async def _refuse(
    scope: Scope, headers: dict[str, str], receive: Receive, send: Send, error: RefusedError
) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": REFUSED, "reason": str(error)[:120]})
        return
    for_people = scope["path"] == "/" and "text/html" in headers.get("accept", "")
    if error.status == 401 and for_people:
        why = str(error).partition(":")[0].capitalize()
        body, kind = SIGN_IN.replace("WHY", why).encode(), b"text/html; charset=utf-8"
    else:
        body, kind = json.dumps({"error": str(error)}).encode(), b"application/json"
    head = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    head += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": head})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send, path: str) -> Send:
    """The same, with the headers that every answer has."""
    is_page = path == "/" or path.startswith("/static/")
    usual = {
        **HEADERS,
        "content-security-policy": PAGE_POLICY if is_page else ANSWER_POLICY,
        "cache-control": "no-cache" if is_page else "no-store",
    }

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message.get("headers", [])}
            more = [(k.encode(), v.encode()) for k, v in usual.items() if k.encode() not in there]
            message = {**message, "headers": [*message.get("headers", []), *more]}
        await send(message)

    return sent
