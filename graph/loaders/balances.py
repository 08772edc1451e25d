"""Balances at a moment: what has expired by then counts as moved, whether or not it has been."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, case, literal, or_, select

from graph.context import AnySelect, Snapshot
from graph.loaders.dues import Dues
from models.account import Account
from models.base import BigInt, Instant, total
from models.ledger import WITH_SOMETHING_LEFT, Grant
from models.prepared import PreparedRead
from models.reading import any_of
from pricing.credits import Credits


@dataclass(frozen=True, slots=True)
class GrantSums:
    """What is left of grants: of all in effect, of the unrestricted ones among them, of expired ones."""

    live: Credits = Credits.ZERO
    shared: Credits = Credits.ZERO
    expired: Credits = Credits.ZERO


@dataclass(frozen=True, slots=True)
class Books:
    """An account's books at a moment. `spendable` is None where nothing limits it."""

    available: Credits
    held: Credits
    granted: Credits
    expired: Credits
    spendable: Credits | None


def grant_sums_by_account(snapshot: Snapshot) -> Callable[[list[UUID]], Awaitable[list[GrantSums]]]:
    """Add up what is left of grants, one statement for all accounts."""

    async def load(keys: list[UUID]) -> list[GrantSums]:
        found = {
            account_id: GrantSums(Credits(live), Credits(shared), Credits(expired))
            for account_id, live, shared, expired in await snapshot.prepared(
                _LEFT, accounts=keys, now=snapshot.now()
            )
        }
        return [found.get(key, GrantSums()) for key in keys]

    return load


def books_of(account: Account, grants: GrantSums, dues: Dues) -> Books:
    """Join an account's row with what is left of its grants and with what its expired holds give back."""
    live, shared, expired, taken_back = (Credits.ZERO,) * 4
    for each in dues.of_grants():
        if each.grant_voided_at is not None:
            taken_back += each.credits
        elif each.grant_expires_at is not None and each.grant_expires_at <= dues.now:
            expired += each.credits
        else:
            live += each.credits
            shared += each.credits if each.grant_is_shared else Credits.ZERO
    limit = account.overdraft_limit
    drawn = account.overdraft - dues.of_credit_line()
    return Books(
        available=grants.live + live,
        held=account.held - dues.of_holds(),
        granted=account.granted - taken_back,
        expired=account.expired + grants.expired + expired,
        spendable=None if limit is None else max(grants.shared + shared + limit - drawn, Credits.ZERO),
    )


def _left() -> AnySelect:
    now: BindParameter[datetime] = bindparam("now", type_=Instant())
    expired = and_(Grant.expires_at.is_not(None), Grant.expires_at <= now)
    live = and_(Grant.effective_at <= now, or_(Grant.expires_at.is_(None), Grant.expires_at > now))
    return (
        select(
            Grant.account_id,
            _total_where(live),
            _total_where(and_(live, Grant.restriction_kind.is_(None))),
            _total_where(expired),
        )
        .where(Grant.account_id.in_(any_of("accounts")), WITH_SOMETHING_LEFT)
        .group_by(Grant.account_id)
    )


def _total_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return total(case((condition, Grant.remaining), else_=literal(0, BigInt())))


_LEFT = PreparedRead(_left())
