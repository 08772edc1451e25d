"""GraphiQL with a key that is not told the schema: it says so, and runs operations all the same."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_graphiql import EXECUTE, open_plugin, query_editor, response, write_headers
from tests.stories.process import ServerProcess, creditgraph, served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that is no demo: the schema is told to managers."""
    folder = tmp_path_factory.mktemp("rights")
    with served(f"sqlite+aiosqlite:///{folder}/rights.db", folder) as server:
        yield server


@pytest.fixture
def page(chromium: Browser, server: ServerProcess) -> Iterator[Page]:
    with chromium.new_context(viewport={"width": 1400, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"{server.url}/")
        yield page


def headers_with_key(server: ServerProcess, *scopes: str) -> str:
    account = creditgraph("account", "create", "Acme", database_url=server.database_url)
    asked = [word for scope in scopes for word in ("--scope", scope)]
    key = creditgraph("key", "issue", "--account", account, *asked, database_url=server.database_url)
    return f'{{"Authorization": "Bearer {key}"}}'


def test_a_key_without_the_right_sees_why_and_can_work(page: Page, server: ServerProcess) -> None:
    expect(page.get_by_text("Write an API key into")).to_be_visible()
    write_headers(page, headers_with_key(server, "READ"))
    notice = page.get_by_role("status")
    expect(notice).to_have_text(
        "No documentation and no completion for this key: Introspection needs a key with the scope MANAGE or "
        "OPERATE; the schema is also printed by `creditgraph schema`."
    )
    query_editor(page).click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text("query MyScopes { viewer { scopes } }")
    expect(page.get_by_role("tab", name="MyScopes")).to_be_visible()  # GraphiQL has read what was written
    page.get_by_role("button", name=EXECUTE).click()
    expect(response(page)).to_contain_text(re.compile(r'"scopes": \[\s*"READ"\s*\]'))
    expect(notice).to_be_visible()


def test_the_right_comes_with_another_key(page: Page, server: ServerProcess) -> None:
    write_headers(page, headers_with_key(server, "READ"))
    expect(page.get_by_role("status")).to_be_visible()
    write_headers(page, headers_with_key(server, "MANAGE"))
    expect(page.get_by_role("status")).to_have_count(0)
    open_plugin(page, "Show Documentation Explorer")
    expect(
        page.locator(".graphiql-doc-explorer").get_by_role("link", name="Query", exact=True)
    ).to_be_visible()
