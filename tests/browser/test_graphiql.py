import re

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from server.graphiql import CONTENT_SECURITY_POLICY
from tests.demo_server import DemoServer

pytestmark = pytest.mark.browser

EXECUTE = re.compile("Execute query")
RECORD = 'mutation { recordWorkflow(input: {workflowName: "phone_ai_call", idempotencyKey: "seen live", servicesUsed: [{serviceType: PHONE, provider: "twilio", units: 5, unitType: MINUTES}]}) { ... on WorkflowRecorded { replayed } } }'
WRONG_KEY = '{"Authorization": "Bearer nexus_wrong"}'


def query_editor(page: Page) -> Locator:
    return page.locator(".graphiql-query-editor .CodeMirror")


def response(page: Page) -> Locator:
    return page.locator(".graphiql-response .result-window")


def headers_editor(page: Page) -> Locator:
    return page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror")


def text_of(editor: Locator) -> str:
    # The editor renders visible lines only, so its whole text is asked of it.
    return str(editor.evaluate("element => element.CodeMirror.getValue()"))


def write_headers(page: Page, text: str) -> None:
    headers_editor(page).click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(text)


def open_plugin(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_page_renders_with_the_first_operation_and_the_demo_key(page: Page, demo_key: str) -> None:
    expect(page).to_have_title("creditgraph")
    expect(page.get_by_role("button", name=EXECUTE)).to_be_visible()
    expect(page.get_by_role("tab").first).to_have_attribute("aria-selected", "true")
    expect(query_editor(page)).to_be_visible()
    assert "totalCreditsUsed" in text_of(query_editor(page))
    expect(headers_editor(page)).to_contain_text(demo_key)


def test_page_comes_with_its_content_policy(page: Page) -> None:
    answer = page.reload()
    assert answer is not None
    assert answer.status == 200
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_first_query_runs(page: Page) -> None:
    page.get_by_role("button", name=EXECUTE).click()
    expect(response(page)).to_contain_text('"totalCreditsUsed": "103"')


def test_every_tab_keeps_its_operation_over_a_reload(page: Page) -> None:
    titles = page.get_by_role("tab").all_inner_texts()
    page.get_by_role("tab").last.click()
    expect(page.get_by_role("tab").last).to_have_attribute("aria-selected", "true")
    page.wait_for_timeout(700)  # the page writes its tabs down half a second after a change
    page.reload()
    expect(page.get_by_role("tab").last).to_have_attribute("aria-selected", "true")
    assert page.get_by_role("tab").all_inner_texts() == titles


def test_docs_show_the_query_type_and_its_description(page: Page) -> None:
    open_plugin(page, "Show Documentation Explorer")
    docs = page.locator(".graphiql-doc-explorer")
    docs.get_by_role("link", name="Query", exact=True).click()
    expect(docs.locator(".graphiql-doc-explorer-title")).to_have_text("Query")
    expect(docs.locator(".graphiql-markdown-description").first).to_have_text(re.compile(r"\w{3,}"))


def test_explorer_opens_on_the_schema(page: Page) -> None:
    open_plugin(page, "Show GraphiQL Explorer")
    expect(page.locator(".graphiql-explorer-root")).to_contain_text("recordWorkflow")


def test_wrong_key_shows_the_refusal(page: Page) -> None:
    write_headers(page, WRONG_KEY)
    page.get_by_role("button", name=EXECUTE).click()
    expect(response(page)).to_contain_text("UNAUTHENTICATED")
    expect(page.get_by_role("alert")).to_contain_text("The server refused the key (401):")


def test_schema_is_asked_for_again_with_the_headers_of_the_moment(page: Page, demo_key: str) -> None:
    open_plugin(page, "Show Documentation Explorer")
    docs = page.locator(".graphiql-doc-explorer")
    expect(docs).to_contain_text("Query")
    write_headers(page, WRONG_KEY)
    expect(docs).to_contain_text("Error fetching schema")
    expect(page.get_by_role("alert")).to_be_visible()
    write_headers(page, f'{{"Authorization": "Bearer {demo_key}"}}')
    expect(docs).to_contain_text("Query")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_key_goes_along_to_the_next_tab(page: Page) -> None:
    write_headers(page, WRONG_KEY)
    page.get_by_role("button", name="New tab").click()
    expect(headers_editor(page)).to_contain_text("nexus_wrong")


def test_a_subscription_shows_what_a_second_client_does(page: Page, demo_server: DemoServer) -> None:
    page.get_by_role("tab", name=re.compile("WatchBalance|Watch the balance")).click()
    expect(query_editor(page)).to_contain_text("balanceChanged")
    page.wait_for_timeout(300)  # GraphiQL reads an operation's name a tenth of a second after it is shown
    page.get_by_role("button", name=EXECUTE).click()
    expect(response(page)).to_contain_text('"burnRatePerMinute"')
    before = spent(page)
    recorded = httpx2.post(
        f"{demo_server.url}/graphql",
        json={"query": RECORD},
        headers={"authorization": f"Bearer {demo_server.key}"},
        trust_env=False,
    )
    assert recorded.json()["data"] == {"recordWorkflow": {"replayed": False}}
    expect(response(page)).not_to_contain_text(f'"spent": "{before}"')
    assert spent(page) >= before + 100
    page.get_by_role("button", name=re.compile("Stop query")).click()


def spent(page: Page) -> int:
    found = re.search(r'"spent": "(\d+)"', response(page).inner_text().replace("\xa0", " "))
    assert found
    return int(found[1])
