"""A Chromium which can reach this machine only, and a page that counts whoever it tries to reach besides."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.demo_server import DemoServer, demo_server

__all__ = ["demo_server"]

LAUNCH_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
TIMEOUT_MILLISECONDS = 15_000
expect.set_options(timeout=TIMEOUT_MILLISECONDS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for one module: while it is open its event loop runs, and asynchronous tests elsewhere cannot."""
    executable = _find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=LAUNCH_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def demo_key(demo_server: DemoServer) -> str:
    return demo_server.key


@pytest.fixture
def page(chromium: Browser, demo_server: DemoServer) -> Iterator[Page]:
    """GraphiQL, opened. After the test: no request went elsewhere and the content policy stopped nothing."""
    tried_elsewhere: list[str] = []
    violations: list[str] = []
    origin = demo_server.url.rstrip("/") + "/"

    def watch(route: Route) -> None:
        url = route.request.url
        if url.startswith((origin, "data:", "blob:")):
            route.continue_()
        else:
            tried_elsewhere.append(url)
            route.abort()

    with chromium.new_context(viewport={"width": 1400, "height": 900}, service_workers="block") as context:
        context.set_default_timeout(TIMEOUT_MILLISECONDS)
        context.route("**/*", watch)
        page = context.new_page()
        page.on("pageerror", lambda error: violations.append(str(error)))
        page.on(
            "console",
            lambda message: (
                violations.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        page.goto(origin)
        yield page
        page.wait_for_load_state("networkidle")
    assert tried_elsewhere == []
    assert violations == []


def _find_chromium() -> str:
    named = os.environ.get("CREDITGRAPH_CHROMIUM")
    if named:
        return named
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    reason = (
        "NO CHROMIUM: the browser tests prove nothing here. Install one, or name it in CREDITGRAPH_CHROMIUM."
    )
    if os.environ.get("CREDITGRAPH_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
