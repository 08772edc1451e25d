"""Errors as callers see them: refusals are typed members of a result, all else has one of a few codes."""

import dataclasses
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import strawberry
import structlog
from graphql import GraphQLError, GraphQLFormattedError
from strawberry.exceptions import StrawberryInputCoercionError

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


class RefusalHandler:
    """Turn one kind of refusal into its type, wherever a result's union holds it."""

    def __init__(self, exception_type: type[errors.Refusal], error_type: type[refusals.Refusal]) -> None:
        self.exception_type = exception_type
        self.error_type = error_type

    def handle(
        self,
        exception: errors.Refusal,
        *,
        field: Any,  # noqa: ANN401, ARG002 - strawberry's signature
        info: strawberry.Info,  # noqa: ARG002 - strawberry's signature
    ) -> refusals.Refusal:
        """Show the refusal."""
        return refusal_of(exception)


def refusal_of(refusal: errors.Refusal) -> refusals.Refusal:
    """Show a refusal as its type; the type's fields are the refusal's attributes of the same names."""
    kind = _type_of(type(refusal))
    names = [field.name for field in dataclasses.fields(kind) if field.name != "code"]
    shown = {name: _shown(getattr(refusal, name)) for name in names}
    return kind(code=RefusalCode[refusal.code], **shown)


def refusal_handlers() -> list[RefusalHandler]:
    """Give a handler for every kind of refusal that the graph shows."""
    return [
        RefusalHandler(exception, _type_of(exception))
        for exception in _all_refusals(errors.Refusal)
        if hasattr(refusals, exception.__name__)
    ]


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


def _all_refusals(root: type[errors.Refusal]) -> Iterable[type[errors.Refusal]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _all_refusals(kind)


_OF: dict[type, Callable[[Any], object]] = {
    BudgetRow: Budget.of,
    PricedUsage: FittingService.of,
    Candidate: SelectionCandidate.of,
    OverLimit: WouldFit.of,
}
_SELECTION_GUESS = re.compile(r" Did you mean '\w+ \{ \.\.\. \}'\?$")
"""A suggestion that GraphQL's own rules make whether suggestions are on or off."""
