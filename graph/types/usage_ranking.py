"""Rankings: the dearest rows of a dimension, and all the others in one row."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from graph.context import Info
from graph.ids import written
from graph.inputs import bad_input
from graph.loaders.rows import OwnedId
from graph.loaders.usage import RankingKey, UsageKey
from graph.permissions import read_field
from graph.scalars import Long
from metering.analytics import Dimension
from models.identity import IdKind
from pricing.credits import Credits

if TYPE_CHECKING:
    from graph.types.agent import Agent
    from graph.types.api_key import ApiKey

MOST_ROWS = 100

TopRows = Annotated[int, strawberry.argument(description=f"How many rows, 1 to {MOST_ROWS}.")]


@strawberry.type(description="What credits went to: a service, a run's name, an agent, a key or a user.")
class RankingRow:
    """What credits went to."""

    name: str | None = strawberry.field(
        description=(
            "The service type and provider in one word, e.g. `phone_twilio`; the name of the runs; the id of "
            "the agent or key; the user. Null stands for runs that name no agent or user."
        )
    )
    usage_count: Long = strawberry.field(description="How many usages.")
    total_credits: Credits = strawberry.field(description="The credits charged.")
    agent_id: strawberry.Private[OwnedId | None]
    api_key_id: strawberry.Private[UUID | None]

    @read_field("The agent, where agents are ranked.")
    async def agent(self, info: Info) -> Annotated["Agent", strawberry.lazy("graph.types.agent")] | None:
        """Load the agent."""
        from graph.types.agent import Agent  # noqa: PLC0415 - the two types name each other

        row = self.agent_id and await info.context.loaders.agent_by_id.load(self.agent_id)
        return Agent.of(row) if row else None

    @read_field("The API key, where keys are ranked.")
    async def api_key(self, info: Info) -> Annotated["ApiKey", strawberry.lazy("graph.types.api_key")] | None:
        """Load the key."""
        from graph.types.api_key import ApiKey  # noqa: PLC0415 - the two types name each other

        row = self.api_key_id and await info.context.loaders.api_key_by_id.load(self.api_key_id)
        return ApiKey.of(row) if row else None


@strawberry.type(description="All rows that a ranking does not show, added up.")
class OtherRows:
    """All rows that a ranking does not show, added up."""

    row_count: Long = strawberry.field(description="How many rows they are.")
    usage_count: Long = strawberry.field(description="How many usages.")
    total_credits: Credits = strawberry.field(description="The credits charged.")


@strawberry.type(
    description="The dearest rows of one dimension and all the others in one; together they are the total."
)
class UsageRanking:
    """The dearest rows of one dimension and all the others in one."""

    rows: list[RankingRow] = strawberry.field(
        description="The dearest first; those that cost the same by their names."
    )
    other: OtherRows | None = strawberry.field(description="The rest; null where there is none.")
    total_credits: Credits = strawberry.field(description="The credits of all rows.")


async def ranking_of(info: Info, key: UsageKey, by: Dimension, first: int) -> UsageRanking:
    """Rank what credits went to; BAD_USER_INPUT for a number of rows that is not possible."""
    loaders = info.context.loaders
    ranked = await loaders.ranking_by_owner.load(RankingKey(key.scope, key.owner, by, rows_at_most(first)))
    [(usage_count, micros)] = await loaders.totals_by_owner.load(key) or [(0, 0)]
    rows = [_row(key.owner[0], by, columns, count, cost) for _, *columns, count, cost in ranked]
    total = Credits(micros)
    row_count = ranked[0][0] if ranked else 0
    other = OtherRows(
        row_count=Long(row_count - len(rows)),
        usage_count=Long(usage_count - sum(row.usage_count for row in rows)),
        total_credits=total - Credits.total(row.total_credits for row in rows),
    )
    return UsageRanking(rows=rows, other=other if other.row_count else None, total_credits=total)


def rows_at_most(first: int) -> int:
    """Read how many rows are asked for."""
    if not 1 <= first <= MOST_ROWS:
        raise bad_input("first", f"1 to {MOST_ROWS} is possible, not {first}.")
    return first


def _row(account_id: UUID, by: Dimension, columns: list[Any], count: int, micros: int) -> RankingRow:
    agent_id = columns[0] if by is Dimension.AGENT else None
    return RankingRow(
        name=_name(by, columns),
        usage_count=Long(count),
        total_credits=Credits(micros),
        agent_id=None if agent_id is None else (account_id, agent_id),
        api_key_id=columns[0] if by is Dimension.API_KEY else None,
    )


def _name(by: Dimension, columns: list[Any]) -> str | None:
    if by is Dimension.SERVICE:
        service_type, provider = columns
        return f"{service_type.value.lower()}_{provider}"
    [name] = columns
    kind = _KINDS.get(by)
    return name if kind is None or name is None else written(kind, name)


_KINDS = {Dimension.AGENT: IdKind.AGENT, Dimension.API_KEY: IdKind.API_KEY}
