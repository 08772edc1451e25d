"""Every list of the schema is walked from both ends, by pages that are bounded below and above."""

import json
from typing import Any

from graphql import get_named_type

from tests.door import Door
from tests.graph.tenancy.asking import Caller
from tests.graph.tenancy.conftest import Neighbours
from tests.graph.tenancy.positions import Position, fields_of, object_types

LISTS = [
    Position(type_name, name, ("first",), "Int")
    for type_name in object_types()
    for name, field in fields_of(type_name).items()
    if get_named_type(field.type).name.endswith("Connection")
]
PAGING = {"first": "Int", "after": "String", "last": "Int", "before": "String"}
SHOWN = "edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount"
REFUSED: list[tuple[dict[str, Any], str]] = [
    *(({side: size}, side) for side in ("first", "last") for size in (0, -1, 101, 2**31 - 1)),
    ({"first": 1, "last": 1}, "last"),
    ({"first": 1, "before": "x"}, "last"),
    ({"last": 1, "after": "x"}, "last"),
]


def test_every_list_takes_the_same_four_arguments_and_no_list_is_unbounded() -> None:
    assert len(LISTS) > 20
    for each in LISTS:
        taken = {name: str(it.type) for name, it in each.field.args.items()}
        assert taken.items() >= PAGING.items(), each
        connection = fields_of(get_named_type(each.field.type).name)
        assert set(connection) == {"edges", "nodes", "pageInfo", "totalCount"}, each


async def test_pages_are_bounded_and_go_both_ways(ask: Door, neighbours: Neighbours, operator: str) -> None:
    for each in LISTS:
        caller = neighbours.caller(ask, operator if each.type_name == "Query" else None)
        for given, named in REFUSED:
            error = (await paged(caller, each, **given))["errors"][0]
            assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": named}, (each, given)
        assert "errors" not in await paged(caller, each, first=100), each
        assert "errors" not in await paged(caller, each, last=100), each
        await there_and_back(caller, each)


async def there_and_back(caller: Caller, each: Position) -> None:
    """Walk a list page by page to its end, and back to its beginning."""
    whole = await page(caller, each, first=100)
    cursors = [edge["cursor"] for edge in whole["edges"]]
    assert 1 <= len(cursors) == whole["totalCount"] <= 100, each
    for forward, side, place in ((True, "first", "after"), (False, "last", "before")):
        seen: list[str] = []
        step: dict[str, Any] = {side: 2}
        more = True
        while more:
            found = await page(caller, each, **step)
            got = [edge["cursor"] for edge in found["edges"]]
            info = found["pageInfo"]
            assert (info["startCursor"], info["endCursor"]) == (got[0], got[-1]), each
            seen = [*seen, *got] if forward else [*got, *seen]
            more = info["hasNextPage" if forward else "hasPreviousPage"]
            step[place] = got[-1] if forward else got[0]
        assert seen == cursors, (each, side)


async def page(caller: Caller, each: Position, **given: Any) -> Any:
    """Ask for a page that must be answered."""
    answer = await paged(caller, each, **given)
    assert "errors" not in answer, (each, answer)
    found = answer["data"]
    while "edges" not in found:
        [found] = found.values()
    return found


async def paged(caller: Caller, each: Position, **given: Any) -> Any:
    """Ask for a page."""
    arguments = ", ".join(f"{name}: {json.dumps(value)}" for name, value in given.items())
    asked = f"{each.field_name}({arguments}) {{ {SHOWN} }}"
    if each.type_name == "Query":
        text = f"{{ {asked} }}"
    else:
        own = caller.own_node(each.type_name)
        text = f'{{ node(id: "{own}") {{ ... on {each.type_name} {{ {asked} }} }} }}'
    return json.loads((await caller.told(text, {})).text)
