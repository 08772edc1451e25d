import json
import re
from html.parser import HTMLParser

import pytest

from server.graphiql import CONTENT_SECURITY_POLICY, STATIC_FOLDER, ExampleOperation, graphiql_page

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>&lt;/script&gt;",
    "a\u2028b\u2029c",
    '"}}{settings}{0}\\u003c',
]


class Elements(HTMLParser):
    """The script elements of a page as a browser's tokenizer finds them: their attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.addresses: list[str] = []
        self._open = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value for name, value in attrs if name in {"src", "href"} and value is not None]
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._open:
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)


def settings_of(page: str) -> object:
    [(_, text)] = [
        script for script in Elements(page).scripts if script[0].get("id") == "creditgraph-settings"
    ]
    return json.loads(text)


def test_page_holds_endpoint_key_and_operations() -> None:
    operations = [
        ExampleOperation("First", "query First { viewer { scopes } }", {}),
        ExampleOperation("Second", "query Second($id: ID!) { node(id: $id) { id } }", {"id": "7"}),
    ]
    assert settings_of(graphiql_page(demo_key="nexus_demo", operations=operations)) == {
        "endpoint": "/graphql",
        "demoKey": "nexus_demo",
        "operations": [
            {"title": "First", "query": "query First { viewer { scopes } }", "variables": {}},
            {
                "title": "Second",
                "query": "query Second($id: ID!) { node(id: $id) { id } }",
                "variables": {"id": "7"},
            },
        ],
    }


def test_page_without_a_key_says_null() -> None:
    assert settings_of(graphiql_page(demo_key=None, operations=[])) == {
        "endpoint": "/graphql",
        "demoKey": None,
        "operations": [],
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_inside_the_settings(text: str) -> None:
    page = graphiql_page(demo_key=text, operations=[ExampleOperation(text, text, {text: text})])
    assert len(Elements(page).scripts) == 2
    assert settings_of(page) == {
        "endpoint": "/graphql",
        "demoKey": text,
        "operations": [{"title": text, "query": text, "variables": {text: text}}],
    }


def test_settings_hold_no_character_that_ends_a_script_or_a_line() -> None:
    page = graphiql_page(demo_key="<>&\u2028\u2029", operations=[])
    assert r'"demoKey": "\u003c\u003e\u0026\u2028\u2029"' in page
    assert not set(page) & {"\u2028", "\u2029"}


def test_every_address_is_a_built_file_of_this_server() -> None:
    page = graphiql_page(demo_key=None, operations=[])
    addresses = [address for address in Elements(page).addresses if address != "data:,"]
    assert [address.partition("?")[0] for address in addresses] == [
        "/static/graphiql/graphiql.css",
        "/static/graphiql/graphiql.js",
    ]
    for address in addresses:
        name, _, version = address.removeprefix("/static/graphiql/").partition("?v=")
        assert (STATIC_FOLDER / name).is_file()
        assert re.fullmatch("[0-9a-f]{16}", version)


def test_page_runs_no_inline_script() -> None:
    page = graphiql_page(demo_key="nexus_demo", operations=[])
    kinds = [attributes["type"] for attributes, text in Elements(page).scripts if text]
    assert kinds == ["application/json"]


def test_policy_names_no_other_host() -> None:
    sources = {
        source for directive in CONTENT_SECURITY_POLICY.split("; ") for source in directive.split()[1:]
    }
    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert "script-src 'self';" in CONTENT_SECURITY_POLICY


def test_built_files_load_nothing_from_elsewhere() -> None:
    style = (STATIC_FOLDER / "graphiql.css").read_text(encoding="utf-8")
    assert "@import" not in style
    assert "@font-face" not in style
    assert set(re.findall(r"url\(\"?(.{5})", style)) == {"data:"}


def test_build_has_exactly_the_expected_files() -> None:
    assert sorted(path.name for path in STATIC_FOLDER.iterdir()) == [
        "LICENSES.txt",
        "graphiql.css",
        "graphiql.js",
    ]
    assert "sourceMappingURL" not in (STATIC_FOLDER / "graphiql.js").read_text(encoding="utf-8")
