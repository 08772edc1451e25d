from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from graph.schema import schema_text
from server.examples import EXAMPLES
from server.graphiql import ExampleOperation

SCHEMA = build_schema(schema_text())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_every_example_fits_the_schema(example: ExampleOperation) -> None:
    assert validate(SCHEMA, parse(example.query)) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_every_variable_has_a_value(example: ExampleOperation) -> None:
    (operation,) = parse(example.query).definitions
    assert {found.variable.name.value for found in operation.variable_definitions or ()} == set(
        example.variables
    )


def test_the_first_tab_is_the_first_query_of_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"```graphql\n{EXAMPLES[0].query.strip()}\n```" in readme
