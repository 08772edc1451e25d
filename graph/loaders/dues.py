"""What has expired by now and is still on the books as open: readers see it as given back already."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from graph.context import AnySelect, Snapshot
from models.base import total
from models.hold import Hold, HoldPart, HoldStatus
from models.ledger import Grant
from pricing.credits import Credits


@dataclass(frozen=True, slots=True)
class Returned:
    """Credits that go back to one place: a part of another hold, a grant, or the credit line."""

    credits: Credits
    lender: tuple[UUID, int] | None = None
    grant_id: UUID | None = None
    grant_is_shared: bool = False
    grant_expires_at: datetime | None = None
    grant_voided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dues:
    """What the expired holds of an account give back at a moment, and to whom.

    The next write of the account moves it, or a job does; until then every figure counts it as moved, so that
    no answer depends on which of them came when.
    """

    now: datetime
    returned: tuple[Returned, ...] = ()
    to_holds: Mapping[UUID, Credits] = field(init=False)
    to_parts: Mapping[tuple[UUID, int], Credits] = field(init=False)
    to_grants: Mapping[UUID, Credits] = field(init=False)

    def __post_init__(self) -> None:
        lent = [(each.lender, each.credits) for each in self.returned if each.lender is not None]
        given = [(each.grant_id, each.credits) for each in self.of_grants()]
        object.__setattr__(self, "to_holds", _added((lender[0], credits_) for lender, credits_ in lent))
        object.__setattr__(self, "to_parts", _added(lent))
        object.__setattr__(self, "to_grants", _added(given))

    def of_grants(self) -> list[Returned]:
        """Give what goes back to grants."""
        return [each for each in self.returned if each.lender is None and each.grant_id is not None]

    def of_credit_line(self) -> Credits:
        """Add up what goes back to the credit line."""
        return Credits.total(
            each.credits for each in self.returned if each.lender is None and each.grant_id is None
        )

    def of_holds(self) -> Credits:
        """Add up what leaves the holds; what goes back to a hold that lent it stays held."""
        return Credits.total(each.credits for each in self.returned if each.lender is None)


def dues_by_account(snapshot: Snapshot) -> Callable[[list[UUID]], Awaitable[list[Dues]]]:
    """Load what is due, for any number of accounts in one statement; mostly it is nothing."""

    async def load(keys: list[UUID]) -> list[Dues]:
        now = snapshot.now()
        found: dict[UUID, list[Returned]] = defaultdict(list)
        for account_id, returned in map(_read, await snapshot.rows(_statement(keys, now))):
            found[account_id].append(returned)
        return [Dues(now, tuple(found[key])) for key in keys]

    return load


def _statement(keys: list[UUID], now: datetime) -> AnySelect:
    of_hold = and_(HoldPart.account_id == Hold.account_id, HoldPart.hold_id == Hold.id)
    # A hold that lent gets back what is left only while it is open itself, as the writing side has it.
    still_lending = and_(
        _LENDER.account_id == HoldPart.account_id,
        _LENDER.id == HoldPart.lender_hold_id,
        _LENDER.status == HoldStatus.OPEN,
        _LENDER.expires_at > now,
    )
    of_grant = and_(Grant.account_id == HoldPart.account_id, Grant.id == HoldPart.grant_id)
    to_whom = (
        Hold.account_id,
        _LENDER.id,
        HoldPart.lender_part,
        HoldPart.grant_id,
        Grant.restriction_kind,
        Grant.expires_at,
        Grant.voided_at,
    )
    return (
        select(*to_whom, total(HoldPart.remaining))
        .select_from(Hold)
        .join(HoldPart, of_hold)
        .outerjoin(_LENDER, still_lending)
        .outerjoin(Grant, of_grant)
        .where(
            Hold.account_id.in_(keys),
            Hold.status == HoldStatus.OPEN,
            Hold.expires_at <= now,
            HoldPart.remaining > Credits.ZERO,
        )
        .group_by(*to_whom)
    )


def _read(row: Any) -> tuple[UUID, Returned]:  # noqa: ANN401 - a row of the statement above
    account_id, lender_id, lender_part, grant_id, restriction, expires_at, voided_at, micros = row
    return account_id, Returned(
        credits=Credits(micros),
        lender=None if lender_id is None else (lender_id, lender_part),
        grant_id=grant_id,
        grant_is_shared=restriction is None,
        grant_expires_at=expires_at,
        grant_voided_at=voided_at,
    )


def _added(amounts: Iterable[tuple[Any, Credits]]) -> dict[Any, Credits]:
    added: dict[Any, Credits] = defaultdict(lambda: Credits.ZERO)
    for key, credits_ in amounts:
        added[key] += credits_
    return dict(added)


_LENDER = aliased(Hold)
