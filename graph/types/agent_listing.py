"""The list of an account's agents."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.inputs import optional_name
from graph.loaders import filters
from graph.loaders.pages import ListKey, Parent
from graph.types.agent import Agent
from graph.types.connection import Connection, PageArguments, connect
from graph.types.listings import AGENTS_OF_ACCOUNT
from graph.types.orders import AGENTS_NEWEST_FIRST
from models.agent import Agent as Row

OfAdapter = Annotated[
    str | None, strawberry.argument(name="businessAdapter", description="Only agents of this adapter.")
]
AgentsArchived = Annotated[
    bool | None,
    strawberry.argument(name="archived", description="Only archived agents, or only those in use."),
]


async def connect_agents(
    info: Info, account: Parent, business_adapter: str | None, archived: bool | None, page: PageArguments
) -> Connection[Agent]:
    """Load one page of an account's agents."""
    return await connect(info, agents_of(account, business_adapter, archived), Agent.of, page)


def agents_of(account: Parent | None, business_adapter: str | None, archived: bool | None) -> ListKey[Row]:
    """Name an account's list of agents, narrowed as asked; no account: whosever it is."""
    like = filters.AgentsLike(optional_name("businessAdapter", business_adapter), archived)
    return ListKey(AGENTS_OF_ACCOUNT, account, like, AGENTS_NEWEST_FIRST)
