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
    like = filters.AgentsLike(optional_name("businessAdapter", business_adapter), archived)
    return await connect(info, ListKey(AGENTS_OF_ACCOUNT, account, like, AGENTS_NEWEST_FIRST), Agent.of, page)
