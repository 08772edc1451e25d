"""Heads: the headers of a request by their names, read once."""

from collections.abc import Mapping

from starlette.types import Scope

_HEAD = "creditgraph.head"


def head_of(scope: Scope) -> Mapping[str, str]:
    """Give a request's headers, named in small letters; several of one name are one list, as HTTP has it."""
    known: dict[str, str] | None = scope.get(_HEAD)
    if known is None:
        headers = scope["headers"]
        known = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        if len(known) != len(headers):
            known = _joined(headers)
        scope[_HEAD] = known
    return known


def _joined(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    lists: dict[str, list[str]] = {}
    for name, value in headers:
        lists.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in lists.items()}
