"""Errors as callers see them: refusals are typed members of a result, all else has one of a few codes."""

import dataclasses
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import strawberry
import structlog
from graphql import GraphQLError, GraphQLFormattedError
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver

from graph.types import refusals
from graph.types.budget import Budget
from graph.types.fitting import FittingService, WouldFit
from graph.types.refusal_codes import RefusalCode
from graph.types.selection import SelectionCandidate
from metering import errors
from metering.plans import InvalidPlan
from models.availability import is_unavailable
from models.budget import Budget as BudgetRow
from pricing.quote import PricedUsage
from pricing.selection import Candidate, OverLimit

MOST_ERRORS = 5
LONGEST_MESSAGE = 1_000

log = structlog.get_logger()


class ErrorCode(StrEnum):
    """Every code that an error can carry."""

    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    RATE_LIMITED = "RATE_LIMITED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class ShowRefusals(FieldExtension):
    """Turn a refusal into its type, where the field's result holds it; elsewhere it is a bug, as any error.

    Strawberry's own exception handlers do the same, but compare every field of the schema with every refusal.
    """

    async def resolve_async(
        self,
        next_: AsyncExtensionResolver,
        source: Any,  # noqa: ANN401 - strawberry's signature
        info: strawberry.Info,
        **kwargs: Any,  # noqa: ANN401 - strawberry's signature
    ) -> Any:  # noqa: ANN401 - strawberry's signature
        """Resolve, and show what is refused."""
        try:
            return await next_(source, info, **kwargs)
        except errors.Refusal as refusal:
            result: Any = info.return_type
            if _type_of(type(refusal)) not in result.types:
                raise
            return refusal_of(refusal)


def refusal_of(refusal: errors.Refusal) -> refusals.Refusal:
    """Show a refusal as its type; the type's fields are the refusal's attributes of the same names."""
    kind = _type_of(type(refusal))
    names = [field.name for field in dataclasses.fields(kind) if field.name != "code"]
    shown = {name: _shown(getattr(refusal, name)) for name in names}
    return kind(code=RefusalCode[refusal.code], **shown)


def formatted(found: Sequence[GraphQLError]) -> list[GraphQLFormattedError]:
    """Write the first errors for the caller: each with a code, a bug masked by a reference for the log."""
    return [_formatted(error) for error in found[:MOST_ERRORS]]


def _formatted(error: GraphQLError) -> GraphQLFormattedError:
    code = _code(error)
    shown = error.formatted
    message = _SELECTION_GUESS.sub("", shown["message"])
    extensions = {key: value for key, value in (error.extensions or {}).items() if key == "field"}
    if isinstance(error.original_error, InvalidPlan):
        extensions["field"] = error.original_error.field
        message = f"{error.original_error.field}: {message}"
    if code is ErrorCode.INTERNAL:
        extensions["reference"] = reference = secrets.token_hex(8)
        message = f"Something went wrong on our side; the log knows it as {reference}."
        log.error("internal error", reference=reference, path=error.path, exc_info=error.original_error)
    elif code is ErrorCode.UNAVAILABLE and error.original_error is not None:
        message = "The store is not available right now; try again in a moment."
        log.warning("unavailable", path=error.path, exc_info=error.original_error)
    return {**shown, "message": _bounded(message), "extensions": {"code": code.value, **extensions}}


def _bounded(message: str) -> str:
    """Cut what repeats a long input."""
    return message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 1]}…"


def _code(error: GraphQLError) -> ErrorCode:
    given = (error.extensions or {}).get("code")
    if isinstance(given, str) and given in ErrorCode.__members__:
        return ErrorCode(given)
    original = error.original_error
    if original is None or isinstance(original, StrawberryInputCoercionError | InvalidPlan):
        return ErrorCode.BAD_USER_INPUT
    if isinstance(original, GraphQLError):
        return _code(original)
    if is_unavailable(original):
        return ErrorCode.UNAVAILABLE
    return ErrorCode.INTERNAL


def _shown(value: Any) -> Any:  # noqa: ANN401 - an attribute of any refusal
    if isinstance(value, tuple):
        return [_shown(each) for each in value]
    shown = next((of for kind, of in _OF.items() if isinstance(value, kind)), None)
    return value if shown is None else shown(value)


def _type_of(exception: type[errors.Refusal]) -> type[refusals.Refusal]:
    names: Iterator[str] = (ancestor.__name__ for ancestor in exception.__mro__)
    kind: type[refusals.Refusal] = next(getattr(refusals, name) for name in names if hasattr(refusals, name))
    return kind


_OF: dict[type, Callable[[Any], object]] = {
    BudgetRow: Budget.of,
    PricedUsage: FittingService.of,
    Candidate: SelectionCandidate.of,
    OverLimit: WouldFit.of,
}
_SELECTION_GUESS = re.compile(r" Did you mean '\w+ \{ \.\.\. \}'\?$")
"""A suggestion that GraphQL's own rules make whether suggestions are on or off."""
