"""What agents were, one statement for all versions that are asked for."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy import select

from graph.context import Snapshot
from models.agent import AgentVersion

VersionKey = tuple[UUID, UUID, int]
"""An account, an agent of it and the number of one of its versions."""


def agent_version_by_number(
    snapshot: Snapshot,
) -> Callable[[list[VersionKey]], Awaitable[list[AgentVersion | None]]]:
    """Load versions of agents."""

    async def load(keys: list[VersionKey]) -> list[AgentVersion | None]:
        statement = select(AgentVersion).where(
            AgentVersion.account_id.in_({account_id for account_id, _, _ in keys}),
            AgentVersion.agent_id.in_({agent_id for _, agent_id, _ in keys}),
            AgentVersion.version.in_({version for _, _, version in keys}),
        )
        found = {
            (row.account_id, row.agent_id, row.version): row for row in await snapshot.scalars(statement)
        }
        return [found.get(key) for key in keys]

    return load
