from pathlib import Path
from uuid import UUID

import pytest

from server.demo.account import DemoAccount
from server.settings import InvalidSettings, Settings, database_url_from_text


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CREDITGRAPH_{name.upper()}", raising=False)


def test_defaults() -> None:
    settings = Settings.of({})
    assert settings.database_url == "sqlite+aiosqlite:///creditgraph.db"
    assert (settings.host, settings.port, settings.workers, settings.demo) == ("127.0.0.1", 8000, 1, False)
    assert (settings.rate_card, settings.demo_key, settings.demo_account) == (None, None, None)
    assert settings.webhooks_allow_private is False


@pytest.mark.parametrize(
    ("given", "introspection", "graphiql"),
    [
        ({}, "managers", True),
        ({"host": "localhost"}, "managers", True),
        ({"host": "::1"}, "managers", True),
        ({"host": "127.1.2.3"}, "managers", True),
        ({"host": "0.0.0.0"}, "managers", False),  # noqa: S104 - nothing listens here
        ({"host": "creditgraph.example"}, "managers", False),
        ({"host": "192.0.2.1", "graphiql": True}, "managers", True),
        ({"graphiql": False}, "managers", False),
        ({"host": "192.0.2.1", "demo": True}, "everybody", True),
        ({"demo": True, "introspection": "nobody", "graphiql": False}, "nobody", False),
        ({"demo": True, "trusted_documents_only": True}, "everybody", False),
        ({"trusted_documents_only": True, "graphiql": True}, "managers", True),
    ],
)
def test_who_is_told_the_schema_and_shown_graphiql(
    given: dict[str, object], introspection: str, graphiql: bool
) -> None:
    settings = Settings.of(given)
    assert (settings.introspection, settings.graphiql) == (introspection, graphiql)


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITGRAPH_PORT", "9000")
    monkeypatch.setenv("CREDITGRAPH_HOST", "192.0.2.1")
    settings = Settings.of({"port": 9001, "host": None})
    assert (settings.host, settings.port) == ("192.0.2.1", 9001)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("sqlite:////srv/a.db", "sqlite+aiosqlite:////srv/a.db"),
        ("sqlite+aiosqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("postgres://a:b@c:5432/d", "postgresql+asyncpg://a:b@c:5432/d"),
        ("postgresql://a@c/d", "postgresql+asyncpg://a@c/d"),
        ("postgresql+asyncpg://a@c/d", "postgresql+asyncpg://a@c/d"),
    ],
)
def test_the_driver_is_put_in(text: str, url: str) -> None:
    assert database_url_from_text(text) == url


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"database_url": "mysql://root:secret@a/b"},
            "--database-url: write sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
        ),
        (
            {"database_url": "creditgraph.db"},
            "--database-url: write sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
        ),
        (
            {"database_url": "sqlite://"},
            "--database-url: a SQLite store is a file: write sqlite:///FILE, or sqlite:////FOLDER/FILE.",
        ),
        (
            {"database_url": "sqlite:///:memory:"},
            "--database-url: a SQLite store is a file: write sqlite:///FILE, or sqlite:////FOLDER/FILE.",
        ),
        (
            {"database_url": "postgresql://a:secret@b:x/c"},
            "--database-url: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, the port a number.",
        ),
        ({"port": 65_536}, "--port: Input should be less than or equal to 65535."),
        ({"workers": 0}, "--workers: Input should be greater than or equal to 1."),
    ],
)
def test_a_wrong_option_is_one_line_without_the_value(given: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.of(given)
    assert str(caught.value) == message


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITGRAPH_LOG_FORMAT", "xml")
    with pytest.raises(InvalidSettings) as caught:
        Settings.of({})
    assert str(caught.value) == "CREDITGRAPH_LOG_FORMAT: Input should be 'pretty' or 'json'."


def test_the_environment_carries_all_settings_to_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    demo = DemoAccount(*(UUID(int=number) for number in range(7)))
    settings = Settings.of(
        {
            "port": 1,
            "demo": True,
            "rate_card": Path("a.toml"),
            "demo_key": "nexus_x",
            "demo_account": demo,
            "log_format": "json",
        }
    )
    for name in Settings.model_fields:  # so that they are taken away again after the test
        monkeypatch.setenv(f"CREDITGRAPH_{name.upper()}", "")
    settings.to_environment()
    assert Settings.of({}) == settings
