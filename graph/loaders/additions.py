"""Usages in the order in which they came onto an account's books, from a place on."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, literal_column, select
from sqlalchemy.orm import aliased

from graph.context import AnySelect, Snapshot
from models.account import Account
from models.base import Id
from models.ledger import Book, LedgerTransfer
from models.prepared import PreparedRead
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.credits import Credits

MOST_AT_ONCE = 200
MOST_KNOWN = 10_000
CLOCKS_APART_MILLISECONDS = 1_000
"""How far the clocks of processes that serve one store may be apart, which ids are made by."""
_START = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Place:
    """A place on an account's books.

    Every usage that cost something is known whose first transfer is at most `sequence`. What costs nothing
    leaves no transfer and goes by its id: `newest` is the newest that is known, and `free` are those that
    are known and not much older, since another process's clock may be a little behind.
    """

    sequence: int
    newest: UUID
    free: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class UsagesOf:
    """Which usages: those of a run, those of an agent's runs, or all of the account."""

    account_id: UUID
    workflow_id: UUID | None = None
    agent_id: UUID | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give the conditions on `ServiceUsage`."""
        found = [ServiceUsage.account_id == self.account_id]
        if self.workflow_id is not None:
            found.append(ServiceUsage.workflow_id == self.workflow_id)
        if self.agent_id is not None:
            run = and_(
                Workflow.account_id == ServiceUsage.account_id, Workflow.id == ServiceUsage.workflow_id
            )
            found.append(exists().where(run, Workflow.agent_id == self.agent_id))
        return found


@dataclass(frozen=True, slots=True)
class Addition:
    """A usage that came onto the books; what comes after `sequence` comes after it."""

    usage: ServiceUsage
    sequence: int


@dataclass(frozen=True, slots=True)
class Additions:
    """The next usages after a place, and the place after them; `more` may follow at once."""

    additions: Sequence[Addition]
    place: Place
    more: bool


async def place_now(snapshot: Snapshot, usages: UsagesOf) -> Place:
    """Give the end of the books."""
    sequence, newest = await end_of_books(snapshot, usages.account_id)
    free = await _free(snapshot, usages, Place(sequence, newest), newest, MOST_KNOWN)
    return Place(sequence, newest, frozenset(usage.id for usage in free))


async def place_after(snapshot: Snapshot, account_id: UUID, sequence: int) -> Place:
    """Give the place after a transfer; a usage that cost nothing may be of either side of it."""
    statement = select(LedgerTransfer.id).where(
        LedgerTransfer.account_id == account_id, LedgerTransfer.sequence == sequence
    )
    found = await snapshot.scalars(statement)
    return Place(sequence, found[0] if found else _START)


async def end_of_books(snapshot: Snapshot, account_id: UUID) -> tuple[int, UUID]:
    """Give the sequence of the last transfer, and the id of the newest usage."""
    [(sequence, usage_id)] = await snapshot.prepared(_END, account=account_id)
    return sequence, usage_id or _START


async def additions_after(snapshot: Snapshot, usages: UsagesOf, place: Place) -> Additions:
    """Give the usages that came after a place, oldest first, at most some hundreds."""
    end, newest = await end_of_books(snapshot, usages.account_id)
    if (end, newest) == (place.sequence, place.newest):
        return Additions((), place, more=False)
    charged = await _charged(snapshot, usages, place.sequence, end)
    more = len(charged) == MOST_AT_ONCE
    if more:
        end, newest = charged[-1].sequence, max(place.newest, charged[-1].usage.id)
    most = MOST_AT_ONCE + len(place.free)
    free = await _free(snapshot, usages, place, newest, most)
    if len(free) == most:
        more, newest = True, free[-1].id
    new = [usage for usage in free if usage.id not in place.free]
    known = place.free.union(usage.id for usage in new)
    recent = frozenset(each for each in known if each > _a_little_before(newest))
    return Additions(_merged(charged, new, place.sequence), Place(end, newest, recent), more)


def earlier(usage_id: UUID, milliseconds: int) -> UUID:
    """Give the least id that could have been made so much earlier: its first 48 bits count milliseconds."""
    return UUID(int=max((usage_id.int >> 80) - milliseconds, 0) << 80)


async def _charged(snapshot: Snapshot, usages: UsagesOf, after: int, end: int) -> list[Addition]:
    if end == after:
        return []
    earlier = aliased(LedgerTransfer)
    # Several grants and holds may have paid for one usage: the first of its transfers tells of it.
    paid_before = exists().where(
        earlier.account_id == LedgerTransfer.account_id,
        earlier.service_usage_id == LedgerTransfer.service_usage_id,
        earlier.credit_book == Book.SPENT,
        earlier.sequence < LedgerTransfer.sequence,
    )
    statement = (
        select(ServiceUsage, LedgerTransfer.sequence)
        .join(
            LedgerTransfer,
            and_(
                LedgerTransfer.account_id == ServiceUsage.account_id,
                LedgerTransfer.service_usage_id == ServiceUsage.id,
            ),
        )
        .where(
            LedgerTransfer.account_id == usages.account_id,
            LedgerTransfer.sequence > after,
            LedgerTransfer.sequence <= end,
            LedgerTransfer.credit_book == Book.SPENT,
            ~paid_before,
            *usages.conditions(),
        )
        .order_by(LedgerTransfer.sequence)
        .limit(MOST_AT_ONCE)
    )
    return [Addition(usage, sequence) for usage, sequence in await snapshot.rows(statement)]


async def _free(
    snapshot: Snapshot, usages: UsagesOf, place: Place, newest: UUID, most: int
) -> Sequence[ServiceUsage]:
    statement = (
        select(ServiceUsage)
        .where(
            *usages.conditions(),
            ServiceUsage.id > _a_little_before(place.newest),
            ServiceUsage.id <= newest,
            ServiceUsage.credits == Credits.ZERO,
        )
        .order_by(ServiceUsage.id)
        .limit(most)
    )
    return await snapshot.scalars(statement)


def _merged(charged: Sequence[Addition], free: Sequence[ServiceUsage], after: int) -> list[Addition]:
    """Put those that cost nothing between the others by the order of their ids."""
    merged: list[Addition] = []
    waiting = list(reversed(free))
    for addition in charged:
        while waiting and waiting[-1].id < addition.usage.id:
            merged.append(Addition(waiting.pop(), after))
        merged.append(addition)
        after = addition.sequence
    return [*merged, *(Addition(usage, after) for usage in reversed(waiting))]


def _a_little_before(usage_id: UUID) -> UUID:
    return earlier(usage_id, CLOCKS_APART_MILLISECONDS)


def _end() -> AnySelect:
    account: BindParameter[UUID] = bindparam("account", type_=Id())
    newest = (
        select(ServiceUsage.id)
        .where(ServiceUsage.account_id == account)
        .order_by(ServiceUsage.id.desc())
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    return select(Account.transfer_count, newest).where(Account.id == account)


_END = PreparedRead(_end())
