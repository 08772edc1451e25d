"""What one operation may ask for."""

import pytest
from graphql import get_introspection_query

from graph.limits.weights import MOST_POINTS
from tests.door import Door
from tests.tenant import Tenant

NESTED = "{viewer{account{workflows(first:100){nodes{servicesUsed(first:100){nodes{workflow{servicesUsed(first:100){nodes{id}}}}}}}}}}"
BY_VARIABLE = "query($n: Int){viewer{account{workflows(first:$n){nodes{servicesUsed(last:$n){nodes{workflow{servicesUsed(first:$n){nodes{id}}}}}}}}}}"
LEVELS = 48
FRAGMENTS = "{viewer{account{...F0}}}" + "".join(
    f"fragment F{n} on Account{{agents{{nodes{{id}}}} ...F{n + 1} ...F{n + 1}}}" for n in range(LEVELS)
)
EXPONENTIAL = f"{FRAGMENTS} fragment F{LEVELS} on Account{{name}}"


def quotes(number: int) -> str:
    """So many quotes in one operation."""
    plan = '{services: [{serviceType: GPT, provider: "gpt-4o", units: 1, unitType: TOKENS}]}'
    return f"{{{' '.join(f'q{n}:quote(input:{plan}){{totalCredits}}' for n in range(number))}}}"


@pytest.mark.parametrize(
    ("query", "variables"),
    [(NESTED, None), (BY_VARIABLE, {"n": 100}), (EXPONENTIAL, None), (quotes(25), None)],
    ids=["nested pages", "pages by variable", "fragments of fragments", "25 quotes"],
)
async def test_too_much_is_refused_before_it_runs(
    ask: Door, tenant: Tenant, query: str, variables: dict[str, int] | None
) -> None:
    _, answer = await ask(tenant.secret, query, variables)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["QUERY_TOO_COMPLEX"]
    assert f"{MOST_POINTS:,} is the most" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (BY_VARIABLE, {"n": 10}),
        (quotes(24), None),
        (get_introspection_query(descriptions=True), None),
        (
            "{viewer{account{agents{nodes{workflows{nodes{servicesUsed{nodes{creditsUsed rate{price}}}}}}}}}}",
            None,
        ),
        (
            "{viewer{account{workflows(first:100){nodes{servicesUsed(first:100){nodes{id creditsUsed provider}}}}}}}",
            None,
        ),
    ],
    ids=[
        "short pages",
        "24 quotes",
        "GraphiQL's introspection",
        "three levels of usual pages",
        "two levels of full pages",
    ],
)
async def test_what_people_ask_for_passes(
    ask: Door, tenant: Tenant, query: str, variables: dict[str, int] | None
) -> None:
    assert await ask.data(tenant.secret, query, variables)
