"""The composition: what is served where, and a life from start to stop."""

import asyncio

from httpx2 import ASGITransport, AsyncClient

from metering.rate_cards import publish_built_in_rate_card
from models.api_key import ApiKey
from models.database import Database
from models.writer import Command
from server.app import create_app, service
from server.settings import Settings
from tests.databases.opened import opened
from tests.tenant import new_tenant


async def test_a_service_starts_answers_and_closes(database_url: str) -> None:
    async with opened(database_url) as before:
        tenant = await new_tenant(before)
    database = Database(database_url)
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
        assert {answer.text for answer in answers} == {answers[0].text}
        assert answers[0].json()["data"]["viewer"] == {"account": {"name": "Acme"}}
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


async def test_a_store_that_is_gone_is_not_ready(tmp_path: object) -> None:
    app = create_app(Settings.of({"database_url": f"sqlite:///{tmp_path}/no/folder/x.db"}))
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://service") as http:
        assert (await http.get("/healthz")).status_code == 200
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "the database is unreachable"})


async def test_an_empty_store_is_not_ready(tmp_path: object) -> None:
    app = create_app(Settings.of({"database_url": f"sqlite:///{tmp_path}/empty.db"}))
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://service") as http:
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "the database is not migrated"})
