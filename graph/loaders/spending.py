"""What an account spent lately, by the moment of recording."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from graph.context import Snapshot
from graph.loaders.additions import earlier, end_of_books
from models.base import total
from models.service_usage import ServiceUsage
from pricing.credits import Credits


async def spent_since(
    snapshot: Snapshot, account_id: UUID, since: datetime
) -> Sequence[tuple[datetime, Credits]]:
    """Add up what usages recorded after a moment cost: a sum for each time of recording, oldest first."""
    _, newest = await end_of_books(snapshot, account_id)
    milliseconds = (snapshot.now() - since) // timedelta(milliseconds=1)
    statement = (
        select(ServiceUsage.recorded_at, total(ServiceUsage.credits))
        .where(
            ServiceUsage.account_id == account_id,
            # Ids are in the order of time, so that this reads no more than the end of the primary key.
            ServiceUsage.id > earlier(newest, milliseconds),
            ServiceUsage.recorded_at > since,
            ServiceUsage.voided_at.is_(None),
        )
        .group_by(ServiceUsage.recorded_at)
        .order_by(ServiceUsage.recorded_at)
    )
    return [(recorded_at, Credits(micros)) for recorded_at, micros in await snapshot.rows(statement)]
