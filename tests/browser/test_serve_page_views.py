"""Every view of the page in every state, made up where a real one would take long."""

import re
import time
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect
from serving import STATES, Server, drop, with_all_states


def test_an_export_that_cannot_be_made_says_why(server: Server, open_page: Any) -> None:
    page = open_page()
    with_all_states(page)
    why = {"error": "No utterance has times."}
    page.route("**/exports/srt", lambda route: route.fulfill(status=409, json=why))
    page.goto(server.address)
    page.get_by_role("button", name="Download done").click()
    page.get_by_role("link", name="SRT", exact=True).click()
    expect(page.locator(".job .problem:visible")).to_have_text(why["error"])
    open_page.complaints.clear()


def test_progress_comes_by_asking_where_events_do_not(server: Server, open_page: Any) -> None:
    page = open_page()
    with_all_states(page)
    begun = time.monotonic()
    state: dict[str, Any] = {"stage": "voice"}

    def job(route: Route) -> None:
        share = min(0.9, 0.1 + 0.03 * (time.monotonic() - begun))
        route.fulfill(json={**STATES[0], "share": share, **state})

    page.route("**/analyses/running/events", lambda route: route.fulfill(status=502))
    page.route("**/analyses/running", job)
    page.goto(server.address + "/#/analysis/running")
    expect(page.locator("#progress-text")).to_contain_text("left in this step")
    assert re.fullmatch(r"\d\d % running-.*", page.title())
    state["state"] = "done"
    expect(page.frame_locator("#report").get_by_role("heading")).to_have_text("r")
    expect(page.locator("#said")).to_contain_text("the report is ready")
    open_page.complaints.clear()


@pytest.mark.parametrize(
    ("status", "expected"),
    [(413, "larger than this server takes"), (429, "There may be room in 2")],
)
def test_a_refused_upload_says_why_and_keeps_the_files(
    server: Server, open_page: Any, status: int, expected: str
) -> None:
    page = open_page()
    page.goto(server.address)
    answer = {"error": "The file is larger than this server takes."}
    page.route(
        "**/analyses",
        lambda route: (
            route.fulfill(status=status, json=answer, headers={"Retry-After": "20"})
            if route.request.method == "POST"
            else route.continue_()
        ),
    )
    drop(page, ("talk.ogg", b"x"))
    page.get_by_role("button", name="Analyse").click()
    expect(page.locator("#ask-error")).to_contain_text(expected)
    expect(page.locator("#ask-error")).to_contain_text(answer["error"])
    expect(page.locator("#recording-name")).to_contain_text("talk.ogg")
    open_page.complaints.clear()


def test_a_file_over_the_limit_does_not_travel(server: Server, page: Page) -> None:
    health = server.ask("/health")
    health["limits"]["upload_bytes"] = 10
    page.route("**/health", lambda route: route.fulfill(json=health))
    page.goto(server.address)
    expect(page.locator("#limits")).to_contain_text("at most 10 bytes and 4 hours")
    drop(page, ("talk.ogg", b"x" * 11))
    expect(page.locator("#ask-error")).to_contain_text("this server takes at most 10 bytes")
    page.get_by_role("button", name="Analyse").click()
    assert page.url.endswith(str(server.port) + "/")


def test_a_lost_token_is_asked_for(server: Server, open_page: Any) -> None:
    page = open_page()
    page.route("**/analyses", lambda route: route.fulfill(status=401, json={"error": "no"}))
    page.goto(server.address)
    field = page.locator("#token-field")
    expect(field).to_be_focused()
    field.fill("a&b")
    page.unroute("**/analyses")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?token=a%26b")
    open_page.complaints.clear()


def test_a_refused_microphone_is_explained(server: Server, page: Page) -> None:
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => "
        "Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    page.goto(server.address + "/#/live")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#live-error")).to_contain_text("was refused. Allow it")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_what_needs_the_models_waits_for_them(server: Server, page: Page) -> None:
    buttons = page.locator("#live-start, #live-card, #show-card")
    before: list[bool] = []

    def models(route: Route) -> None:
        before.extend(button.is_disabled() for button in buttons.all())
        route.continue_()

    page.route("**/models", models)
    page.goto(server.address + "/#/live")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()
    assert before == [True] * 3
    assert [button.is_disabled() for button in buttons.all()] == [False] * 3


def test_without_a_secure_page_the_microphone_is_not_offered(server: Server, page: Page) -> None:
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.goto(server.address + "/#/live")
    expect(page.locator("#live-error")).to_contain_text("only to pages over HTTPS")
    expect(page.get_by_role("button", name="Start")).to_be_disabled()


RESAMPLE = """async ([rate, tone, piece]) => {
  const { Resampler } = await import("/static/resampler.js");
  const wave = (_, i) => Math.sin(2 * Math.PI * tone * i / rate);
  const heard = Float32Array.from({ length: rate }, wave);
  const resampler = new Resampler(rate);
  const made = [];
  for (let at = 0; at < rate; at += piece) {
    made.push(...resampler.add(heard.subarray(at, at + piece)));
  }
  return made;
}"""


@pytest.mark.parametrize("rate", [48_000, 44_100, 22_050, 8_000])
def test_sound_of_any_rate_arrives_as_it_was(server: Server, page: Page, rate: int) -> None:
    page.goto(server.address)
    made = np.array(page.evaluate(RESAMPLE, [rate, 1000, 128]))
    expected = np.sin(2 * np.pi * 1000 * np.arange(len(made)) / 16_000)
    assert len(made) > 15_900
    # The first milliseconds are heard with the silence before them.
    assert np.abs(made - expected)[200:].max() < 1e-3
    whole = np.array(page.evaluate(RESAMPLE, [rate, 1000, rate]))
    assert np.array_equal(made[: len(whole)], whole[: len(made)])


def test_what_is_too_high_for_speech_does_not_fold_into_it(server: Server, page: Page) -> None:
    page.goto(server.address)
    for tone in (8_800, 12_000, 20_000):
        made = np.array(page.evaluate(RESAMPLE, [48_000, tone, 128]))
        assert np.abs(made[200:]).max() < 10 ** (-60 / 20)


def test_sizes_and_times_are_told_as_people_read_them(server: Server, page: Page) -> None:
    page.goto(server.address)
    told = page.evaluate(
        """async () => {
          const { ago, clock, clockTenths, duration, size, timeLeft }
            = await import("/static/format.js");
          const now = Date.parse("2026-11-30T12:00:00Z");
          return [size(0), size(999), size(1500), size(2e9), size(1.23e10), clock(59.9),
            clock(3675), clockTenths(59.96), duration(86400), duration(5400), duration(2700),
            duration(60 * 86400), timeLeft(3), timeLeft(21), timeLeft(600),
            ago("2026-11-30T11:59:30Z", now), ago("2026-11-30T11:59:00Z", now),
            ago("2026-11-30T09:30:00Z", now)];
        }"""
    )
    assert told == [
        "0 bytes", "999 bytes", "1.5 kB", "2 GB", "12 GB", "0:59", "1:01:15",
        "1:00.0", "24 hours", "1.5 hours", "45 minutes", "60 days",
        "a few seconds left", "about 25 seconds left", "about 10 minutes left", "just now",
        "1 minute ago", "2 hours ago",
    ]  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_view_is_accessible_and_fits(
    server: Server, open_page: Any, accessible: Any, dark: bool, width: int
) -> None:
    page = open_page(width=width, dark=dark)
    with_all_states(page)

    def check() -> None:
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.goto(server.address)
    expect(page.locator(".job")).to_have_count(len(STATES))
    drop(page, ("a-recording-with-a-long-name-" * 3 + ".ogg", b"x"))
    check()
    page.get_by_role("button", name="Download").click()
    check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete failed").click()
    check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Model card").click()
    check()
    page.keyboard.press("Escape")
    for job in STATES:
        page.goto(f"{server.address}/#/analysis/{job['id']}")
        expect(page.locator("#analysis-title")).to_have_text(job["name"])
        check()
    page.goto(f"{server.address}/#/live")
    page.evaluate(
        """async () => {
          const { show } = await import("/static/live.js");
          const probabilities = { joy: 0.3, anger: 0.5, awe: 0.2 };
          for (const [id, emotion] of [["1", "anger"], ["2", "unsure"]]) {
            const [provisional, confidence] = [id === "2", 0.5];
            await show({ id, start: 0, end: 2, emotion, confidence, probabilities, provisional });
          }
        }"""
    )
    expect(page.locator(".answer")).to_have_count(2)
    check()


def test_everything_is_reached_by_keyboard(server: Server, page: Page) -> None:
    page.goto(server.address)
    with_all_states(page)
    page.reload()
    expect(page.locator(".job")).to_have_count(len(STATES))
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "document.activeElement.getAttribute('aria-label') || document.activeElement.id "
            "|| document.activeElement.textContent"
        )
        if name in reached:
            break
        reached.append(name)
    wanted = ["recording", "transcript", "model", "speakers", "send", "show-card"]
    assert [name for name in reached if name in wanted] == wanted
    for job in STATES:
        assert job["name"] in reached
        assert f"Delete {job['name']}" in reached
    assert f"Cancel {STATES[0]['name']}" in reached
    assert f"Download {STATES[2]['name']}" in reached


def test_an_analysis_that_is_gone_is_said_to_be(server: Server, open_page: Any) -> None:
    page = open_page()
    page.goto(server.address + "/#/analysis/none")
    expect(page.get_by_role("heading", name="No such analysis")).to_be_visible()
    open_page.complaints.clear()
