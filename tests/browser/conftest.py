"""A real browser for tests: Debian's Chromium, driven by Playwright.

`page` is an empty page of 1280 × 900; `open_page` makes others (phone, dark, without
script). At the end of a test each page must have been silent: an error in the console,
an exception or a refused resource fails the test. `accessible` runs axe-core.

The browser lives as long as a test file: Playwright keeps an event loop running in the
thread, in which other files' tests could start none of their own.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)
from serving import Server

SERIOUS = {"serious", "critical"}
AXE_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


def find_chromium() -> str:
    """The path of Chromium: EMOSPOT_CHROMIUM, or `chromium` on the PATH."""
    named = os.environ.get("EMOSPOT_CHROMIUM")
    found = shutil.which(named or "chromium")
    if found is None:
        what = f"EMOSPOT_CHROMIUM names {named}, which is no program" if named else "no chromium"
        pytest.fail(
            f"the browser tests need Chromium and found {what}: run `apt-get install chromium`, "
            "or name another one by EMOSPOT_CHROMIUM=/path/to/chromium",
            pytrace=False,
        )
    return found


@pytest.fixture(scope="module")
def launch_browser() -> Iterator[Callable[..., Browser]]:
    """Starts Chromium with further command-line arguments; closed at the end of the file."""
    path = find_chromium()
    # Root has no sandbox; the shared memory of a container is often too small.
    always = ["--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"]
    always += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started: list[Browser] = []

        def launch(*arguments: str) -> Browser:
            started.append(
                playwright.chromium.launch(executable_path=path, args=[*always, *arguments])
            )
            return started[-1]

        yield launch
        for browser in started:
            browser.close()


@pytest.fixture(scope="module")
def browser(launch_browser: Callable[..., Browser]) -> Browser:
    """Chromium."""
    return launch_browser()


class Pages:
    """Makes pages, and keeps what they complain about in `complaints`."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.complaints: list[str] = []
        self.contexts: list[BrowserContext] = []

    def __call__(
        self,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        script: bool = True,
        browser: Browser | None = None,
        **options: Any,
    ) -> Page:
        """A page in a context of its own.

        Args:
            width: of the view in pixels.
            height: of the view in pixels.
            dark: whether the reader prefers dark pages.
            script: whether scripts run.
            browser: another one than the usual.
            options: what else `Browser.new_context` takes.
        """
        context = (browser or self.browser).new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            # Nothing then moves on its own while a test looks.
            reduced_motion=options.pop("reduced_motion", "reduce"),
            **options,
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location.get("url", "")
            self.complaints.append(f"console: {message.text} ({place})")


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Pages]:
    """Makes pages; what they complained about fails the test at its end.

    A test that wants a complaint looks for it in `open_page.complaints` and clears them.
    """
    pages = Pages(browser)
    yield pages
    for context in pages.contexts:
        context.close()
    assert not pages.complaints, "the page complained:\n" + "\n".join(pages.complaints)


@pytest.fixture
def page(open_page: Pages) -> Page:
    """An empty page of 1280 × 900, light."""
    return open_page()


@pytest.fixture(scope="session")
def accessible() -> Callable[[Page], None]:
    """Fails where axe-core finds something serious or critical in what the page shows."""
    axe = Axe()

    def check(page: Page) -> None:
        violations = axe.run(page, options=AXE_RULES).response["violations"]
        told = [
            f"{v['impact']} {v['id']} ({v['help']}): {len(v['nodes'])} times, first "
            f"{v['nodes'][0]['html'][:200]} {v['nodes'][0].get('failureSummary', '')[:300]}"
            for v in violations
            if v["impact"] in SERIOUS
        ]
        assert not told, "axe found:\n" + "\n".join(told)

    return check


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running `emospot serve`."""
    started = Server(tmp_path_factory.mktemp("serve"))
    # The usual five seconds are short where other tests run beside these.
    expect.set_options(timeout=30_000)
    yield started
    expect.set_options(timeout=5_000)
    started.process.terminate()
    started.process.wait(20)
