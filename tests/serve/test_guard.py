"""Who may ask: token, Host and Origin, for requests and for WebSockets."""

from urllib.parse import quote

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from emospot.errors import UsageError
from emospot.serve.settings import Settings

TALK = ("recording", "talk.txt", "ANNA: hi\n")
TOKEN = "a-long-token"  # noqa: S105


def netloc(server):
    return server.address.removeprefix("http://")


@pytest.fixture
def guarded(start):
    return start(token=TOKEN)


@pytest.mark.parametrize(
    "path", ["/", "/analyses", "/analyses/x/report", "/models", "/openapi.json", "/static/a.js"]
)
def test_without_the_token_nothing_is_told(guarded, path):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "emospot_token=wrong"}):
        answer = guarded.ask("GET", path, **headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "Authorization: Bearer" in answer.error
    assert guarded.post(TALK).status == 401
    assert guarded.ask("DELETE", "/analyses/x").status == 401


def test_the_token_opens(guarded):
    for headers in (
        {"Authorization": f"Bearer {TOKEN}"},
        {"authorization": f"bearer {TOKEN}"},
        {"Cookie": f"other=1; emospot_token={TOKEN}"},
    ):
        assert guarded.ask("GET", "/analyses", **headers).status == 200
    assert guarded.post(TALK, Authorization=f"Bearer {TOKEN}").status == 202
    # Whoever watches over the server has none.
    assert guarded.ask("GET", "/health").status == 200


def test_a_link_with_the_token_signs_a_browser_in(guarded):
    answer = guarded.ask("GET", f"/?token={TOKEN}")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"emospot_token={TOKEN}; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    value = cookie.partition(";")[0]
    assert guarded.ask("GET", "/analyses", Cookie=value).status == 200
    wrong = guarded.ask("GET", "/?token=wrong")
    assert wrong.status == 401
    assert "Set-Cookie" not in wrong.headers


def test_every_token_that_is_taken_signs_in(start):
    token = "Az09._~+/=-="  # noqa: S105
    server = start(token=token)
    for written in (token, quote(token, safe="")):
        answer = server.ask("GET", f"/?token={written}")
        assert answer.status == 303
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        assert server.ask("GET", "/analyses", Cookie=cookie).status == 200


@pytest.mark.parametrize("token", ["a;b", "a b", "a,b", 'a"b', "ä", "a\n", "a\\b"])
def test_a_token_that_no_cookie_can_hold_is_refused(tmp_path, token):
    with pytest.raises(UsageError, match="cookie cannot hold"):
        Settings(data=tmp_path, token=token)


def test_behind_a_proxy_with_encryption_the_cookie_is_for_that_alone(start):
    server = start(token=TOKEN, names=("talks.example",))
    sent = {"Host": "talks.example:444", "X_Forwarded_Proto": "https"}
    answer = server.ask("GET", f"/?token={TOKEN}", **sent)
    assert "; Secure" in answer.headers["Set-Cookie"]
    signed = {**sent, "Authorization": f"Bearer {TOKEN}", "Origin": "https://talks.example:444"}
    assert server.post(TALK, **signed).status == 202


def test_a_person_without_the_token_is_asked_for_it(guarded):
    answer = guarded.ask("GET", "/", Accept="text/html,*/*")
    assert answer.status == 401
    assert b'name="token"' in answer.body
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_name_of_the_loopback_address_is_refused(server, host):
    answer = server.ask("GET", "/analyses", Host=host)
    assert answer.status == 400
    assert "expected localhost" in answer.error


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8765", "LOCALHOST"])
def test_names_of_the_loopback_address(server, host):
    assert server.ask("GET", "/analyses", Host=host).status == 200


def test_a_name_that_was_allowed(start):
    server = start(token=TOKEN, names=("talks.example",))
    signed = {"Authorization": f"Bearer {TOKEN}"}
    assert server.ask("GET", "/analyses", Host="talks.example", **signed).status == 200
    assert server.ask("GET", "/analyses", Host="other.example", **signed).status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://localhost:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_other_pages_change_nothing(server, headers):
    job = server.post(TALK).json["id"]
    assert server.post(TALK, **headers).status == 403
    answer = server.ask("DELETE", f"/analyses/{job}", **headers)
    assert answer.status == 403
    assert "another page" in answer.error
    assert server.ask("POST", f"/analyses/{job}/cancel", **headers).status == 403
    assert len(server.client.jobs()) == 1


def test_our_own_page_changes_things(server):
    assert server.post(TALK, Origin=server.address).status == 202
    assert server.post(TALK, Origin=server.address, Sec_Fetch_Site="same-origin").status == 202


def test_live_is_guarded(start, tmp_path):
    server = start(token=TOKEN)
    address = f"ws://{netloc(server)}/live"
    good = {"Authorization": f"Bearer {TOKEN}"}
    for headers, origin in (({}, None), (good, "http://evil.example"), (good, "null")):
        with pytest.raises(InvalidStatus) as refused:
            connect(address, additional_headers=headers, origin=origin)
        assert refused.value.response.status_code == 403
    with connect(address, additional_headers=good, origin=server.address) as live:
        live.send("no JSON")
        assert "expected a message of JSON" in live.recv(10)


def test_every_answer_has_the_headers(server):
    for path in ("/", "/analyses", "/nothing", "/health"):
        headers = server.ask("GET", path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
    assert server.ask("GET", "/analyses").headers["Cache-Control"] == "no-store"


def test_nobody_is_let_in_from_outside_without_a_token(tmp_path):
    with pytest.raises(UsageError, match="a token is needed"):
        Settings(data=tmp_path, host="0.0.0.0")  # noqa: S104
    with pytest.raises(UsageError, match="a token is needed"):
        Settings(data=tmp_path, names=("talks.example",))
    assert TOKEN not in repr(Settings(data=tmp_path, token=TOKEN))


def test_from_outside_any_name_and_the_token(start):
    server = start(host="0.0.0.0", token=TOKEN)  # noqa: S104
    signed = {"Authorization": f"Bearer {TOKEN}"}
    assert server.ask("GET", "/analyses", Host="talks.example", **signed).status == 200
    assert server.ask("GET", "/analyses", Host="talks.example").status == 401
