"""`POST /api/v1/agent/create`: agents by JSON, for platform code; the same verb as `createAgent`."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from graphql import GraphQLError
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from adapters.base import OVERRIDE
from graph.context import Snapshot
from graph.scalars import json_value
from metering.agents import create_agent, service_configuration_of
from metering.errors import InvalidAgent
from models.actor import Actor
from models.agent import Agent
from models.api_key import ApiKey, Scope
from models.base import Json
from models.database import Database
from models.identity import IdKind, format_id
from models.writer import Command
from pricing.names import name_from_text
from server.authentication import Authentication, Unauthenticated, secret_of
from server.transport.bodies import json_bytes, json_object
from server.transport.origins import origin_of
from server.transport.refusals import shown
from server.transport.replies import Reply, unauthenticated

_Name = Annotated[str, AfterValidator(name_from_text)]


class AgentToCreate(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True)

    business_logic_adapter: _Name
    name: _Name | None = None
    preset: _Name | None = None
    custom_settings: dict[str, Any] = {}


class Forbidden(Exception):  # noqa: N818 - named for the state
    """The key may not create agents."""


class BadField(Exception):  # noqa: N818 - named for the state
    """A field of the body that cannot be used, and why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def create_agent_endpoint(
    database: Database, authentication: Authentication
) -> Callable[[Request], Awaitable[Response | Reply]]:
    """Make the endpoint."""

    async def endpoint(request: Request) -> Response | Reply:
        try:
            account_id, api_key = await _managed_account(request, database, authentication)
            actor = Actor.with_key(api_key, origin_of(request.scope))
            agent = await _create(
                database, account_id, actor, json_object(request.headers, await request.body())
            )
        except Unauthenticated:
            return unauthenticated()
        except Forbidden:
            return _error(403, {"message": "This needs an account's API key with the scope MANAGE."})
        except BadField as error:
            return _error(422, {"field": error.field, "message": error.message})
        except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, the caller sees no internals
            status, found = shown(error)
            return _error(status, {"message": found["message"]})
        return _json(201, _shown(agent))

    return endpoint


async def _managed_account(
    request: Request, database: Database, authentication: Authentication
) -> tuple[UUID, ApiKey]:
    snapshot = Snapshot(database)
    try:
        api_key = await authentication.api_key(secret_of(request.headers), snapshot)
    finally:
        await snapshot.close()
    if Scope.MANAGE not in api_key.scopes or api_key.account_id is None:
        raise Forbidden
    return api_key.account_id, api_key


async def _create(database: Database, account_id: UUID, actor: Actor, body: dict[str, object]) -> Agent:
    given, settings = _read(body)
    verb = partial(
        create_agent,
        account_id=account_id,
        name=given.name,
        business_adapter=given.business_logic_adapter,
        preset=given.preset,
        custom_settings=settings,
    )
    try:
        return await database.write(Command(account_id, verb, actor))
    except InvalidAgent as refusal:
        raise BadField(_field(refusal.field, settings), refusal.message) from refusal


def _read(body: dict[str, object]) -> tuple[AgentToCreate, Json]:
    try:
        given = AgentToCreate.model_validate(body)
        return given, json_value(given.custom_settings)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadField(field, first["msg"].removeprefix("Value error, ")) from error
    except GraphQLError as error:
        raise BadField("custom_settings", error.message) from error


def _field(named: str, settings: Json) -> str:
    if named in _FIELDS:
        return _FIELDS[named]
    inside = "custom_settings" if named in settings else f"custom_settings.{OVERRIDE}"
    return f"{inside}.{named}"


def _shown(agent: Agent) -> dict[str, object]:
    return {
        "id": format_id(IdKind.AGENT, agent.id),
        "name": agent.name,
        "business_logic_adapter": agent.business_adapter,
        "service_configuration": service_configuration_of(agent).to_mapping(),
    }


def _error(status: int, error: dict[str, str]) -> Response:
    return _json(status, {"error": error})


def _json(status: int, content: dict[str, object]) -> Response:
    return Response(json_bytes(content), status, media_type="application/json")


_FIELDS = {"businessAdapter": "business_logic_adapter", "preset": "preset"}
