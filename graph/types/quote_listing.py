"""The list of an account's stored quotes."""

from typing import Annotated

import strawberry

from graph import inputs
from graph.context import Info
from graph.loaders.pages import Listing, ListKey, Order, Parent
from graph.loaders.quotes import QuotesLike
from graph.types.connection import Connection, PageArguments, connect
from graph.types.stored_quote import StoredQuote
from metering.quotes import QuoteStatus
from models.quote import StoredQuote as QuoteRow

QUOTES_OF_ACCOUNT = Listing(QuoteRow, QuoteRow.account_id, QuoteRow.account_id, QuoteRow.id)
QUOTES_NEWEST_FIRST = Order("QUOTES", QuoteRow.created_at, descending=True)


@strawberry.input(description="Which quotes a list has; what is left out narrows nothing.")
class QuoteFilter:
    """Which quotes a list has."""

    status: list[QuoteStatus] | None = strawberry.field(default=None, description="Any of these.")
    workflow_name: str | None = strawberry.field(default=None, description="For runs of this name.")


WhichQuotes = Annotated[
    QuoteFilter | None, strawberry.argument(name="filter", description="Only quotes like these.")
]


async def connect_quotes(
    info: Info, parent: Parent, narrowed: QuoteFilter | None, asked: PageArguments
) -> Connection[StoredQuote]:
    """Load one page of an account's quotes, by their status at this moment."""
    narrowed = narrowed or QuoteFilter()
    like = QuotesLike(
        statuses=tuple(sorted(set(narrowed.status or ()))),
        workflow_name=inputs.optional_name("filter.workflowName", narrowed.workflow_name),
        now=info.context.now(),
    )
    quotes = ListKey(QUOTES_OF_ACCOUNT, parent, like, QUOTES_NEWEST_FIRST)
    return await connect(info, quotes, lambda row: StoredQuote.of(row, like.now), asked)
