"""What shadow policies would have done, a fixed number of statements for all that are asked about."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from graph.context import Snapshot
from graph.loaders.rows import OwnedId
from metering.analytics import Period
from metering.shadows import ShadowComparison, changed_choices, compared, compared_runs, nothing_compared


@dataclass(frozen=True, slots=True)
class ComparisonKey:
    """A policy (its account and its id) and the period in which runs were selected for."""

    policy: OwnedId
    period: Period


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
