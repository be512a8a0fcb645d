"""Make the README's picture and recording of the demo's report, with Chromium.

    python scripts/readme_pictures.py

`docs/pictures/report.png` is the report with one utterance chosen;
`docs/pictures/report.webp` are twenty seconds of use: opening it, playing an
utterance, clicking a hotspot, reading its evidence, the transcript that follows.
The frames are Chromium's own, with their times, so that what is seen is what runs;
the pointer alone is drawn in, since a page without a screen has none.
"""

import base64
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from emospot.cli.demo import demo

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
FRAMES_A_SECOND = 5
STILL_SIZE = {"width": 1200, "height": 1700}
FILM_SIZE = {"width": 1000, "height": 680}
LARGEST_STILL, LARGEST_FILM = 400_000, 1_400_000
POINTER = """
document.addEventListener("DOMContentLoaded", () => {
  const pointer = document.createElement("div");
  pointer.style.cssText = "position:fixed;z-index:99;width:18px;height:18px;border-radius:50%;"
    + "background:rgb(213 94 0 / .55);border:2px solid #fff;box-shadow:0 0 4px #0008;"
    + "pointer-events:none;transform:translate(-50%,-50%);left:-40px;top:-40px";
  document.body.append(pointer);
  addEventListener("mousemove", (event) => {
    pointer.style.left = event.clientX + "px";
    pointer.style.top = event.clientY + "px";
  });
  addEventListener("mousedown", () => { pointer.style.outline = "6px solid rgb(213 94 0 / .3)"; });
  addEventListener("mouseup", () => setTimeout(() => { pointer.style.outline = ""; }, 250));
});
"""


class Film:
    """Collects what Chromium draws, with its times."""

    def __init__(self, page: Page) -> None:
        self.frames: list[tuple[float, bytes]] = []
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.on("Page.screencastFrame", self._keep)

    def __enter__(self) -> "Film":
        self._session.send("Page.startScreencast", {"format": "png", **_limits()})
        return self

    def __exit__(self, *_: object) -> None:
        self._session.send("Page.stopScreencast")

    def _keep(self, frame: dict) -> None:
        self.frames.append((frame["metadata"]["timestamp"], base64.b64decode(frame["data"])))
        self._session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    def even(self) -> list[Image.Image]:
        """The picture that was to be seen at each even step of time."""
        begin, end = self.frames[0][0], self.frames[-1][0]
        shown, place = [], 0
        for step in range(int((end - begin) * FRAMES_A_SECOND) + 1):
            time = begin + step / FRAMES_A_SECOND
            while place + 1 < len(self.frames) and self.frames[place + 1][0] <= time:
                place += 1
            shown.append(Image.open(io.BytesIO(self.frames[place][1])).convert("RGB"))
        return shown


def main() -> None:
    """Run the demo, take the picture and the recording."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        demo(Path(folder))
        address = (Path(folder) / "report.html").as_uri()
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("EMOSPOT_CHROMIUM") or shutil.which("chromium"),
            args=["--autoplay-policy=no-user-gesture-required", "--hide-scrollbars"]
            + (["--no-sandbox"] if os.geteuid() == 0 else []),
        )
        still = take_still(browser, address)
        film = take_film(browser, address)
        browser.close()
    _check(PICTURES / "report.png", still, LARGEST_STILL)
    _check(PICTURES / "report.webp", film, LARGEST_FILM)


def take_still(browser: Browser, address: str) -> bytes:
    """The timeline with an utterance chosen, as PNG."""
    page = browser.new_page(viewport=STILL_SIZE)
    page.goto(address)
    page.locator("#chart .speaker a").nth(2).click()
    page.wait_for_timeout(2500)
    page.evaluate("document.getElementById('player').pause()")
    page.evaluate("scrollTo(0, document.getElementById('sound').offsetTop - 16)")
    page.wait_for_timeout(300)
    bottom = page.evaluate("document.getElementById('selected').getBoundingClientRect().bottom")
    seen = {"x": 0, "y": 0, "width": STILL_SIZE["width"], "height": int(bottom) + 20}
    picture = Image.open(io.BytesIO(page.screenshot(clip=seen))).convert("RGB")
    data = io.BytesIO()
    picture.save(data, "png", optimize=True)
    page.close()
    return data.getvalue()


def take_film(browser: Browser, address: str) -> bytes:
    """Twenty seconds of use as an animated WebP."""
    page = browser.new_page(viewport=FILM_SIZE)
    page.add_init_script(POINTER)
    with Film(page) as film:
        page.goto(address)
        page.wait_for_timeout(1800)
        scroll_to(page, "#sound")
        click(page, "#chart .speaker a", 2)
        page.wait_for_timeout(3600)
        click(page, ".hotspots[data-modality=words] .h rect", 4)
        page.wait_for_timeout(1800)
        scroll_to(page, "#selected")
        page.wait_for_timeout(2600)
        scroll_to(page, "#transcript")
        page.locator("#follow").check()
        click(page, "#u3 .head .seek", 0)
        page.wait_for_timeout(3200)
    pictures = film.even()
    data = io.BytesIO()
    pictures[0].save(
        data,
        "webp",
        save_all=True,
        append_images=pictures[1:],
        duration=1000 // FRAMES_A_SECOND,
        loop=0,
        # Flat colours and letters: without loss is smaller than with, and no ghosts stay.
        lossless=True,
        quality=80,
        method=4,
    )
    sys.stdout.write(f"{len(pictures) / FRAMES_A_SECOND:.1f} s of film\n")
    page.close()
    return data.getvalue()


def scroll_to(page: Page, selector: str) -> None:
    """Scroll there in steps, as a hand does."""
    top = "document.querySelector(s).getBoundingClientRect().top + scrollY"
    target = page.evaluate(f"s => {top}", selector)
    stuck = page.evaluate("document.getElementById('sound').offsetHeight")
    begin = page.evaluate("scrollY")
    end = target - (0 if selector == "#sound" else stuck + 8)
    for step in range(1, 9):
        share = (1 - (1 - step / 8) ** 2) * (end - begin) + begin
        page.evaluate("y => scrollTo({ top: y, behavior: 'instant' })", share)
        page.wait_for_timeout(60)


def click(page: Page, selector: str, place: int) -> None:
    """Move the pointer there, and click."""
    box = page.locator(selector).nth(place).bounding_box()
    if box is None:
        raise SystemExit(f"nothing to click: {selector} number {place} is not to be seen")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y, steps=10)
    page.wait_for_timeout(350)
    page.mouse.click(x, y, delay=120)


def _limits() -> dict[str, int]:
    return {"maxWidth": FILM_SIZE["width"], "maxHeight": FILM_SIZE["height"]}


def _check(path: Path, data: bytes, largest: int) -> None:
    if len(data) > largest:
        raise SystemExit(f"{path.name} has {len(data):,} bytes, at most {largest:,} are wanted")
    path.write_bytes(data)
    sys.stdout.write(f"{path}: {len(data):,} bytes\n")


if __name__ == "__main__":
    main()
