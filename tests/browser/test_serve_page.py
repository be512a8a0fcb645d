"""The page of `emospot serve` in a real browser, against the real server."""

import json
import re
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from serving import MANY_SECONDS, SAMPLE, Server, drop, drop_sample, send

from emospot.media.audio import SAMPLE_RATE, audio_blocks
from emospot.report.palette import COLOURS

SPECIAL = "a+b/c=d"
"""A token that must be quoted in an address."""
NAMES = "talk <img src=x onerror=document.title=1>"


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
    expect(player).not_to_have_js_property("currentTime", 0)
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
        "report?download=1", "analysis", "srt", "vtt", "csv", "jsonl", "textgrid", "eaf", "rttm",
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
    # At a moment at which somebody speaks, not in a pause.
    above_zero = re.compile(r"--level: ?(1|0\.\d*[1-9])")
    expect(page.locator("#level")).to_have_attribute("style", above_zero, timeout=MANY_SECONDS)
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


# The last, for a killed server has to load everything again.


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
    # What was asked while nobody answered may be told late.
    open_page.complaints[:] = [told for told in open_page.complaints if "net::ERR_" not in told]
