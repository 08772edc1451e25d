"""Shadow policies and what they would have done, a fixed number of statements for all agents."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, select

from graph.context import Snapshot
from graph.loaders.rows import OwnedId
from metering.analytics import Period
from metering.shadows import ShadowComparison, changed_choices, compared, compared_runs, nothing_compared
from models.selection import ShadowPolicy


@dataclass(frozen=True, slots=True)
class ComparisonKey:
    """A policy (its account and its id) and the period in which runs were selected for."""

    policy: OwnedId
    period: Period


def newest_shadow_policy_by_agent(
    snapshot: Snapshot,
) -> Callable[[list[OwnedId]], Awaitable[list[ShadowPolicy | None]]]:
    """Load the policy of each agent that was set last; it is the one in force, where one is."""

    async def load(keys: list[OwnedId]) -> list[ShadowPolicy | None]:
        place = func.row_number().over(
            partition_by=ShadowPolicy.agent_id, order_by=(ShadowPolicy.set_at.desc(), ShadowPolicy.id.desc())
        )
        ranked = (
            select(ShadowPolicy.account_id, ShadowPolicy.id, place.label("place"))
            .where(
                ShadowPolicy.account_id.in_({account_id for account_id, _ in keys}),
                ShadowPolicy.agent_id.in_({agent_id for _, agent_id in keys}),
            )
            .subquery()
        )
        of_rank = and_(ranked.c.account_id == ShadowPolicy.account_id, ranked.c.id == ShadowPolicy.id)
        statement = select(ShadowPolicy).join(ranked, of_rank).where(ranked.c.place == 1)
        found = {(row.account_id, row.agent_id): row for row in await snapshot.scalars(statement)}
        return [found.get(key) for key in keys]

    return load


def comparison_by_policy(
    snapshot: Snapshot,
) -> Callable[[list[ComparisonKey]], Awaitable[list[ShadowComparison]]]:
    """Load comparisons: two statements for all policies that ask for one period."""

    async def load(keys: list[ComparisonKey]) -> list[ShadowComparison]:
        policies: dict[Period, list[OwnedId]] = defaultdict(list)
        for key in keys:
            policies[key.period].append(key.policy)
        found: dict[tuple[Period, UUID], ShadowComparison] = {}
        for period, group in policies.items():
            runs = await snapshot.rows(compared_runs(group, period))
            changes = await snapshot.rows(changed_choices(group, period))
            found |= {(period, policy_id): it for policy_id, it in compared(runs, changes).items()}
        return [found.get((key.period, key.policy[1])) or nothing_compared() for key in keys]

    return load
