"""The report in a browser: playing, hotspots, keys, phone, dark, hostile text, long talk."""

import importlib.util
import math
import struct
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Page, expect

from emospot.analysis.types import Analysis, ModalityFinding, NeighbourFinding
from emospot.report import render_report, write_report
from emospot.sample import sample_files

BUILDERS = Path(__file__).resolve().parent.parent / "report" / "conftest.py"
EVIL = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"


@pytest.fixture(scope="module")
def builders() -> ModuleType:
    """The analyses that the tests of the report are made from."""
    spec = importlib.util.spec_from_file_location("report_builders", BUILDERS)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def analysis(builders: ModuleType) -> Analysis:
    return builders.conversation(10)


@pytest.fixture(scope="module")
def folder(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report and its recording, forty seconds of a quiet tone."""
    made = tmp_path_factory.mktemp("report")
    rate = 8000
    with wave.open(str(made / "evening.wav"), "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        second = [round(900 * math.sin(2 * math.pi * 220 * i / rate)) for i in range(rate)]
        sound.writeframes(struct.pack(f"<{rate}h", *second) * 40)
    write_report(analysis, made / "evening.html", media=made / "evening.wav")
    return made


@pytest.fixture
def report(page: Page, folder: Path) -> Page:
    page.goto((folder / "evening.html").as_uri())
    return page


def time_of(page: Page) -> float:
    return page.evaluate("document.getElementById('player').currentTime")


def wait_until(page: Page, holds: Callable[[], bool], otherwise: str) -> None:
    # The page's policy allows no wait_for_function, which evaluates a string.
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(50)
    pytest.fail(otherwise)


def wait_until_paused(page: Page) -> None:
    paused = "document.getElementById('player').paused"
    wait_until(page, lambda: page.evaluate(paused), "the player plays on")


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.id")


def test_it_opens_and_says_all(report: Page, analysis: Analysis) -> None:
    assert report.title() == "evening.mp4 · emotion report"
    assert report.locator("#transcript article").count() == len(analysis.utterances)
    assert report.locator("#now").is_visible()


def test_a_hotspot_of_the_timeline_plays_that_span_alone(report: Page, analysis: Analysis) -> None:
    spot = next(s for u in analysis.utterances for s in u.hotspots if s.modality == "words")
    report.locator(".hotspots[data-modality=words] .h rect").first.click()
    assert spot.start <= time_of(report) < spot.end + 0.3
    wait_until_paused(report)
    assert spot.end - 0.05 <= time_of(report) < spot.end + 0.6
    chosen = report.locator("#selected")
    assert analysis.utterances[0].text in chosen.inner_text()
    assert "without it" in chosen.locator(".spots .hit").inner_text()


def test_a_time_a_word_and_a_block_play(report: Page, analysis: Analysis) -> None:
    report.locator("#u7 .head .seek").click()
    assert analysis.utterances[7].start <= time_of(report) < analysis.utterances[7].end
    word = next(s for s in analysis.utterances[8].hotspots if s.modality == "words")
    report.locator("#u8 mark").first.press("Enter")
    assert word.start <= time_of(report) < word.end + 0.3
    report.locator("#chart a[href='#u4']").click()
    assert analysis.utterances[4].start <= time_of(report) < analysis.utterances[4].end
    # The page has not jumped away from the timeline.
    assert report.evaluate("location.hash") == ""


def test_what_is_heard_is_marked(report: Page, analysis: Analysis) -> None:
    spoken = analysis.utterances[5]
    report.evaluate(f"play({spoken.start + 0.2})")
    report.wait_for_selector("#u5.now")
    assert report.locator("#chart a.now").get_attribute("href") == "#u5"
    assert spoken.text in report.locator("#now-text").inner_text()
    x = float(report.locator("#playhead").get_attribute("x1").rstrip("%"))
    assert x / 100 * analysis.duration == pytest.approx(time_of(report), abs=0.3)
    report.locator("#before").click()
    assert analysis.utterances[4].start <= time_of(report) < analysis.utterances[4].end
    report.locator("#next-spot").click()
    report.evaluate("document.getElementById('player').pause()")
    starts = [s.start for u in analysis.utterances for s in u.hotspots]
    assert min(abs(start - time_of(report)) for start in starts) < 0.5


def test_the_player_stays_in_view(report: Page) -> None:
    report.locator("#model").scroll_into_view_if_needed()
    assert 0 <= report.locator("#player").bounding_box()["y"] < 60
    report.evaluate("location.hash = '#u2'")
    bottom = report.locator("#sound").bounding_box()
    assert report.locator("#u2").bounding_box()["y"] >= bottom["y"] + bottom["height"] - 1


def test_neighbours_are_drawn_and_lead_on(report: Page) -> None:
    report.locator("#chart a[href='#u2']").click()
    assert report.locator("#arcs path").count() == 2
    read = report.locator("#chart a.read")
    assert {read.nth(i).get_attribute("href") for i in range(2)} == {"#u0", "#u1"}
    report.locator("#selected .neighbours a").first.click()
    assert "Utterance 2 of 10" in report.locator("#selected").inner_text()
    report.locator("#u6 summary").click()
    assert report.locator("#arcs path").count() == 3
    report.keyboard.press("Escape")
    assert report.locator("#selected").is_hidden()
    assert report.locator("#arcs path").count() == 0
    report.locator("#open-all").click()
    report.wait_for_timeout(200)
    assert report.locator("#arcs path").count() == 0


def test_probabilities_or_answers_only(report: Page, analysis: Analysis) -> None:
    lanes = report.locator(".probabilities")
    assert lanes.first.is_visible()
    report.get_by_text("Answers only", exact=True).click()
    assert not lanes.first.is_visible()
    report.keyboard.press("Escape")
    report.locator("h1").click()
    report.keyboard.press("l")
    assert lanes.first.is_visible()
    block = report.locator("#chart a[href='#u2']").bounding_box()
    lane = lanes.first.bounding_box()
    report.mouse.move(block["x"] + 5, lane["y"] + 20)
    assert "anger" in report.locator("#tip").inner_text()
    assert "66%" in report.locator("#tip").inner_text()
    report.mouse.click(block["x"] + 5, lane["y"] + 20)
    assert "Utterance 3 of 10" in report.locator("#selected").inner_text()


def test_keys(report: Page, analysis: Analysis) -> None:
    keys = report.keyboard
    keys.press("j")
    assert focused(report) == "u0"
    keys.press("j")
    keys.press("k")
    keys.press("j")
    assert focused(report) == "u1"
    keys.press("e")
    assert report.locator("#u1 details").get_attribute("open") is not None
    keys.press("s")
    assert analysis.utterances[1].start <= time_of(report) < analysis.utterances[1].end
    keys.press(" ")
    wait_until_paused(report)
    keys.press("n")
    first = time_of(report)
    keys.press("n")
    assert time_of(report) > first
    keys.press("p")
    keys.press(" ")
    before = time_of(report)
    keys.press("ArrowRight")
    assert 4.5 < time_of(report) - before < 6
    keys.press("+")
    assert report.evaluate("chart.clientWidth > byId('scroller').clientWidth + 100")
    keys.press("0")
    assert report.evaluate("chart.clientWidth <= byId('scroller').clientWidth")


def test_the_timeline_by_keyboard(report: Page, analysis: Analysis) -> None:
    report.keyboard.press("t")
    href = "document.activeElement.getAttribute('href')"
    assert report.evaluate(href) == "#u0"
    report.keyboard.press("ArrowRight")
    report.keyboard.press("ArrowRight")
    assert report.evaluate(href) == "#u2"
    report.keyboard.press("End")
    assert report.evaluate(href) == "#u9"
    report.keyboard.press("Home")
    report.keyboard.press("ArrowRight")
    report.keyboard.press("Enter")
    assert "Utterance 2 of 10" in report.locator("#selected").inner_text()
    assert analysis.utterances[1].start <= time_of(report) < analysis.utterances[1].end
    report.locator("#as-table summary").click()
    cells = report.locator("#as-table tbody tr").nth(2).inner_text().split()
    assert cells[2:4] == ["Mara", "anger"]
    assert "66%" in cells


def test_single_keys_can_be_switched_off(report: Page) -> None:
    report.keyboard.press("?")
    assert report.locator("#keys").is_visible()
    report.get_by_label("Single keys act").uncheck()
    report.locator("#keys-close").click()
    assert report.locator("#keys").is_hidden()
    report.keyboard.press("j")
    assert not focused(report).startswith("u")
    # In a field, keys are the field's.
    report.locator("#show-keys").click()
    report.get_by_label("Single keys act").check()
    report.locator("#keys-close").click()
    report.locator("#by-speaker").focus()
    report.keyboard.press("j")
    assert focused(report) == "by-speaker"


def test_skip_links_come_first(report: Page) -> None:
    report.keyboard.press("Tab")
    assert "Skip to the transcript" in report.evaluate("document.activeElement.textContent")
    assert report.locator(".skip").first.bounding_box()["x"] >= 0


def test_filters_and_gates(report: Page) -> None:
    report.locator("#by-speaker").select_option("Jonas")
    assert report.locator("#filter-note").inner_text() == "4 of 10 utterances"
    assert report.locator("#transcript article:visible").count() == 4
    report.evaluate("location.hash = '#u0'")
    report.wait_for_selector("#u0:visible")
    report.locator("#show-gates").check()
    report.wait_for_selector("#u1 .gates")
    report.locator("#open-all").click()
    assert report.locator("#transcript details[open]").count() == 10


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(
    open_page, folder: Path, accessible: Callable[[Page], None], dark: bool
) -> None:
    page = open_page(dark=dark)
    page.goto((folder / "evening.html").as_uri())
    page.locator("#chart a[href='#u2']").click()
    page.locator("#open-all").click()
    page.locator("#show-gates").check()
    page.locator("#as-table summary").click()
    accessible(page)
    page.keyboard.press("?")
    accessible(page)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 150) == dark


def test_a_phone_has_no_horizontal_scroll(
    open_page, folder: Path, accessible: Callable[[Page], None]
) -> None:
    page = open_page(width=360, height=740, has_touch=True, is_mobile=True)
    page.goto((folder / "evening.html").as_uri())
    page.locator("#chart a[href='#u2']").click()
    page.locator("#open-all").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    too_wide = page.evaluate(
        "[...document.querySelectorAll('main > section, article, article *')]"
        ".filter(e => e.getClientRects().length && e.getBoundingClientRect().right > 361"
        " && !e.closest('.table-scroll, .scroller')).map(e => e.outerHTML.slice(0, 90))"
    )
    assert too_wide == []
    accessible(page)
    page.keyboard.press("Escape")
    cut_off = page.evaluate(
        "[...document.querySelectorAll('.lane-names small, #arc-hint')].filter(e =>"
        " e.scrollWidth > e.clientWidth || e.getBoundingClientRect().right > 361)"
        ".map(e => e.textContent)"
    )
    assert page.locator("#arc-hint").inner_text().startswith("Choose an utterance")
    assert cut_off == []


def test_without_script_all_is_there(open_page, folder: Path, analysis: Analysis) -> None:
    page = open_page(script=False)
    page.goto((folder / "evening.html").as_uri())
    assert page.locator(".probabilities").first.is_visible()
    assert page.locator(".zoom").is_hidden()
    page.locator("#u2 summary").click()
    assert page.locator("#u2 .neighbours").is_visible()
    page.locator("#chart a[href='#u4']").click()
    assert page.url.endswith("#u4")


def test_hostile_text_is_shown_and_never_run(
    open_page, analysis: Analysis, tmp_path: Path
) -> None:
    first = replace(analysis.utterances[2], speaker=EVIL, text=EVIL)
    rest = analysis.utterances[3:]
    name = "<img src=x onerror=alert(1)>.mp4"
    changed = replace(
        analysis, utterances=(first, *rest), recording=name, warnings=(EVIL,), words_from=EVIL
    )
    page = open_page()
    page.on("dialog", lambda dialog: pytest.fail(f"the page asked {dialog.message}"))
    (tmp_path / "r.html").write_text(render_report(changed, tmp_path / "r.html"), "utf-8")
    page.goto((tmp_path / "r.html").as_uri())
    page.locator("#chart a[href='#u0']").click()
    page.locator("#as-table summary").click()
    page.wait_for_timeout(200)
    assert page.title() == f"{name} · emotion report"
    assert page.locator("h1").inner_text() == name
    assert page.locator("#u0 h3").text_content() == EVIL
    assert page.locator("#selected .text").inner_text() == EVIL
    assert EVIL in page.locator("#as-table").inner_text()
    assert page.locator("img").count() == 0


def test_a_video_shrinks_and_keeps_its_buttons(
    page: Page, analysis: Analysis, tmp_path: Path
) -> None:
    video = tmp_path / "evening.mp4"
    video.write_bytes(sample_files().face.read_bytes())
    write_report(analysis, tmp_path / "r.html", media=video)
    page.goto((tmp_path / "r.html").as_uri())
    tall = page.locator("#player").bounding_box()["height"]
    page.locator("#play").click()
    page.wait_for_selector("#play:text('Pause')")
    page.locator("#play").click()
    page.wait_for_selector("#play:text('Play')")
    page.evaluate("location.hash = '#u8'")
    page.wait_for_selector("#sound.stuck")
    box = page.locator("#sound").bounding_box()
    assert box["y"] == 0
    assert page.locator("#player").bounding_box()["height"] < tall
    assert page.locator("#u8").bounding_box()["y"] >= box["height"] - 1


def test_a_recording_that_is_gone_is_told(open_page, analysis: Analysis, tmp_path: Path) -> None:
    page = open_page()
    write_report(analysis, tmp_path / "r.html", media=tmp_path / "gone.wav")
    page.goto((tmp_path / "r.html").as_uri())
    page.wait_for_selector("#player-note:visible")
    # What was not there when the page was written is not asked for before it is to be played.
    page.wait_for_timeout(200)
    assert open_page.complaints == []
    assert "gone.wav cannot be played" in page.locator("#player-note").inner_text()
    page.locator("#chart .h rect").first.click()
    assert page.locator("#selected").is_visible()
    assert all("gone.wav" in text for text in open_page.complaints)
    open_page.complaints.clear()


def test_two_hours_open_and_scroll(open_page, builders: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "long.html"
    write_report(builders.conversation(1600), path)
    page = open_page()
    page.goto(path.as_uri())
    page.keyboard.press("End")
    expect(page.locator("footer")).to_be_in_viewport(timeout=15_000)
    # A page that renders all of itself at once would not get there: most rows are not drawn.
    page.evaluate("location.hash = '#u1500'")
    expect(page.locator("#u1500")).to_be_in_viewport(timeout=15_000)


def top_of(page: Page, name: str) -> float:
    return page.evaluate(f"document.getElementById('{name}').getBoundingClientRect().top")


def test_a_link_over_rows_that_were_never_drawn_lands_on_its_target(
    open_page, builders: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "long.html"
    write_report(builders.conversation(120), path)
    page = open_page(width=390, height=800)
    page.goto(path.as_uri())
    page.get_by_role("link", name="How to read this page").click()
    page.wait_for_timeout(2500)
    wait_until(page, lambda: 0 <= top_of(page, "guide-title") < 120, "elsewhere by a click")
    there = open_page(width=390, height=800)
    there.goto(path.as_uri() + "#guide")
    there.wait_for_timeout(2000)
    wait_until(there, lambda: 0 <= top_of(there, "guide-title") < 120, "elsewhere by a link")
    # Whoever goes on by wheel is not called back.
    there.mouse.move(200, 400)
    there.mouse.wheel(0, -900)
    there.wait_for_timeout(1800)
    assert top_of(there, "guide-title") > 500


def test_an_even_look_and_nothing_read_draw_no_arcs(
    open_page, analysis: Analysis, tmp_path: Path
) -> None:
    flat = replace(analysis.utterances[2], neighbours=(NeighbourFinding("turn-1", 0.1),))
    unread = replace(
        analysis.utterances[3], modalities={"voice": ModalityFinding(True, False, "unlike")}
    )
    utterances = (*analysis.utterances[:2], flat, unread, *analysis.utterances[4:])
    write_report(replace(analysis, utterances=utterances), tmp_path / "r.html")
    page = open_page()
    page.goto((tmp_path / "r.html").as_uri())
    page.locator("#chart a[href='#u2']").click()
    assert page.locator("#arcs path").count() == 0
    assert "about evenly" in page.locator("#arc-hint").inner_text()
    page.locator("#chart a[href='#u3']").click()
    assert "The model read nothing here" in page.locator("#selected").inner_text()
    assert page.locator("#selected .bars").count() == 0
    assert page.locator("#chart a[href='#u3'] text").text_content().startswith("noth")
    block = page.locator("#chart a[href='#u3']").bounding_box()
    lane = page.locator(".probabilities").nth(1).bounding_box()
    page.mouse.move(block["x"] + 5, lane["y"] + 20)
    assert "nothing here" in page.locator("#tip").inner_text()
    page.locator("#as-table summary").click()
    cells = page.locator("#as-table tbody tr").nth(3)
    assert "The model read nothing here" in cells.inner_text()
    assert "34%" not in cells.inner_text()


def test_what_is_folded_is_open_on_paper(report: Page) -> None:
    assert report.locator(".notices .use").is_hidden()
    report.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert report.locator(".notices .use").is_visible()
    report.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert report.locator(".notices .use").is_hidden()
    report.emulate_media(media="print")
    assert report.locator(".notices .use").is_visible()
