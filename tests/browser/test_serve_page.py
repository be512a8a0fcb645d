"""The page of `emospot serve` in a real browser, against the real server."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from emospot.media.audio import SAMPLE_RATE, audio_blocks
from emospot.report.palette import COLOURS
from emospot.sample import sample_files

SAMPLE = sample_files()
MANY_SECONDS = 240_000
"""In milliseconds: an analysis of the sample on a busy machine."""
SPECIAL = "a&b=c"
"""A token that must be quoted in an address."""
NAMES = "talk <img src=x onerror=document.title=1>"


class Server:
    """`emospot serve` as a process of its own, on a port of its own."""

    def __init__(self, folder: Path, token: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.token = folder, token
        self.address = f"http://localhost:{self.port}"
        self.start()

    def start(self) -> None:
        command = "from emospot.cli.main import run; run()"
        options = ["serve", "--port", str(self.port), "--data", str(self.folder)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", command, *options],
            env={**os.environ, "OMP_NUM_THREADS": "1", "EMOSPOT_TOKEN": self.token},
            stdout=subprocess.DEVNULL,
        )
        for _ in range(300):
            try:
                self.ask("/health")
                return
            except (urllib.error.URLError, ConnectionError):
                assert self.process.poll() is None, "the server has ended"
                time.sleep(0.1)
        pytest.fail("the server does not answer")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:  # noqa: S310
            return json.loads(answer.read())

    def jobs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("/analyses")["analyses"]
        return found


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """The usual five seconds are short where other tests run beside these."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("serve"))
    yield started
    started.process.terminate()
    started.process.wait(20)


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    """Drop files on the page, as a file manager would."""
    given = [[name, base64.b64encode(data).decode()] for name, data in files]
    page.evaluate(
        """(files) => {
          const carried = new DataTransfer();
          for (const [name, data] of files) {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            carried.items.add(new File([bytes], name));
          }
          for (const type of ["dragover", "drop"]) {
            document.getElementById("drop").dispatchEvent(new DragEvent(type,
              { dataTransfer: carried, bubbles: true, cancelable: true }));
          }
        }""",
        given,
    )


def drop_sample(page: Page, name: str = "talk.ogg") -> None:
    transcript = (name.rpartition(".")[0] + ".srt", SAMPLE.transcript.read_bytes())
    drop(page, (name, SAMPLE.conversation.read_bytes()), transcript)


def send(page: Page) -> str:
    """Press Analyse; the id of the job."""
    page.get_by_role("button", name="Analyse").click()
    ended = page.locator("#analysis-title:visible, #ask-error:visible")
    expect(ended).to_have_count(1, timeout=MANY_SECONDS)
    expect(page).to_have_url(re.compile("#/analysis/"), timeout=1000)
    return page.url.rpartition("/")[2]


# From a dropped file to a report


def test_a_dropped_recording_becomes_a_report_whose_hotspots_move_the_player(
    server: Server, page: Page
) -> None:
    page.goto(server.address)
    drop_sample(page)
    expect(page.locator("#recording-name")).to_contain_text("talk.ogg")
    expect(page.locator("#transcript-name")).to_contain_text("talk.srt")
    expect(page.get_by_role("button", name="Analyse")).to_be_focused()
    job = send(page)
    expect(page.get_by_role("heading", name="talk.ogg")).to_be_focused()
    expect(page.locator("#steps [aria-current=step]")).to_have_count(1, timeout=MANY_SECONDS)
    report = page.frame_locator("#report")
    expect(report.get_by_role("heading", name="talk.ogg")).to_be_visible(timeout=MANY_SECONDS)

    analysis = server.ask(f"/analyses/{job}/analysis")
    assert analysis["recording"] == "talk.ogg"
    starts = [h["start"] for u in analysis["utterances"] for h in u["hotspots"] if h["start"]]
    player = report.locator("#player")
    expect(player).to_have_js_property("readyState", 4)
    assert player.evaluate("player => player.currentTime") == 0
    report.locator("#chart .h rect").nth(2).click()
    page.wait_for_timeout(300)
    moved = player.evaluate("player => player.currentTime")
    assert min(abs(moved - 0.3 - start) for start in starts) < 0.75
    assert moved > 0.5


def test_exports_are_offered_and_downloaded(server: Server, page: Page) -> None:
    """After the first test: its analysis is there."""
    page.goto(server.address)
    button = page.get_by_role("button", name="Download talk.ogg")
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    links = page.locator(".menu:visible a")
    addresses = [link.get_attribute("href") for link in links.all()]
    formats = {address.rpartition("/")[2] for address in addresses if address}
    assert formats == {
        "report", "analysis", "srt", "vtt", "csv", "jsonl", "textgrid", "eaf", "rttm",
        "webannotation",
    }  # fmt: skip
    with page.expect_download() as found:
        page.get_by_role("link", name="SRT", exact=True).click()
    assert found.value.suggested_filename == "talk.emotions.srt"
    assert "landlord" in found.value.path().read_text(encoding="utf-8")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.press("Enter")
    page.keyboard.press("Escape")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(button).to_be_focused()


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


def test_a_running_analysis_survives_reload_and_a_killed_server_and_is_cancelled(
    server: Server, open_page: Any
) -> None:
    page = open_page()
    page.goto(server.address)
    drop_sample(page, "again.ogg")
    job = send(page)
    page.reload()
    expect(page.get_by_role("heading", name="again.ogg")).to_be_visible()
    expect(page.locator("#steps")).to_be_visible()
    server.kill()
    expect(page.locator("#trouble")).to_contain_text("does not answer")
    server.start()
    expect(page.locator("#trouble")).to_be_hidden(timeout=MANY_SECONDS)
    open_page.complaints.clear()  # of the connection that was refused
    page.get_by_role("button", name="Cancel again.ogg").click()
    expect(page.get_by_role("heading", name="Cancelled.")).to_be_visible()
    assert server.ask(f"/analyses/{job}")["state"] == "cancelled"

    page.get_by_role("link", name="Recordings", exact=True).last.click()
    row = page.locator(".job", has_text="again.ogg")
    expect(row.locator(".state")).to_have_text("Cancelled")
    row.get_by_role("button", name="Delete again.ogg").click()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row).to_be_visible()
    assert job in [known["id"] for known in server.jobs()]
    row.get_by_role("button", name="Delete again.ogg").click()
    page.locator("#confirm-yes").click()
    expect(row).to_have_count(0)
    assert job not in [known["id"] for known in server.jobs()]
    assert page.evaluate("document.activeElement !== document.body")


def test_progress_comes_by_asking_where_events_do_not(server: Server, open_page: Any) -> None:
    page = open_page()
    with_all_states(page)
    shares = iter([0.1, 0.2, 0.4, 0.6, 0.8])

    def job(route: Route) -> None:
        share = next(shares, None)
        state = {"state": "done"} if share is None else {"stage": "voice", "share": share}
        route.fulfill(json={**STATES[0], **state})

    page.route("**/analyses/running/events", lambda route: route.fulfill(status=502))
    page.route("**/analyses/running", job)
    page.goto(server.address + "/#/analysis/running")
    expect(page.locator("#progress-text")).to_contain_text("left in this step")
    assert re.fullmatch(r"\d0 % running-.*", page.title())
    expect(page.frame_locator("#report").get_by_role("heading")).to_have_text("r")
    expect(page.locator("#said")).to_contain_text("the report is ready")
    open_page.complaints.clear()


def test_what_is_no_recording_is_refused_in_a_sentence(server: Server, open_page: Any) -> None:
    page = open_page()
    page.goto(server.address)
    page.get_by_role("button", name="Analyse").click()
    expect(page.locator("#ask-error")).to_have_text("Choose a recording first, or a transcript.")
    broken = SAMPLE.conversation.read_bytes()[:300] + b"\0" * 5000
    drop(page, ("broken.ogg", broken))
    send(page)
    expect(page.locator("#failure")).to_contain_text("broken.ogg", timeout=MANY_SECONDS)
    expect(page.get_by_role("heading", name="This could not be analysed.")).to_be_visible()
    page.get_by_role("link", name="Try another recording").click()
    expect(page.locator(".job", has_text="broken.ogg").locator(".job-error")).to_be_visible()
    drop(page, ("page.html", b"<html><body>no recording</body></html>"))
    page.get_by_role("button", name="Analyse").click()
    expect(page.locator("#ask-error")).to_contain_text("page.html")
    assert any("415" in complaint for complaint in open_page.complaints)
    open_page.complaints.clear()


def test_html_in_a_file_name_is_shown_and_never_run(server: Server, page: Page) -> None:
    page.goto(server.address)
    drop(page, (f"{NAMES}.srt", SAMPLE.transcript.read_bytes()))
    expect(page.locator("#transcript-name")).to_contain_text(NAMES)
    send(page)
    expect(page.locator("#analysis-title")).to_have_text(f"{NAMES}.srt")
    report = page.frame_locator("#report")
    expect(report.get_by_role("heading", level=1)).to_have_text(
        f"{NAMES}.srt", timeout=MANY_SECONDS
    )
    page.goto(server.address)
    expect(page.locator(".job-name").first).to_have_text(f"{NAMES}.srt")
    page.get_by_role("button", name=f"Delete {NAMES}.srt").click()
    expect(page.locator("#confirm-title")).to_have_text(f"Delete {NAMES}.srt?")
    assert page.title() == "emospot"
    assert page.locator("main img").count() == 0


def test_two_recordings_at_once_are_not_guessed_between(server: Server, page: Page) -> None:
    page.goto(server.address)
    drop(page, ("a.ogg", b"a"), ("b.ogg", b"b"))
    expect(page.locator("#ask-error")).to_contain_text("One recording and one transcript")
    expect(page.locator("#recording-name")).to_be_hidden()


# What the server refuses


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


def test_with_a_token_one_signs_in_once(tmp_path: Path, open_page: Any, accessible: Any) -> None:
    guarded = Server(tmp_path, SPECIAL)
    try:
        page = open_page(width=360)
        page.goto(guarded.address)
        assert (
            "default-src 'none'" in page.goto(guarded.address).headers["content-security-policy"]
        )
        accessible(page)
        page.get_by_label("Token").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_text("The token is wrong.")).to_be_visible()
        assert all("401" in complaint for complaint in open_page.complaints)
        open_page.complaints.clear()
        page.get_by_label("Token").fill(SPECIAL)
        page.keyboard.press("Enter")
        expect(page.locator("#none")).to_be_visible()
        expect(page.locator("#limits")).to_contain_text("at most 2 GB")
        assert page.url == guarded.address + "/"
    finally:
        guarded.kill()


# Live


@pytest.fixture(scope="module")
def talking_browser(
    launch_browser: Callable[..., Browser], tmp_path_factory: pytest.TempPathFactory
) -> Browser:
    """A browser whose microphone hears the sample."""
    path = tmp_path_factory.mktemp("sound") / "talk.wav"
    sound = np.concatenate(list(audio_blocks(SAMPLE.conversation)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    return launch_browser(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}",
    )


def test_live_answers_what_the_microphone_hears(
    server: Server, open_page: Any, talking_browser: Browser
) -> None:
    page = open_page(browser=talking_browser)
    page.goto(server.address + "/#/live")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#live-state")).to_have_text("Listening.", timeout=MANY_SECONDS)
    provisional = page.locator(".answer.provisional")
    expect(provisional.first).to_contain_text("provisional", timeout=MANY_SECONDS)
    assert page.locator("#level").evaluate("e => Number(e.style.getPropertyValue('--level'))") > 0
    final = page.locator(".answer:not(.provisional)")
    expect(final.first).to_be_visible(timeout=MANY_SECONDS)
    shares = final.first.locator(".num").all_inner_texts()
    assert len(shares) == 6
    assert abs(sum(int(share.split()[0]) for share in shares) - 100) <= 3
    colour = final.first.locator(".small-bar").first.evaluate(
        "e => e.style.getPropertyValue('--c')"
    )
    assert colour == COLOURS["happiness"]
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#live-state")).to_contain_text("The microphone is off.", timeout=20_000)
    with page.expect_download() as found:
        page.get_by_role("button", name="Save as JSON Lines").click()
    lines = found.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == final.count()
    assert json.loads(lines[0])["id"] == "live-1"


def test_a_refused_microphone_is_explained(server: Server, page: Page) -> None:
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => "
        "Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    page.goto(server.address + "/#/live")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#live-error")).to_contain_text("was refused. Allow it")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


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


# For everybody


def test_sizes_and_times_are_told_as_people_read_them(server: Server, page: Page) -> None:
    page.goto(server.address)
    told = page.evaluate(
        """async () => {
          const { ago, clock, clockTenths, duration, size, timeLeft }
            = await import("/static/format.js");
          const now = Date.parse("2026-11-30T12:00:00Z");
          return [size(0), size(999), size(1500), size(2e9), size(1.23e10), clock(59.9),
            clock(3675), clockTenths(59.96), duration(86400), duration(5400), duration(2700),
            duration(60 * 86400), timeLeft(3), timeLeft(21), timeLeft(600), ago("2026-11-30T11:59:30Z", now),
            ago("2026-11-30T11:59:00Z", now), ago("2026-11-30T09:30:00Z", now)];
        }"""
    )
    assert told == [
        "0 bytes", "999 bytes", "1.5 kB", "2 GB", "12 GB", "0:59", "1:01:15",
        "1:00.0", "24 hours", "1.5 hours", "45 minutes", "60 days",
        "a few seconds left", "about 25 seconds left", "about 10 minutes left", "just now",
        "1 minute ago", "2 hours ago",
    ]  # fmt: skip


def made_up(state: str, **more: Any) -> dict[str, Any]:
    here = f"/analyses/{state}"
    links = {
        name: f"{here}/{name}" for name in ("events", "report", "analysis", "media", "cancel")
    }
    return {
        "id": state, "name": f"{state}-{'long' * 12} name.ogg", "state": state, "stage": "",
        "share": None, "position": None, "created": "2026-11-30T10:00:00Z", "started": None,
        "finished": None, "expires": "2026-12-01T10:00:00Z", "error": "", "warnings": [],
        "links": {"self": here, **links}, **more,
    }  # fmt: skip


STATES = [
    made_up("running", stage="voice", share=0.4),
    made_up("queued", position=2),
    made_up("done"),
    made_up("failed", error="There is no sound in it: " + "x" * 80),
    made_up("cancelled"),
]


def with_all_states(page: Page) -> None:
    def answer(route: Route) -> None:
        path = route.request.url.partition("/analyses")[2]
        job = next((job for job in STATES if path == f"/{job['id']}"), None)
        if path == "":
            route.fulfill(json={"analyses": STATES})
        elif job:
            route.fulfill(json=job)
        elif path.endswith("/report"):
            route.fulfill(
                content_type="text/html",
                body="<!DOCTYPE html><html lang=en><title>r</title><main><h1>r</h1></main>",
            )
        else:
            job = next(job for job in STATES if path.startswith(f"/{job['id']}/"))
            event = f"event: job\ndata: {json.dumps(job)}\n\n"
            route.fulfill(content_type="text/event-stream", body=event)

    page.route(re.compile("/analyses"), answer)


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
