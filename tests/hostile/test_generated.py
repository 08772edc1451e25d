"""Operations that schemathesis makes from the schema, for every root field: none meets an error of ours.

It knows the types and nothing of what they mean, so its values are at the edges of what the types allow. Scalars
of our own have strategies here: mostly what is well written, of things that are there, so that operations get
further than to the first refusal. Subscriptions, which it leaves out, are made from a schema whose queries they are.
"""

import asyncio
import json
import re
import shutil
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import graphql
import hypothesis_graphql
import pytest
import schemathesis.graphql
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from schemathesis.graphql import nodes

from graph.schema import schema_text
from tests.conftest import sqlite_url
from tests.graph.tenancy.positions import GRAPH, KINDS, ROOTS, fields_of
from tests.hostile.house import House, house

SMOKE_EXAMPLES = 10
SOAK_EXAMPLES = 500
KNOWN = (
    "gpt-4o",
    "twilio",
    "balanced",
    "emergencyservices",
    "quagga workflow",
    "quagga user",
    "name",
    "2025-01-01",
)
FITTING = 0.8
"""How many ids are made those of a thing of the kind that is wanted; few operations get far with others."""
FIELDS = [(root, name) for root in ROOTS for name in fields_of(root)]
LATER = settings(
    deadline=None, database=None, suppress_health_check=list(HealthCheck), max_examples=SMOKE_EXAMPLES
)


@dataclass(frozen=True, slots=True)
class Runner:
    """A served store, and the loop that it lives in, for tests that hypothesis calls from outside of one."""

    loop: asyncio.Runner
    house: House
    ids: list[str]

    def ask(self, root: str, name: str, query: str) -> Any:
        """Ask, and give the answer's JSON."""
        secret = self.house.caller_at(root, fields_of(root)[name]).secret
        body = json.dumps({"query": query}).encode()
        return self.loop.run(self.house.answer(root, secret, body))


@pytest.fixture(scope="module")
def runner(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """A store with one of everything, for all fields that a pytest worker tries."""
    path = tmp_path_factory.mktemp("generated") / "creditgraph.db"
    shutil.copyfile(sqlite_template, path)
    with asyncio.Runner() as loop:
        opened = house(sqlite_url(path))
        served = loop.run(opened.__aenter__())
        estate = served.caller.estate
        # A key that is ended could ask no more: another one's id stands in its place.
        ids = [*(each for each in estate.ids.values() if not each.startswith("key_")), estate.second_key]
        teach(ids)
        yield Runner(loop, served, ids)
        loop.run(opened.__aexit__(None, None, None))


def teach(ids: list[str]) -> None:
    """Tell schemathesis how scalars are written."""
    for name, strategy in strategies(ids).items():
        schemathesis.graphql.scalar(name, strategy)


def strategies(ids: list[str]) -> dict[str, Any]:
    """Give a strategy of literals for each scalar of our own, and for ids."""
    number = some.decimals(0, 10**12, places=6).map(str) | some.integers(0, 2_000).map(str)
    hexadecimal = some.text(string.hexdigits, min_size=32, max_size=32)
    nothing = some.builds(
        "{}_{}".format, some.sampled_from(ids).map(lambda each: each.split("_")[0]), hexadecimal
    )
    moment = some.datetimes().map(lambda each: f"{each.isoformat()}Z")
    lately = some.integers(0, 59).map(lambda minute: f"2026-03-04T11:{minute:02}:00Z")
    plain = some.none() | some.booleans() | some.integers(-(2**64), 2**64) | some.text()
    tree = some.recursive(plain, lambda inner: some.lists(inner) | some.dictionaries(_names(), inner))
    return {
        "Credits": (number | some.text()).map(nodes.String),
        "Decimal": (number | some.text()).map(nodes.String),
        "Long": some.integers(-1, 2**64).map(nodes.Int),
        "DateTime": (moment | lately | some.text()).map(nodes.String),
        "JSON": some.dictionaries(_names(), tree).map(_literal),
        "ID": (some.sampled_from(ids) | nothing | some.text()).map(nodes.String),
        "String": (some.sampled_from(KNOWN) | some.sampled_from(KNOWN) | some.text()).map(nodes.String),
        "Int": (some.integers(1, 100) | some.integers(-(2**31), 2**31 - 1)).map(nodes.Int),
    }


def _names() -> Any:
    known = some.sampled_from(["service_configuration", "primary_ai_model", "location", "rates", "version"])
    return known | some.text(string.ascii_letters, min_size=1, max_size=9)


def _literal(value: Any) -> graphql.ValueNode:
    match value:
        case dict():
            fields = tuple(
                graphql.ObjectFieldNode(name=graphql.NameNode(value=name), value=_literal(each))
                for name, each in value.items()
            )
            return graphql.ObjectValueNode(fields=fields)
        case list():
            return graphql.ListValueNode(values=tuple(map(_literal, value)))
        case bool():
            return graphql.BooleanValueNode(value=value)
        case int():
            return graphql.IntValueNode(value=str(value))
        case str():
            return graphql.StringValueNode(value=value)
    return graphql.NullValueNode()


def operations_of(root: str, name: str, ids: list[str]) -> Any:
    """Give a strategy of the texts of operations that ask for a root field."""
    if root == "Subscription":
        listened = graphql.GraphQLSchema(query=GRAPH.subscription_type, types=GRAPH.type_map.values())
        texts = hypothesis_graphql.queries(listened, fields=[name], custom_scalars=strategies(ids))
        return texts.map(lambda text: "subscription " + text.removeprefix("query"))
    return _operations()[f"{root}.{name}"].as_strategy().map(lambda case: case.body)


@cache
def _operations() -> dict[str, Any]:
    schema: Any = schemathesis.graphql.from_file(schema_text())
    return {found.ok().label: found.ok() for found in schema.get_all_operations()}


def no_error_of_ours(runner: Runner, root: str, name: str, profile: settings) -> None:
    """Ask as many operations as the profile says, for a root field."""

    @profile
    @given(query=operations_of(root, name, runner.ids), seed=some.integers(0, 2**32))
    def ask(query: str, seed: int) -> None:
        answer = runner.ask(root, name, fitted(root, name, query, runner, seed))
        codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
        assert "INTERNAL" not in codes, answer
        assert "UNAVAILABLE" not in codes, answer

    ask()


def fitted(root: str, name: str, query: str, runner: Runner, seed: int) -> str:
    """Put ids of the kinds that are wanted in the place of most others."""
    random = Random(seed)

    def fit(found: re.Match[str]) -> str:
        kind = KINDS.get(f"{root}.{name}({found[1]})", KINDS.get(found[1]))
        if kind is None or random.random() > FITTING:
            return found[0]
        fitting = [each for each in runner.ids if each.startswith(f"{kind.value}_")]
        return f'{found[1]}: "{fitting[0]}"'

    return re.sub(r'\b(id|\w+Id): "[^"]*"', fit, query)


@pytest.mark.parametrize(("root", "name"), FIELDS, ids=lambda part: part)
def test_some_operations(runner: Runner, root: str, name: str) -> None:
    no_error_of_ours(runner, root, name, settings(LATER, derandomize=True))


@pytest.mark.soak
@pytest.mark.parametrize(("root", "name"), FIELDS, ids=lambda part: part)
def test_many_operations(runner: Runner, root: str, name: str) -> None:
    no_error_of_ours(runner, root, name, settings(LATER, max_examples=SOAK_EXAMPLES))
