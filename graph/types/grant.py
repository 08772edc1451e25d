"""Grants: credits given to an account."""

from datetime import datetime
from enum import StrEnum
from typing import Self

import strawberry

from graph.context import Info
from graph.ids import written
from graph.loaders.dues import Dues
from graph.types.enums import described
from graph.types.node import Node
from models.identity import IdKind
from models.ledger import Grant as GrantRow
from models.ledger import RestrictionKind
from pricing.credits import Credits


@described(
    "Where a grant is.",
    SCHEDULED="It is not in effect yet.",
    LIVE="It is in effect.",
    EXPIRED="Its time is over: what was left of it is gone.",
    VOIDED="It was taken back.",
)
class GrantStatus(StrEnum):
    """Where a grant is."""

    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    EXPIRED = "EXPIRED"
    VOIDED = "VOIDED"


@strawberry.type(description="What a grant serves only.")
class GrantRestriction:
    """What a grant serves only."""

    kind: RestrictionKind = strawberry.field(description="An adapter or a workflow name.")
    name: str = strawberry.field(description="Which one.")


@strawberry.type(description="Credits given to an account, burnt in a known order.")
class Grant(Node):
    """Credits given to an account."""

    amount: Credits = strawberry.field(description="How many credits were given.")
    remaining: Credits = strawberry.field(description="How many are left.")
    priority: int = strawberry.field(description="Lower numbers are burnt first.")
    effective_at: datetime = strawberry.field(description="From when it may be used.")
    expires_at: datetime | None = strawberry.field(description="Until when it may be used; null is for ever.")
    restricted_to: GrantRestriction | None = strawberry.field(
        description="What it serves only; null serves all."
    )
    reason: str | None = strawberry.field(description="Why it was given.")
    created_at: datetime = strawberry.field(description="When it was given.")
    status: GrantStatus = strawberry.field(description="Where it is at this moment.")
    voided_at: datetime | None = strawberry.field(description="When it was voided.")
    void_reason: str | None = strawberry.field(description="Why it was voided.")
    voided_credits: Credits | None = strawberry.field(
        description="What was taken back: what was left of it, and what holds gave back to it since."
    )

    @classmethod
    def of(cls, row: GrantRow, dues: Dues) -> Self:
        """Show a grant as it is at a moment, with what expired holds give back to it."""
        status = _status(row, dues.now)
        returned = dues.to_grants.get(row.id, Credits.ZERO)
        restriction = None
        if row.restriction_kind is not None and row.restriction_name is not None:
            restriction = GrantRestriction(kind=row.restriction_kind, name=row.restriction_name)
        return cls(
            id=written(IdKind.GRANT, row.id),
            amount=row.amount,
            remaining=Credits.ZERO if status in _ENDED else row.remaining + returned,
            priority=row.priority,
            effective_at=row.effective_at,
            expires_at=row.expires_at,
            restricted_to=restriction,
            reason=row.reason,
            created_at=row.created_at,
            status=status,
            voided_at=row.voided_at,
            void_reason=row.void_reason,
            voided_credits=None if row.voided is None else row.voided + returned,
        )


async def grant_of(info: Info, row: GrantRow) -> Grant:
    """Show a grant by what is due in its account."""
    return Grant.of(row, await info.context.loaders.dues_by_account.load(row.account_id))


def _status(row: GrantRow, now: datetime) -> GrantStatus:
    if row.voided_at is not None:
        return GrantStatus.VOIDED
    if row.expires_at is not None and row.expires_at <= now:
        return GrantStatus.EXPIRED
    return GrantStatus.SCHEDULED if row.effective_at > now else GrantStatus.LIVE


_ENDED = (GrantStatus.EXPIRED, GrantStatus.VOIDED)
