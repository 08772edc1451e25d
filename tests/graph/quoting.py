"""Questions about plans, in one line each: "PHONE 5 MINUTES twilio", where the provider may be left out."""

from typing import Any

from models.identity import IdKind, format_id
from tests.door import Door
from tests.graph.agents import new_agent
from tests.tenant import Tenant

LINES = "lines { serviceType provider units unitType credits exactCredits }"
TOTALS = "totalCredits requestedCredits savedCredits limit withinLimits rateCardVersion catalogueVersion"
WHY = """decisions { serviceType requestedProvider provider requestedCredits credits savedCredits rule reason
  steps { rule from to reason savedCredits } candidates { provider estimate chosen excludedBy reason } }"""
FITS = """wouldFit { shortBy topUp message allowed { totalCredits } cheapest { totalCredits }
  offer { totalCredits lines { provider credits } tradeOffs { serviceType from to savedCredits sentence } }
  fitting { provider units unitType credits } }"""
QUOTE = f"query($in: ServicePlanInput!) {{ quote(input: $in) {{ {TOTALS} {LINES} selection {{ {WHY} }} {FITS} }} }}"
SELECT = f"query($in: ServicePlanInput!) {{ selectServices(input: $in) {{ {TOTALS} requestComplexity accuracyRequirement {WHY} {FITS} }} }}"

VOICE = ("VOICE_STT 5 MINUTES", "GPT 3000 TOKENS", "VOICE_TTS 2000 CHARACTERS")


def services(*lines: str) -> list[dict[str, str]]:
    """Read "PHONE 5 MINUTES twilio", where the provider may be left out."""
    fields = ("serviceType", "units", "unitType", "provider")
    return [dict(zip(fields, line.split(), strict=False)) for line in lines]


async def quoted(ask: Door, tenant: Tenant, *lines: str, **given: Any) -> Any:
    """Ask for a quote of services."""
    return (await ask.data(tenant.secret, QUOTE, {"in": {"services": services(*lines), **given}}))["quote"]


async def selected(ask: Door, tenant: Tenant, *lines: str, **given: Any) -> Any:
    """Ask for a selection of services."""
    answer = await ask.data(tenant.secret, SELECT, {"in": {"services": services(*lines), **given}})
    return answer["selectServices"]


async def agent_id(tenant: Tenant, business_adapter: str = "emergencyservices", **fields: Any) -> str:
    agent = await new_agent(tenant, business_adapter=business_adapter, **fields)
    return format_id(IdKind.AGENT, agent.id)


def served(answer: Any) -> list[tuple[str, str]]:
    return [(line["provider"], line["credits"]) for line in answer["lines"]]
