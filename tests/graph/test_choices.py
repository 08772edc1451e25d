"""Choices of one among several fields: what is given too much or too little is refused by the fields' names."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType, build_schema

from graph.schema import schema_text
from tests.door import Door
from tests.tenant import Tenant

NEED = [{"serviceType": "GPT", "provider": "gpt-4o", "units": 1, "unitType": "TOKENS"}]
PLAN = {"services": NEED, "preset": "balanced"}
DAY = {"from": "2026-03-03T00:00:00Z", "to": "2026-03-04T00:00:00Z"}
RUN, HOLD, AGENT = (f"{kind}_{32 * '0'}" for kind in ("workflow", "hold", "agent"))
QUOTE = f"quote_{32 * '0'}"
START = {"workflowName": "w", "idempotencyKey": "k"}
HELD = {"workflowId": RUN, "idempotencyKey": "k"}
EXTENDED = {"holdId": HOLD, "idempotencyKey": "k"}
CARD = {
    "version": "w",
    "effective_from": "2026-03-01T00:00:00Z",
    "rounding": "UP",
    "precision": 0,
    "rates": [{"service_type": "GPT", "provider": "gpt-4o", "unit_type": "TOKENS", "price": "1"}],
}
CONFIGURATION = {"primary_ai_model": "gpt-4o"}

CHOICES: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("holdCredits", HELD, "amount", ["amount", "services", "quoteId", "selection"]),
    ("holdCredits", {**HELD, "amount": 1, "services": NEED}, "services", ["amount", "services"]),
    ("holdCredits", {**HELD, "amount": 1, "quoteId": QUOTE}, "quoteId", ["amount", "quoteId"]),
    ("holdCredits", {**HELD, "amount": 1, "selection": PLAN}, "selection", ["amount", "selection"]),
    ("startWorkflow", {**START, "hold": {}}, "hold.amount", ["amount", "services", "quoteId"]),
    ("startWorkflow", {**START, "hold": {"amount": 1, "services": NEED}}, "hold.services", ["amount", "services"]),
    ("startWorkflow", {**START, "hold": {"quoteId": QUOTE}, "selection": PLAN}, "hold.quoteId", ["selection"]),
    ("extendHold", EXTENDED, "services", ["services", "amount", "expiresInSeconds"]),
    ("extendHold", {**EXTENDED, "amount": 1, "services": NEED}, "amount", ["amount", "services"]),
    ("setShadowPolicy", {"agentId": AGENT}, "preset", ["preset", "configuration"]),
    ("setShadowPolicy", {"agentId": AGENT, "preset": "balanced", "configuration": CONFIGURATION}, "preset", ["preset", "configuration"]),
    ("createQuote", {"plan": {**PLAN, "agentId": AGENT}}, "plan.preset", ["agentId", "preset", "configuration"]),
    ("quote", {**PLAN, "configuration": CONFIGURATION}, "configuration", ["agentId", "preset", "configuration"]),
    ("selectServices", {"services": NEED}, "agentId", ["agentId", "preset", "configuration"]),
    ("replay", {**DAY, "preset": "balanced", "configuration": CONFIGURATION}, "configuration", ["preset", "configuration"]),
    ("replay", {**DAY, "rateCardVersion": "v", "rateCard": CARD}, "rateCard", ["rateCardVersion", "rateCard"]),
    ("startReplay", DAY, "preset", ["preset", "configuration", "rateCardVersion", "rateCard"]),
]  # fmt: skip
INPUTS = {
    "quote": "ServicePlanInput",
    "selectServices": "ServicePlanInput",
    "replay": "ReplayInput",
    "startReplay": "ReplayInput",
}


@pytest.mark.parametrize(("field", "given", "place", "named"), CHOICES)
async def test_a_choice_says_its_fields_and_the_fix(
    ask: Door, tenant: Tenant, field: str, given: dict[str, Any], place: str, named: list[str]
) -> None:
    kind = INPUTS.get(field, f"{field[0].upper()}{field[1:]}Input")
    operation = "query" if field in {"quote", "selectServices", "replay"} else "mutation"
    query = f"{operation}($in: {kind}!) {{ {field}(input: $in) {{ __typename }} }}"
    error = await ask.error(tenant.secret, query, {"in": given})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": place}, error
    for name in named:
        assert name in error["message"], error
    assert "give" in error["message"] or "leave" in error["message"], error


def test_no_input_is_only_a_choice() -> None:
    """An input all of whose fields exclude one another would be `@oneOf`; each here carries more than its choice."""
    optional = {
        name
        for name, type_ in build_schema(schema_text()).type_map.items()
        if isinstance(type_, GraphQLInputObjectType)
        and not any(str(it.type).endswith("!") for it in type_.fields.values())
    }
    filters = {name for name in optional if name.endswith("Filter")}
    assert optional - filters == {"SetBalanceAlertInput"}  # of one field, where null ends the alert
