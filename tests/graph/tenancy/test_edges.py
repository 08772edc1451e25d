"""Every field of every type, asked from an account's own things: nothing of another account stands in the answers."""

from graphql import GraphQLField, get_named_type, is_required_argument

from models.api_key import Scope
from tests.door import Door, scoped
from tests.graph.tenancy.asking import Caller, leaks
from tests.graph.tenancy.conftest import Neighbours
from tests.graph.tenancy.estate import needles
from tests.graph.tenancy.positions import GRAPH, ROOTS, fields_of, object_types
from tests.graph.tenancy.selections import arguments, covered, everything

WITH_IDS = [type_.name for type_ in GRAPH.get_implementations(GRAPH.type_map["Node"]).objects]  # type: ignore[arg-type]  # it is an interface


def test_the_walk_meets_every_field_of_the_schema() -> None:
    """What is shown of a type with an id is walked there; all else, wherever it stands."""
    met = {f"{name}.{field}" for name in (*ROOTS, *WITH_IDS) for field in fields_of(name)}
    for root in ROOTS:
        for field in fields_of(root).values():
            met |= set(covered(get_named_type(field.type), 1))
    for name in WITH_IDS:
        met |= set(covered(GRAPH.type_map[name]))
    all_fields = {f"{name}.{field}" for name in object_types() for field in fields_of(name)}
    assert all_fields - met == set()


async def test_nothing_of_another_account_stands_beside_one_s_own(ask: Door, neighbours: Neighbours) -> None:
    tells = await needles(neighbours.theirs, neighbours.mine)
    caller = neighbours.caller(ask)
    read = neighbours.caller(ask, await scoped(neighbours.mine.tenant, Scope.READ))
    for type_name in WITH_IDS:
        for name, field in fields_of(type_name).items():
            told = await caller.told(operation(caller, type_name, name, field), {})
            assert set(told.codes) <= {"FORBIDDEN"}, (type_name, name, told.text)  # margins are an operator's
            assert f'"__typename": "{type_name}"' in told.text, (type_name, name)
            assert leaks(told, tells) == [], (type_name, name, told.text)
            seen = await read.told(operation(caller, type_name, name, field), {})
            assert leaks(seen, tells) == [], (type_name, name, seen.text)


async def test_root_fields_that_need_nothing_show_one_s_own_alone(ask: Door, neighbours: Neighbours) -> None:
    tells = await needles(neighbours.theirs, neighbours.mine)
    caller = neighbours.caller(ask)
    for name, field in fields_of("Query").items():
        if not any(map(is_required_argument, field.args.values())):
            shown = everything(get_named_type(field.type), 0 if name == "viewer" else 1)
            told = await caller.told(f"{{ {name} {{ {shown} }} }}", {})
            assert set(told.codes) <= {"FORBIDDEN"}, (name, told.text)
            assert leaks(told, tells) == [], (name, told.text)


def operation(caller: Caller, type_name: str, name: str, field: GraphQLField) -> str:
    """Ask one field of the caller's own thing of a type, and all below it."""
    shown = everything(get_named_type(field.type), 1)
    asked = f"{name}{arguments(type_name, name)}{f' {{ {shown} }}' if shown else ''}"
    return f'{{ node(id: "{caller.own_node(type_name)}") {{ __typename ... on {type_name} {{ {asked} }} }} }}'
