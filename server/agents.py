"""`POST /api/v1/agent/create`: agents by JSON, for platform code; the same verb as `createAgent`."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import orjson
from graphql import GraphQLError
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from graph.context import Snapshot
from graph.scalars import json_value
from metering.agents import create_agent, service_configuration_of
from metering.errors import InvalidAgent
from models.agent import Agent
from models.api_key import Scope
from models.database import Database
from models.identity import IdKind, format_id
from models.writer import Command
from pricing.names import name_from_text
from server.authentication import Authentication, Unauthenticated
from server.bodies import BadBody, json_object
from server.graphql import unauthenticated

_Name = Annotated[str, AfterValidator(name_from_text)]


class AgentToCreate(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    business_logic_adapter: _Name
    name: _Name | None = None
    preset: _Name | None = None
    custom_settings: dict[str, Any] = {}


def create_agent_endpoint(
    database: Database, authentication: Authentication
) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint."""

    async def endpoint(request: Request) -> Response:
        try:
            account_id = await _managed_account(request, database, authentication)
            agent = await _create(database, account_id, await json_object(request))
        except Unauthenticated:
            return unauthenticated()
        except BadBody as error:
            return _wrong(error.status, "body", error.message)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "body"
            return _wrong(422, field, first["msg"].removeprefix("Value error, "))
        except InvalidAgent as refusal:
            return _wrong(
                422, _FIELDS.get(refusal.field, f"custom_settings.{refusal.field}"), refusal.message
            )
        return _json(201, _shown(agent))

    return endpoint


async def _managed_account(request: Request, database: Database, authentication: Authentication) -> UUID:
    snapshot = Snapshot(database)
    try:
        api_key = await authentication.api_key(request, snapshot)
    finally:
        await snapshot.close()
    if Scope.MANAGE not in api_key.scopes or api_key.account_id is None:
        raise BadBody(403, "This needs an account's API key with the scope MANAGE.")
    return api_key.account_id


async def _create(database: Database, account_id: UUID, body: dict[str, object]) -> Agent:
    given = AgentToCreate.model_validate(body)
    try:
        settings = json_value(given.custom_settings)
    except GraphQLError as error:
        raise InvalidAgent("customSettings", error.message) from error
    verb = partial(
        create_agent,
        account_id=account_id,
        name=given.name,
        business_adapter=given.business_logic_adapter,
        preset=given.preset,
        custom_settings=settings,
    )
    return await database.write(Command(account_id, verb))


def _shown(agent: Agent) -> dict[str, object]:
    return {
        "id": format_id(IdKind.AGENT, agent.id),
        "name": agent.name,
        "business_logic_adapter": agent.business_adapter,
        "service_configuration": service_configuration_of(agent).to_mapping(),
    }


def _wrong(status: int, field: str, message: str) -> Response:
    return _json(status, {"error": {"field": field, "message": message}})


def _json(status: int, content: dict[str, object]) -> Response:
    return Response(orjson.dumps(content), status, {"cache-control": "no-store"}, "application/json")


_FIELDS = {
    "businessAdapter": "business_logic_adapter",
    "preset": "preset",
    "customSettings": "custom_settings",
}
