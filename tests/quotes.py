"""Quotes of a tenant, in one line each: "PHONE twilio 5 MINUTES", or "PHONE 5 MINUTES" where one is chosen."""

from datetime import timedelta
from functools import partial
from typing import Any

from metering.plans import Plan
from metering.quotes import (
    DEFAULT_EXPIRY,
    CreateQuote,
    LimitedQuote,
    PlannedRun,
    QuoteCreation,
    create_quote,
    quote_within_limits,
)
from models.quote import StoredQuote
from models.writer import Command
from pricing.selection import Need, ServiceRequest
from pricing.units import Quantity, ServiceType, UnitType
from tests.tenant import Tenant


def plan_of(tenant: Tenant, *services: str, **fields: Any) -> Plan:
    """Write down a plan."""
    return Plan(ServiceRequest(tuple(map(_need, services))), tenant.account_id, **fields)


async def asked(tenant: Tenant, plan: Plan, **run: Any) -> LimitedQuote:
    """Ask what a plan costs and what is in its way, or raise what cannot be answered."""
    question = partial(
        quote_within_limits,
        plan=plan,
        run=PlannedRun(tenant.api_key_id, **run),
        now=tenant.database.clock(),
    )
    return await tenant.database.ask(question)


async def promised(
    tenant: Tenant, plan: Plan, *, expires_in: timedelta = DEFAULT_EXPIRY, **run: Any
) -> QuoteCreation:
    """Store a quote, or raise the refusal."""
    item = CreateQuote(tenant.account_id, plan, PlannedRun(tenant.api_key_id, **run), expires_in)
    return await tenant.database.write(Command(tenant.account_id, partial(create_quote, item=item)))


async def quote_now(tenant: Tenant, quote: StoredQuote) -> StoredQuote:
    """Read a stored quote."""
    async with tenant.database.read() as session:
        return await session.get_one(StoredQuote, (tenant.account_id, quote.id))


def _need(text: str) -> Need:
    service_type, *provider, units, unit_type = text.split()
    quantity = Quantity.parse(units, UnitType(unit_type))
    return Need(ServiceType(service_type), quantity, provider[0] if provider else None)
