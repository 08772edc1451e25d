"""Grants: credits given to an account."""

from datetime import datetime
from typing import Self

import strawberry

from graph.ids import written
from graph.types.node import Node
from models.identity import IdKind
from models.ledger import Grant as GrantRow
from models.ledger import RestrictionKind
from pricing.credits import Credits


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

    @classmethod
    def of(cls, row: GrantRow) -> Self:
        """Show a grant."""
        restriction = None
        if row.restriction_kind is not None and row.restriction_name is not None:
            restriction = GrantRestriction(kind=row.restriction_kind, name=row.restriction_name)
        return cls(
            id=written(IdKind.GRANT, row.id),
            amount=row.amount,
            remaining=row.remaining,
            priority=row.priority,
            effective_at=row.effective_at,
            expires_at=row.expires_at,
            restricted_to=restriction,
            reason=row.reason,
            created_at=row.created_at,
        )
