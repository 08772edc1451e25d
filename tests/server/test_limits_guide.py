"""docs/limits.md says what holds: its table, its weights and its example."""

import json
import re

import pytest

from graph.errors import MOST_ERRORS
from graph.limits import shape, weights
from models.database import Database
from server.answers import CHARACTERS_OF_A_POINT, POINTS_OF_A_REFUSAL
from tests.door import opened_door
from tests.house.tree import ROOT
from tests.tenant import Tenant

GUIDE = (ROOT / "docs" / "limits.md").read_text("utf-8")
TABLE = {
    "characters": shape.MOST_CHARACTERS,
    "tokens": shape.MOST_TOKENS,
    "operations": shape.MOST_OPERATIONS,
    "fragments": shape.MOST_FRAGMENTS,
    "spreads of fragments": shape.MOST_SPREADS,
    "variables": shape.MOST_VARIABLES,
    "aliases": shape.MOST_ALIASES,
    "directives": shape.MOST_DIRECTIVES,
    "root fields": shape.MOST_ROOT_FIELDS,
    "levels": shape.MOST_LEVELS,
    "values written in the document": shape.MOST_VALUES,
    "fields, with those of fragments in their places": shape.MOST_FIELDS,
    "pairs of fields with one name in one place": shape.MOST_COMPARISONS,
}


def test_the_table_is_the_bounds() -> None:
    rows = re.findall(r"^\| (.+) \| ([\d,]+) \|$", GUIDE, re.MULTILINE)
    assert {name: int(most.replace(",", "")) for name, most in rows} == TABLE


@pytest.mark.parametrize(
    "said",
    [
        f"hold is given) {weights.POINTS_OF_A_QUOTE:,}",
        f"`quoteAccuracy`) {weights.POINTS_OF_A_HISTORY:,}",
        f"`shadowComparison`) {weights.POINTS_OF_A_COMPARISON:,}",
        f"a `ledgerAudit` {weights.POINTS_OF_A_REPLAY:,}",
        f"A mutation costs {weights.POINTS_OF_A_MUTATION} more",
        f"counts as {weights.OTHER_LISTS}",
        f"{weights.MOST_POINTS:,} points are the most",
        f"point for every {CHARACTERS_OF_A_POINT} of its characters",
        f"one that cannot be run {POINTS_OF_A_REFUSAL:,}",
        f"at most {MOST_ERRORS} errors",
    ],
)
def test_the_weights_are_the_weights(said: str) -> None:
    assert said in GUIDE


@pytest.mark.parametrize("name", sorted({*weights.WORKED_OUT}))
def test_all_that_is_worked_out_is_named(name: str) -> None:
    assert f"`{name.partition('.')[2]}`" in GUIDE


async def test_the_example_costs_what_it_says(database: Database, tenant: Tenant) -> None:
    [query] = re.findall(r"^```graphql\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    [told] = re.findall(r"^```json\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    async with opened_door(database) as door:
        _, answer = await door(tenant.secret, query)
    assert answer == json.loads(told)
