"""The mutations of holds as tests send them."""

from typing import Any

from tests.door import Door
from tests.tenant import Tenant, next_key

NOTHING = "0" * 32
CALL = (
    "PHONE twilio 5 MINUTES",
    "GPT gpt-4o-mini 3000 TOKENS",
    "VOICE_STT deepgram 5 MINUTES",
    "VOICE_TTS openai-tts 800 CHARACTERS",
)
HOLD = """id status amount captured released lent remaining createdAt expiresAt closedAt
  lines { line serviceType provider units unitType credits remaining heldAt parts { amount remaining } }"""
REFUSED = "... on Refusal { code message }"
EXHAUSTED = """... on CreditsExhausted { needed available
  fitting { serviceType provider units unitType credits } }"""
CLOSED = "... on HoldClosed { status closedAt }"
MUTATIONS = {
    "startWorkflow": f"... on WorkflowStarted {{ replayed workflow {{ id }} hold {{ {HOLD} }} }} {EXHAUSTED}",
    "holdCredits": f"... on CreditsHeld {{ replayed hold {{ {HOLD} }} }} {EXHAUSTED}",
    "extendHold": (
        "... on HoldExtended { replayed addedCredits heldUntil affordableUntil "
        f"hold {{ {HOLD} }} }} {EXHAUSTED} {CLOSED}"
    ),
    "releaseHold": f"... on HoldReleased {{ replayed releasedCredits hold {{ {HOLD} }} }} {CLOSED}",
}


def service(text: str) -> dict[str, Any]:
    """Read "PHONE twilio 5 MINUTES"."""
    service_type, provider, units, unit_type = text.split()
    return {"serviceType": service_type, "provider": provider, "units": units, "unitType": unit_type}


async def started(tenant: Tenant, **fields: Any) -> str:
    """Start a run and give its id as callers see it."""
    return f"workflow_{(await tenant.start(**fields)).id.hex}"


async def mutate(ask: Door, tenant: Tenant, mutation: str, *services: str, **given: Any) -> Any:
    """Run one of the mutations and give its result, under a fresh key unless one is given."""
    given = {"idempotencyKey": next_key()} | given
    if services:
        given["services"] = [service(text) for text in services]
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    query = f"mutation($in: {kind}!) {{ {mutation}(input: $in) {{ __typename {REFUSED} {MUTATIONS[mutation]} }} }}"
    return (await ask.data(tenant.secret, query, {"in": given}))[mutation]


async def refusal_of(ask: Door, tenant: Tenant, mutation: str, *services: str, **given: Any) -> str:
    """Run a mutation that must be refused, and give the refusal's type; its code is the same name."""
    result = await mutate(ask, tenant, mutation, *services, **given)
    kind: str = result["__typename"]
    known = {"RateUnknown": {"UNKNOWN_SERVICE", "UNKNOWN_PROVIDER", "UNKNOWN_UNIT"}}
    code = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in kind).removeprefix("_")
    assert result["code"] in known.get(kind, {code}), result
    return kind


BALANCE = "{ viewer { account { balance { available held granted spent overdraft expired spendable } } } }"


async def balance(ask: Door, tenant: Tenant) -> dict[str, str | None]:
    """Ask for the account's balance."""
    found: dict[str, str | None] = (await ask.data(tenant.secret, BALANCE))["viewer"]["account"]["balance"]
    return found


def booked(**figures: str | None) -> dict[str, str | None]:
    """Write down a prepaid account's balance; what is left out is 0."""
    names = ("available", "held", "granted", "spent", "overdraft", "expired", "spendable")
    return dict.fromkeys(names, "0") | figures
