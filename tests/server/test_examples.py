"""The examples in GraphiQL's tabs: they fit the schema, and the demo answers each as it stands."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate

from graph.schema import schema_text
from server.examples import examples
from server.graphiql import ExampleOperation
from tests.demo_server import DemoServer
from tests.stories.caller import Caller, http_client

SCHEMA = build_schema(schema_text())
EXAMPLES = examples(datetime.now(UTC))
RUNNABLE = [
    example
    for example in EXAMPLES
    if not example.query.lstrip().startswith("subscription") and "…" not in str(example.variables)
]


@pytest.fixture(scope="module")
def demo(demo_server: DemoServer) -> Iterator[Caller]:
    with http_client() as http:
        yield Caller(http, demo_server.url, demo_server.key)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_every_example_fits_the_schema(example: ExampleOperation) -> None:
    assert validate(SCHEMA, parse(example.query)) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_every_variable_has_a_value(example: ExampleOperation) -> None:
    (operation,) = parse(example.query).definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert {found.variable.name.value for found in operation.variable_definitions or ()} == set(
        example.variables
    )


@pytest.mark.parametrize("example", RUNNABLE, ids=lambda example: example.title)
def test_the_demo_answers_every_example(demo: Caller, example: ExampleOperation) -> None:
    data = demo.graphql(example.query, dict(example.variables)).data
    assert all(value and "code" not in value for value in data.values())


def test_the_first_tab_is_the_first_query_of_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"```graphql\n{EXAMPLES[0].query.strip()}\n```" in readme
