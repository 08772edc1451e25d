"""Agents, made by the verb."""

from functools import partial

from metering.agents import create_agent
from models.agent import Agent
from models.base import Json
from models.writer import Command
from tests.tenant import Tenant


async def new_agent(
    tenant: Tenant,
    name: str = "an agent",
    business_adapter: str = "emergencyservices",
    *,
    preset: str | None = None,
    custom_settings: Json | None = None,
) -> Agent:
    """Create an agent of the tenant."""
    verb = partial(
        create_agent,
        account_id=tenant.account_id,
        name=name,
        business_adapter=business_adapter,
        preset=preset,
        custom_settings=custom_settings or {},
    )
    return await tenant.database.write(Command(tenant.account_id, verb))
