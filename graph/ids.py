"""Ids at the edge: read from an argument, with an error that names it."""

from uuid import UUID

import strawberry

from graph.inputs import bad_input
from models.identity import IdKind, InvalidId, format_id, parse_id


def written(kind: IdKind, value: UUID) -> strawberry.ID:
    """Write an id for the caller."""
    return strawberry.ID(format_id(kind, value))


def read(field: str, kind: IdKind, text: strawberry.ID) -> UUID:
    """Read an id of the given kind; BAD_USER_INPUT names the field."""
    try:
        return parse_id(text, kind)
    except InvalidId as error:
        raise bad_input(field, str(error)) from error


def read_optional(field: str, kind: IdKind, text: strawberry.ID | None) -> UUID | None:
    """Read an id that may be left out."""
    return None if text is None else read(field, kind, text)
