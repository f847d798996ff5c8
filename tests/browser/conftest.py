"""A real browser over the live site: `page`, `page_at`, `log_in`, `assert_accessible`.

    def test_the_size_is_in_the_address(page):
        page.goto("/")

`page_at(width=390, color_scheme="dark", java_script=False)` opens other windows. Every page
fails its test on a console error, an uncaught exception, a violation of the Content-Security-
Policy and a request that leaves the site; where one of these is what a test is about, it says so
with `problems.expect("status of 404")`.
"""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page, Route, expect, sync_playwright

from tests.browser.find_browser import NONE_FOUND, THIS_MACHINE, find, in_ci
from tests.shipped_catalog import put_shipped_catalog

# Playwright's sync API keeps an event loop running in this thread, in which Django refuses to
# use the database, as it would block a real event loop. This one only waits for the browser.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Whatever else a page asks for, no name but this machine's resolves.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]

# As for a click: a machine that is busy with other tests is slow without being wrong.
expect.set_options(timeout=30_000)

# A colour that is still on its way to the other scheme is none. The first frame starts the way.
COLOURS_HAVE_CHANGED = """
() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))).then(() =>
  Promise.allSettled(
    document.getAnimations().filter((each) => each instanceof CSSTransition).map((each) => each.finished)
  )
).then(() => null)
"""

SCRIPTS_RUN = "matchMedia('(scripting: enabled)').matches"
# What of axe's rules a scheme of colours bears on.
RULES_OF_COLOURS = ("color-contrast", "link-in-text-block")

# Whatever the page does about an answer that has come is done, and drawn.
TWO_FRAMES = """
() => new Promise((resolve) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(resolve)), 50))
  .then(() => null)
"""
# Nothing scrolls or changes its colour any more: a third of a second's frames are alike.
AT_REST = """
() => new Promise((resolve) => {
  let [alike, last] = [0, ""];
  const look = () => {
    const now = `${scrollY} ${document.body.offsetHeight}`;
    alike = now === last && document.getAnimations().every((each) => each.playState !== "running") ? alike + 1 : 0;
    last = now;
    if (alike < 20) requestAnimationFrame(look); else resolve();
  };
  look();
}).then(() => null)
"""

PHONE = 390
LAPTOP = 1280


class Problems:
    """What went wrong on a test's pages, less what the test says it expects."""

    def __init__(self, own_host: str):
        self._own_host = own_host
        self._seen: list[str] = []
        self._expected: list[str] = []

    def expect(self, text: str) -> None:
        """Let problems that contain `text` pass; one at least has to turn up."""
        self._expected.append(text)

    def watch(self, context: BrowserContext) -> None:
        # Violations of the Content-Security-Policy are console errors too.
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._seen.append(f"uncaught: {error.error}"))
        context.on("request", self._on_request)

    def remaining(self) -> list[str]:
        unexpected = [
            problem
            for problem in self._seen
            if not any(text in problem for text in self._expected)
        ]
        missing = [
            f"expected, but did not happen: {text}"
            for text in self._expected
            if not any(text in problem for problem in self._seen)
        ]
        return unexpected + missing

    def _on_console(self, message) -> None:
        if message.type == "error":
            self._seen.append(f"console: {message.text} ({message.location.get('url')})")

    def _on_request(self, request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in {"data", "blob"} and url.netloc != self._own_host:
            self._seen.append(f"request to another host: {request.url}")


def answer_at_last(page: Page, held: list[Route]) -> None:
    """Let the one answer that was held back in, and wait until the page has made of it what it does.

    `page.route(address, lambda route: held.append(route))` holds it.
    """
    [route] = held
    route.fulfill(response=route.fetch())
    route.request.response()  # none where the page does not ask any more
    page.evaluate(TWO_FRAMES)


@pytest.fixture(scope="session")
def browser():
    path = find(THIS_MACHINE)
    if path is None:
        # find_browser.py has said so already, loudly; this is for those who run pytest alone.
        (pytest.fail if in_ci() else pytest.skip)(NONE_FOUND)
    # Chromium's sandbox does not start for root, as whom containers run.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS + sandbox)
        yield running
        running.close()


@pytest.fixture
def site(live_server, transactional_db) -> str:
    """The running site's address, with the whole catalog in its database."""
    # The tests of a live server commit, and are cleaned up by emptying every table.
    put_shipped_catalog()
    return live_server.url


@pytest.fixture
def problems(site) -> Problems:
    return Problems(own_host=urlsplit(site).netloc)


@pytest.fixture
def without_scripts() -> set[BrowserContext]:
    """The windows in which JavaScript is off."""
    return set()


@pytest.fixture
def page_at(browser, site, problems, without_scripts):
    """Open a page of the given width, colour scheme and so on; `page.goto("/")` then works."""
    contexts = []

    def open_page(
        width: int = LAPTOP,
        *,
        height: int = 800,
        color_scheme: str = "light",
        java_script: bool = True,
        **options,
    ) -> Page:
        context = browser.new_context(
            base_url=site,
            viewport={"width": width, "height": height},
            color_scheme=color_scheme,
            java_script_enabled=java_script,
            locale="en-US",
            **options,
        )
        contexts.append(context)
        if not java_script:
            without_scripts.add(context)
        # The first page of a process works out every model's numbers, beside other processes.
        context.set_default_timeout(30_000)
        problems.watch(context)
        return context.new_page()

    yield open_page

    for context in contexts:
        context.close()
    if remaining := problems.remaining():
        pytest.fail("\n".join(["The browser had something to say:", *remaining]), pytrace=False)


@pytest.fixture(params=[PHONE, LAPTOP], ids=["phone", "laptop"])
def width(request) -> int:
    """Run the test at both widths."""
    return request.param


@pytest.fixture
def page(page_at) -> Page:
    """A laptop's window in the light scheme."""
    return page_at()


@pytest.fixture
def log_in(site):
    """Log a user into a page's browser without going through the login form."""

    def log_in(page: Page, user) -> None:
        client = Client()  # one each: several people may be at work
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": site}])

    return log_in


@pytest.fixture
def assert_accessible():
    """Let axe-core look at the page as it is now, and fail on whatever it finds.

    `rules` names those of its rules that are enough.
    """

    def assert_accessible(page: Page, rules: tuple[str, ...] = ()) -> None:
        # Without, a browser answers no timer: axe would wait for ever.
        assert page.evaluate(SCRIPTS_RUN), "axe-core needs a window with JavaScript."
        page.evaluate(COLOURS_HAVE_CHANGED)
        if page.evaluate("typeof axe") == "undefined":
            page.evaluate(AXE_SCRIPT)
        only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
        found = page.evaluate("(o) => axe.run(o)", {"resultTypes": ["violations"], **only})
        findings = [
            f"{violation['id']}: {violation['help']}\n    {node['html']}\n    {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
        assert not findings, "\n".join(findings)

    return assert_accessible


@pytest.fixture
def as_drawn(page_at, without_scripts):
    """A page to ask questions of: the page itself, or a copy of what stands on one without JavaScript.

    Where it is off, Chromium runs neither timers nor frames of animation, so whoever waits for one, as
    axe does, waits for ever. The copy is the same HTML with the site's style sheets and no script.
    """

    def as_drawn(page: Page) -> Page:
        if page.context not in without_scripts:
            return page
        html = re.sub(r"<script\b.*?</script>|</?noscript>", "", page.content(), flags=re.DOTALL)
        copy = page_at()
        copy.route(page.url, lambda route: route.fulfill(body=html, content_type="text/html"))
        copy.goto(page.url)
        return copy

    return as_drawn


@pytest.fixture
def assert_good_in_every_window(assert_accessible, as_drawn):
    """Try the page as it is now at each width and in both schemes, without loading it again.

    Width and scheme are questions to the stylesheet alone, so a window that is made narrower shows
    what one that opens narrow does, in a fraction of the time; and a scheme changes nothing but
    colours (tests/house/test_stylesheets.py), so in the dark those are looked at.
    """

    def assert_good_in_every_window(page: Page, widths=(PHONE, LAPTOP)) -> None:
        page = as_drawn(page)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, width
            for color_scheme, rules in (("light", ()), ("dark", RULES_OF_COLOURS)):
                page.emulate_media(color_scheme=color_scheme)
                assert_accessible(page, rules)

    return assert_good_in_every_window
