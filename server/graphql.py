"""`POST /graphql`: one operation, its answer, and nothing internal in either."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from graphql import GraphQLError, GraphQLFormattedError
from starlette.requests import Request
from starlette.responses import Response
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types.execution import ExecutionResult

from graph.context import Context, Snapshot
from graph.errors import ErrorCode, formatted
from graph.schema import schema
from metering.webhooks import TargetRules
from models.database import Database
from pricing.costs import MarginTerms
from server.authentication import Authentication, Unauthenticated, secret_of
from server.bodies import BadBody, json_bytes, json_object
from server.origins import origin_of

LONGEST_DOCUMENT_CHARACTERS = 15_000
GRAPHQL_RESPONSE = "application/graphql-response+json"

# No input takes so many digits, and Python refuses to read them.
_ENDLESS_NUMBER = re.compile(r"[0-9]{1000}")
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def graphql_endpoint(
    database: Database,
    authentication: Authentication,
    webhook_targets: TargetRules,
    margin_terms: MarginTerms,
) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint."""

    async def endpoint(request: Request) -> Response:
        snapshot = Snapshot(database)
        try:
            secret = secret_of(request)
            api_key = await authentication.api_key(secret, snapshot)
            context = Context(database, api_key, snapshot, webhook_targets, margin_terms, origin_of(request))
            try:
                return await _answer(request, context)
            finally:
                await context.close()
        except Unauthenticated:
            return unauthenticated()
        except BadBody as error:
            return _refused(error.status, ErrorCode.BAD_USER_INPUT, error.message)
        except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, the caller sees no internals
            status, shown = masked(error)
            return _json(status, {"errors": [shown]})
        finally:
            await snapshot.close()

    return endpoint


def unauthenticated() -> Response:
    """Say that a key is needed."""
    message = "A valid API key is needed: send it as 'Authorization: Bearer nexus_…' or 'X-API-Key: nexus_…'."
    response = _refused(401, ErrorCode.UNAUTHENTICATED, message)
    response.headers["www-authenticate"] = "Bearer"
    return response


def masked(error: Exception) -> tuple[int, GraphQLFormattedError]:
    """Give the HTTP status and the error to show for an exception that nothing else has caught."""
    (shown,) = formatted([GraphQLError(str(error), original_error=error)])
    return 503 if shown["extensions"]["code"] == ErrorCode.UNAVAILABLE else 500, shown


async def _answer(request: Request, context: Context) -> Response:
    query, variables, operation_name = _operation(await json_object(request))
    try:
        result = await schema.execute(
            query, variable_values=variables, context_value=context, operation_name=operation_name
        )
    except (CannotGetOperationTypeError, MissingQueryError) as error:
        raise BadBody(400, _no_operation(error)) from error
    return _written(result, strict=GRAPHQL_RESPONSE in request.headers.get("accept", ""))


def _operation(body: dict[str, object]) -> tuple[str, dict[str, Any] | None, str | None]:
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise BadBody(400, "query: the text of an operation is needed.")
    if len(query) > LONGEST_DOCUMENT_CHARACTERS:
        raise BadBody(
            400, f"query: at most {LONGEST_DOCUMENT_CHARACTERS} characters; send long input as variables."
        )
    if _ENDLESS_NUMBER.search(query):
        raise BadBody(400, "query: it holds a number that is too long; send long text as variables.")
    if not isinstance(variables, dict | None):
        raise BadBody(400, "variables: a JSON object or null is needed.")
    if not isinstance(name, str | None):
        raise BadBody(400, "operationName: a string or null is needed.")
    return query, variables, name or None


def _written(result: ExecutionResult, *, strict: bool) -> Response:
    failed_before = result.data is None and all(error.path is None for error in result.errors or ())
    answer: dict[str, Any] = {} if failed_before else {"data": result.data}
    if result.errors:
        answer["errors"] = formatted(result.errors)
    if result.extensions:
        answer["extensions"] = result.extensions
    # The GraphQL-over-HTTP draft: only its own media type says by the status that nothing was executed.
    status = 400 if strict and failed_before else 200
    return _json(status, answer, GRAPHQL_RESPONSE if strict else "application/json")


def _no_operation(error: Exception) -> str:
    if isinstance(error, MissingQueryError):
        return "query: the text of an operation is needed."
    return "operationName: the document has no such operation, or several and none is named."


def _refused(status: int, code: ErrorCode, message: str) -> Response:
    shown: GraphQLFormattedError = {"message": message, "extensions": {"code": code.value}}
    return _json(status, {"errors": [shown]})


def _json(status: int, content: dict[str, Any], media_type: str = "application/json") -> Response:
    return Response(json_bytes(content), status, _HEADERS, media_type)
