"""The lists of holds: those of an account and those of a run."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.loaders import filters
from graph.loaders.pages import Listing, ListKey, Parent
from graph.types.connection import Connection, PageArguments, connect
from graph.types.hold import Hold
from graph.types.orders import HOLDS_NEWEST_FIRST
from models.hold import Hold as HoldRow
from models.hold import HoldStatus


@strawberry.input(description="Which holds a list has; what is left out narrows nothing.")
class HoldFilter:
    """Which holds a list has."""

    status: list[HoldStatus] | None = strawberry.field(default=None, description="Any of these.")


HoldsLike = Annotated[
    HoldFilter | None, strawberry.argument(name="filter", description="Only holds like these.")
]


async def connect_holds(
    info: Info, listing: Listing[HoldRow], parent: Parent, narrowed: HoldFilter | None, asked: PageArguments
) -> Connection[Hold]:
    """Load one page of a parent's holds, each as it is at this moment."""
    dues = await info.context.loaders.dues_by_account.load(parent[0])
    statuses = tuple(sorted(set(narrowed.status or ()))) if narrowed else ()
    holds = ListKey(listing, parent, filters.HoldsLike(statuses, dues.now), HOLDS_NEWEST_FIRST)
    return await connect(info, holds, lambda row: Hold.of(row, dues), asked)
