"""The composition: what is served where, and a life from start to stop."""

import asyncio
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from metering.rate_cards import publish_built_in_rate_card
from models.api_key import ApiKey
from models.database import Database
from models.writer import Command
from server.app import create_app, service
from server.settings import Settings
from tests.databases.opened import closed, opened
from tests.tenant import new_tenant


async def test_a_service_starts_answers_and_closes(database_url: str) -> None:
    async with opened(database_url) as before:
        tenant = await new_tenant(before)
    database = closed(database_url)
    app = service(Settings.of({"database_url": database_url}), database)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app=app), base_url="http://service") as http,
    ):
        await database.write(Command(None, publish_built_in_rate_card))
        headers = {"x-api-key": tenant.secret}
        asked = {"query": "{ viewer { account { name } } rateCard { version } }"}
        answers = await asyncio.gather(
            *(http.post("/graphql", json=asked, headers=headers) for _ in range(5))
        )
        told = [answer.json()["data"] for answer in answers]
        assert told == [told[0]] * 5
        assert told[0]["viewer"] == {"account": {"name": "Acme"}}
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert (await http.get("/readyz")).json() == {"status": "ok"}
        page = await http.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "nexus_" not in page.text
        assert (await http.get("/nowhere")).status_code == 404
    # What was to be noted is written before the store closes.
    async with opened(database_url) as after, after.read() as session:
        api_key = await session.get_one(ApiKey, tenant.api_key_id)
        assert api_key.last_used_at is not None


async def test_every_answer_is_safe_to_hold_and_only_files_may_be_kept(tmp_path: Path) -> None:
    settings = Settings.of({"database_url": f"sqlite:///{tmp_path}/creditgraph.db"})
    app = create_app(settings)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://service") as http:
        answers = [
            (method, path, await http.request(method, path))
            for method, path in (
                ("GET", "/"),
                ("GET", "/healthz"),
                ("GET", "/nowhere"),
                ("GET", "/graphql"),
                ("POST", "/graphql"),
                ("POST", "/api/v1/agent/create"),
            )
        ]
        file = await http.get("/static/graphiql/graphiql.css")
    for method, path, answer in answers:
        kept = (answer.headers.get("x-content-type-options"), answer.headers.get("cache-control"))
        assert kept == ("nosniff", "no-store"), (method, path)
    assert file.status_code == 200
    assert (file.headers["x-content-type-options"], file.headers.get("cache-control")) == ("nosniff", None)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("no/folder/creditgraph.db", "the database is unreachable"),
        ("empty.db", "the database does not have the newest schema"),
    ],
)
async def test_a_store_that_cannot_serve_is_not_ready(tmp_path: Path, path: str, status: str) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/{path}"
    database = Database(url)
    app = service(Settings.of({"database_url": url}), database)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://service") as http:
        assert (await http.get("/healthz")).status_code == 200
        ready = await http.get("/readyz")
    await database.close()
    assert (ready.status_code, ready.json()) == (503, {"status": status})


def test_settings_make_the_service(tmp_path: Path) -> None:
    app = create_app(Settings.of({"database_url": f"sqlite:///{tmp_path}/creditgraph.db"}))
    paths = {getattr(route, "path", None) for route in app.router.routes}
    assert paths >= {"/graphql", "/api/v1/agent/create", "/", "/healthz", "/readyz", "/static/graphiql"}
