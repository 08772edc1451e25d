"""Bodies: requests are strict JSON whose numbers stay exact; answers are JSON whatever they hold."""

import json
from collections.abc import Mapping
from typing import NoReturn

import orjson

from graph.execution.written import as_json, value_of
from graph.scalars import WrittenDecimal
from server.transport.refusals import Refused

DEEPEST_JSON = 20
MOST_DIGITS = 100


def json_object(head: Mapping[str, str], body: bytes) -> dict[str, object]:
    """Read a JSON object; fractions keep their text, so that nothing passes through a float.

    Raises Refused.
    """
    require_json(head)
    return object_from(body)


def object_from(text: bytes) -> dict[str, object]:
    """Read a JSON object from a body or a message.

    Raises Refused.
    """
    try:
        value = _STRICT.decode(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The body is not valid JSON in UTF-8.") from error
    if not isinstance(value, dict):
        raise Refused(400, "The body must be a JSON object.")
    # What has few brackets cannot be deep, whatever they stand for.
    if text.count(b"{") + text.count(b"[") > DEEPEST_JSON:
        _refuse_depth(value)
    return value


def require_json(head: Mapping[str, str]) -> None:
    """Raise Refused where headers announce another body than JSON in UTF-8."""
    media_type, _, parameters = head.get("content-type", "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise Refused(415, "Send the request as application/json.")
    if parameters.strip().lower().replace('"', "") not in {"", "charset=utf-8"}:
        raise Refused(415, "Send the request as application/json in UTF-8, without other parameters.")
    if head.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refused(415, "Send the body as it is, without a content encoding.")


def json_bytes(content: Mapping[str, object]) -> bytes:
    """Write an answer."""
    try:
        return orjson.dumps(content, default=as_json)
    except orjson.JSONEncodeError:
        # Nested deeper than orjson goes, or an error that repeats half of a surrogate pair.
        return json.dumps(content, default=value_of).encode()


def _refuse_depth(value: dict[str, object]) -> None:
    level: list[object] = [value]
    for _ in range(DEEPEST_JSON):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise Refused(400, f"The body is nested deeper than {DEEPEST_JSON} levels.")


def _inside(value: object) -> list[object]:
    """Return the objects and arrays within one."""
    if isinstance(value, dict):
        return [each for each in value.values() if isinstance(each, dict | list)]
    return [each for each in value if isinstance(each, dict | list)] if isinstance(value, list) else []


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Which of the two is meant cannot be known, and another reader of the same body may choose otherwise.
        raise ValueError("a name comes twice")
    return found


def _fraction(digits: str) -> WrittenDecimal:
    _refuse_digits(digits)
    return WrittenDecimal(digits)


def _integer(digits: str) -> int:
    _refuse_digits(digits)
    return int(digits)


def _refuse_digits(digits: str) -> None:
    # No value here has so many, and long ones take a time to read that grows with their square.
    if len(digits) > MOST_DIGITS:
        raise ValueError("a number is too long")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_STRICT = json.JSONDecoder(
    parse_float=_fraction,
    parse_int=_integer,
    parse_constant=_refuse_constant,
    object_pairs_hook=_object,
)
