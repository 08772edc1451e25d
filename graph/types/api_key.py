"""API keys, without their secrets."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from graph.context import Info
from graph.loaders.forms import id_of
from graph.loaders.pages import DEFAULT_NODES
from graph.permissions import read_field
from graph.types.computed import column, read, showing
from graph.types.connection import PAGED, Connection, PageArguments, connect
from graph.types.forecast import Forecast, InTimeZone, forecast_of_key
from graph.types.listings import WORKFLOWS_OF_API_KEY, WorkflowsLike, runs_of
from graph.types.node import ID, Node
from graph.types.orders import WorkflowOrder, WorkflowsBy
from graph.types.unit_economics import (
    EconomicsFrom,
    EconomicsOf,
    EconomicsTo,
    FirstNames,
    UnitEconomics,
    question_of,
    unit_economics_of,
)
from graph.types.usage import From, OfRuns, To, UsageAnalytics, usage_of
from metering.analytics import Level
from models.api_key import ApiKey as ApiKeyRow
from models.api_key import Scope
from models.identity import IdKind

if TYPE_CHECKING:
    from graph.types.workflow import Workflow


@showing
@strawberry.type(
    description="A secret of an account, with what it may do; runs and usages are attributed to it."
)
class ApiKey(Node):
    """A secret of an account, without the secret."""

    id: strawberry.ID = column("id", ID, id_of(IdKind.API_KEY))
    prefix: str = column("prefix", "How the secret begins: enough to tell keys apart.")
    name: str = column("name", "What the key is called.")
    scopes: list[Scope] = read(lambda api_key: list(api_key.row.scopes), description="What the key may do.")
    created_at: datetime = column("created_at", "When it was issued.")
    last_used_at: datetime | None = column("last_used_at", "When it was last used, to about a minute.")
    revoked_at: datetime | None = column("revoked_at", "When it was revoked.")
    expires_at: datetime | None = column(
        "expires_at",
        "From when on it is as wrong as a revoked one; null is never.",
    )
    rotated_at: datetime | None = column("rotated_at", "When it was last given a new secret.")
    old_secrets_until: datetime | None = column(
        "old_secrets_until",
        "Until when a secret from before its last rotation may work; null where none does since.",
    )
    row: strawberry.Private[ApiKeyRow]

    @classmethod
    def of(cls, row: ApiKeyRow) -> Self:
        """Show a key."""
        return cls(row=row)

    @read_field("The runs that are attributed to the key; none for an operator's key.", PAGED)
    async def workflows(
        self,
        info: Info,
        page: PageArguments,
        narrowed: WorkflowsLike = None,
        order_by: WorkflowsBy = WorkflowOrder.NEWEST_FIRST,
    ) -> Connection[Annotated["Workflow", strawberry.lazy("graph.types.workflow")]]:
        """Load a page of runs."""
        from graph.types.workflow import Workflow  # noqa: PLC0415 - the two types name each other

        parent = (self.row.account_id or self.row.id, self.row.id)
        return await connect(
            info, runs_of(WORKFLOWS_OF_API_KEY, parent, narrowed, order_by), Workflow.of, page
        )

    @read_field("Where the credits of the key's runs went.")
    def usage(self, start: From = None, end: To = None, narrowed: OfRuns = None) -> UsageAnalytics:
        """Give the figures of a period."""
        parent = (self.row.account_id or self.row.id, self.row.id)
        return usage_of(Level.API_KEY, parent, start, end, narrowed)

    @read_field("What finished runs of the key cost and how long they took, name by name.")
    async def unit_economics(
        self,
        info: Info,
        start: EconomicsFrom = None,
        end: EconomicsTo = None,
        narrowed: EconomicsOf = None,
        first: FirstNames = DEFAULT_NODES,
    ) -> UnitEconomics:
        """Look at finished runs."""
        owner = (self.row.account_id or self.row.id, self.row.id)
        question = question_of(Level.API_KEY, start, end, narrowed, first)
        return await unit_economics_of(info, owner, question)

    @read_field("What the key's runs will have spent by the end of the calendar month.")
    async def forecast(self, info: Info, time_zone: InTimeZone = "UTC") -> Forecast:
        """Foretell the month."""
        return await forecast_of_key(info, self.row, time_zone)
