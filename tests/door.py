"""The service's door in one process: asked as callers ask, over HTTP, without a socket."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from httpx2 import ASGITransport, AsyncClient, Response

from models.api_key import Scope
from models.database import Database
from server.admission import Admission
from server.app import service
from server.settings import Settings
from tests.tenant import Tenant, issue


@dataclass(frozen=True, slots=True)
class Door:
    """The service over a store that is open."""

    database: Database
    http: AsyncClient
    admission: Admission

    async def __call__(
        self, key: str | None, query: str, variables: dict[str, Any] | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Ask, and give the status with the answer's JSON."""
        body = {"query": query} | ({} if variables is None else {"variables": variables})
        response = await self.post(key, json.dumps(body).encode(), **headers)
        return response.status_code, response.json()

    async def post(self, key: str | None, content: bytes, path: str = "/graphql", **headers: str) -> Response:
        """Send a body as it is; `content_type=…` names a header."""
        sent = {"content-type": "application/json"}
        if key is not None:
            sent["authorization"] = f"Bearer {key}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(path, content=content, headers=sent)

    async def data(self, key: str, query: str, variables: dict[str, Any] | None = None) -> Any:
        """Ask what must be answered, and give the data."""
        status, answer = await self(key, query, variables)
        assert (status, answer.get("errors")) == (200, None), answer
        return answer["data"]

    async def error(self, key: str, query: str, variables: dict[str, Any] | None = None) -> Any:
        """Ask what must be an error and nothing else, and give it."""
        _, answer = await self(key, query, variables)
        [error] = answer["errors"]
        return error

    async def code(self, key: str, query: str, variables: dict[str, Any] | None = None) -> str:
        """Ask what must be an error and nothing else, and give its code."""
        return str((await self.error(key, query, variables))["extensions"]["code"])


@asynccontextmanager
async def opened_door(database: Database, **settings: object) -> AsyncIterator[Door]:
    """Put the service, with these settings, over a store that is open already."""
    url = database.url.render_as_string(hide_password=False)
    app = service(Settings.of({"database_url": url, **settings}), database)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://service") as http:
        yield Door(database, http, app.state.admission)


async def scoped(tenant: Tenant, *scopes: Scope) -> str:
    """Issue a key of the tenant's account with these scopes, and give its secret."""
    return (await issue(tenant.database, tenant.account_id, "scoped", scopes))[1]
