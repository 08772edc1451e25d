"""The list of an account's budgets."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.loaders import filters
from graph.loaders.pages import ListKey, Parent
from graph.types.budget import Budget
from graph.types.connection import Connection, PageArguments, connect
from graph.types.listings import BUDGETS_OF_ACCOUNT
from graph.types.orders import BUDGETS_NEWEST_FIRST

BudgetsActive = Annotated[
    bool | None,
    strawberry.argument(
        name="active", description="Only budgets in force, or only removed ones; null is all."
    ),
]


async def connect_budgets(
    info: Info, account: Parent, active: bool | None, page: PageArguments
) -> Connection[Budget]:
    """Load one page of an account's budgets."""
    budgets = ListKey(BUDGETS_OF_ACCOUNT, account, filters.BudgetsLike(active), BUDGETS_NEWEST_FIRST)
    return await connect(info, budgets, Budget.of, page)
