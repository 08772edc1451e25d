"""What has expired by now and is still on the books as open: readers see it as given back already."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import aliased

from graph.context import AnySelect, Snapshot
from models.hold import Hold, HoldPart, HoldStatus
from models.ledger import Grant
from models.prepared import PreparedRead
from models.reading import any_of
from pricing.credits import Credits

PartKey = tuple[UUID, int]
"""A hold and the number of one of its parts."""


@dataclass(frozen=True, slots=True)
class Returned:
    """Credits that go back to a grant, or to the credit line where there is none."""

    credits: Credits
    grant_id: UUID | None
    grant_is_shared: bool
    grant_expires_at: datetime | None
    grant_voided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dues:
    """What the expired holds of an account give back at a moment, and to whom.

    The next write of the account moves it, or a job does; until then every figure counts it as moved, so that
    no answer depends on which of them came when. `to_parts` is what goes back to parts of other holds, of
    which some may be due themselves and pass it on.
    """

    now: datetime
    returned: tuple[Returned, ...] = ()
    to_parts: Mapping[PartKey, Credits] = field(default_factory=dict)
    to_holds: Mapping[UUID, Credits] = field(init=False)
    to_grants: Mapping[UUID, Credits] = field(init=False)

    def __post_init__(self) -> None:
        given = [(each.grant_id, each.credits) for each in self.returned if each.grant_id is not None]
        to_holds = _added((hold_id, credits_) for (hold_id, _), credits_ in self.to_parts.items())
        object.__setattr__(self, "to_holds", to_holds)
        object.__setattr__(self, "to_grants", _added(given))

    def of_grants(self) -> list[Returned]:
        """Give what goes back to grants."""
        return [each for each in self.returned if each.grant_id is not None]

    def of_credit_line(self) -> Credits:
        """Add up what goes back to the credit line."""
        return Credits.total(each.credits for each in self.returned if each.grant_id is None)

    def of_holds(self) -> Credits:
        """Add up what leaves the holds; what goes back to a hold that is open stays held."""
        return Credits.total(each.credits for each in self.returned)


def dues_by_account(snapshot: Snapshot) -> Callable[[list[UUID]], Awaitable[list[Dues]]]:
    """Load what is due, for any number of accounts in one statement; mostly it is nothing."""

    async def load(keys: list[UUID]) -> list[Dues]:
        now = snapshot.now()
        found: dict[UUID, list[_Part]] = defaultdict(list)
        for account_id, *part in await snapshot.prepared(_DUE, accounts=keys, now=now):
            found[account_id].append(_Part(*part))
        return [_dues(now, found[key]) for key in keys]

    return load


@dataclass(frozen=True, slots=True)
class _Part:
    hold_id: UUID
    number: int
    remaining: Credits
    expires_at: datetime
    lender_hold_id: UUID | None
    lender_part: int | None
    lender_expires_at: datetime | None
    grant_id: UUID | None
    grant_restriction: str | None
    grant_expires_at: datetime | None
    grant_voided_at: datetime | None

    @property
    def lender(self) -> PartKey | None:
        """The part that gets back what is left: its hold is open and outlived this one."""
        if self.lender_hold_id is None or self.lender_part is None or self.lender_expires_at is None:
            return None
        return (self.lender_hold_id, self.lender_part) if self.lender_expires_at > self.expires_at else None


def _dues(now: datetime, parts: Sequence[_Part]) -> Dues:
    to_parts: dict[PartKey, Credits] = defaultdict(lambda: Credits.ZERO)
    returned: list[Returned] = []
    # What expired first went back first: a lender that is due itself passes on what it got.
    for part in sorted(parts, key=lambda each: each.expires_at):
        left = part.remaining + to_parts.get((part.hold_id, part.number), Credits.ZERO)
        if left and part.lender is not None:
            to_parts[part.lender] += left
        elif left:
            returned.append(
                Returned(
                    left,
                    part.grant_id,
                    part.grant_restriction is None,
                    part.grant_expires_at,
                    part.grant_voided_at,
                )
            )
    return Dues(now, tuple(returned), dict(to_parts))


def _added(amounts: Iterable[tuple[UUID, Credits]]) -> dict[UUID, Credits]:
    added: dict[UUID, Credits] = defaultdict(lambda: Credits.ZERO)
    for key, credits_ in amounts:
        added[key] += credits_
    return dict(added)


def _due() -> AnySelect:
    of_hold = and_(HoldPart.account_id == Hold.account_id, HoldPart.hold_id == Hold.id)
    of_lender = and_(
        _LENDER.account_id == HoldPart.account_id,
        _LENDER.id == HoldPart.lender_hold_id,
        _LENDER.status == HoldStatus.OPEN,
    )
    of_grant = and_(Grant.account_id == HoldPart.account_id, Grant.id == HoldPart.grant_id)
    return (
        select(
            Hold.account_id,
            Hold.id,
            HoldPart.part,
            HoldPart.remaining,
            Hold.expires_at,
            _LENDER.id,
            HoldPart.lender_part,
            _LENDER.expires_at,
            HoldPart.grant_id,
            Grant.restriction_kind,
            Grant.expires_at,
            Grant.voided_at,
        )
        .select_from(Hold)
        .join(HoldPart, of_hold)
        .outerjoin(_LENDER, of_lender)
        .outerjoin(Grant, of_grant)
        .where(
            Hold.account_id.in_(any_of("accounts")),
            Hold.status == HoldStatus.OPEN,
            Hold.expires_at <= bindparam("now"),
        )
    )


_LENDER = aliased(Hold)
_DUE = PreparedRead(_due())
