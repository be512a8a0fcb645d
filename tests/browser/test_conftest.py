"""The tools of the browser tests find what they are there to find."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

GOOD = '<html lang="en"><head><title>t</title></head><body><main><h1>a</h1></main></body></html>'
GREY = GOOD.replace("<h1>", '<h1>h</h1><p style="color:#bbb;background:#fff">pale</p><h1>')


def test_a_silent_page_passes(page: Page, accessible: Callable[[Page], None]) -> None:
    page.set_content(GOOD)
    accessible(page)
    assert page.evaluate("innerWidth") == 1280


def test_axe_sees_pale_text(page: Page, accessible: Callable[[Page], None]) -> None:
    page.set_content(GREY)
    with pytest.raises(AssertionError, match="color-contrast"):
        accessible(page)


def test_dark_and_without_script(open_page: Callable[..., Page]) -> None:
    page = open_page(dark=True, script=False, width=360)
    page.set_content(GOOD + "<script>document.title = 'run'</script>")
    assert page.title() == "t"


@pytest.mark.parametrize(
    "code",
    [
        "console.error('no')",
        "setTimeout(() => { throw new Error('no') })",
        "new Image().src = 'file:///no'",
    ],
)
def test_what_a_page_complains_about_is_kept(open_page, code: str) -> None:
    page = open_page()
    page.set_content(GOOD)
    page.evaluate(code)
    page.wait_for_timeout(100)
    assert len(open_page.complaints) == 1
    assert "no" in open_page.complaints.pop()


def test_no_chromium_is_a_failure_that_says_what_to_do(request, monkeypatch) -> None:
    conftest = next(
        plugin
        for plugin in request.config.pluginmanager.get_plugins()
        if hasattr(plugin, "find_chromium")
    )
    monkeypatch.setenv("EMOSPOT_CHROMIUM", "/no/such/chromium")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        conftest.find_chromium()
