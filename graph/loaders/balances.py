"""Balances that depend on the time: what an account's live grants still hold."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy import or_, select

from graph.context import Snapshot
from models.base import total
from models.ledger import Grant
from pricing.credits import Credits


def available_by_account(snapshot: Snapshot) -> Callable[[list[UUID]], Awaitable[list[Credits]]]:
    """Add up what is left of grants in effect; what has expired by now counts no more."""

    async def load(keys: list[UUID]) -> list[Credits]:
        now = snapshot.now()
        statement = (
            select(Grant.account_id, total(Grant.remaining))
            .where(
                Grant.account_id.in_(keys),
                Grant.effective_at <= now,
                or_(Grant.expires_at.is_(None), Grant.expires_at > now),
            )
            .group_by(Grant.account_id)
        )
        found = {account_id: Credits(micros) for account_id, micros in await snapshot.rows(statement)}
        return [found.get(key, Credits.ZERO) for key in keys]

    return load
