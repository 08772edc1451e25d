"""Stored quotes: which a list has, the prices that they promise, and how those that were taken came out."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_

from graph.context import AnySelect, Snapshot
from graph.loaders.usage import Figures
from metering.prices import PriceBook, price_book
from metering.quotes import QuoteStatus
from metering.quotes.accuracy import QuotedRuns, by_workflow_name, charged_by_service, quoted_by_service
from models.quote import StoredQuote


@dataclass(frozen=True, slots=True)
class QuotesLike:
    """Quotes by workflow name, and by status as it is at a moment."""

    statuses: tuple[QuoteStatus, ...]
    workflow_name: str | None
    now: datetime

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        conditions = []
        if self.workflow_name is not None:
            conditions.append(StoredQuote.workflow_name == self.workflow_name)
        if self.statuses:
            conditions.append(or_(*(self._is(status) for status in self.statuses)))
        return conditions

    def _is(self, status: QuoteStatus) -> ColumnElement[bool]:
        match status:
            case QuoteStatus.TAKEN:
                return StoredQuote.hold_id.is_not(None)
            case QuoteStatus.EXPIRED:
                return and_(StoredQuote.hold_id.is_(None), StoredQuote.expires_at <= self.now)
            case QuoteStatus.OPEN:
                return and_(StoredQuote.hold_id.is_(None), StoredQuote.expires_at > self.now)


@dataclass(frozen=True, slots=True)
class AccuracyKey:
    """An account, and which of its runs count."""

    account_id: UUID
    runs: QuotedRuns


@dataclass(frozen=True, slots=True)
class AccuracyFigures:
    """The rows of the statements of metering.quotes.accuracy for one account, without its column."""

    by_workflow_name: Figures
    quoted_by_service: Figures
    charged_by_service: Figures


def prices(snapshot: Snapshot) -> Callable[[list[None]], Awaitable[list[PriceBook]]]:
    """Give the published prices: there is one book, whoever asks."""

    async def load(keys: list[None]) -> list[PriceBook]:
        return [await snapshot.ask(price_book)] * len(keys)

    return load


def accuracy_by_account(
    snapshot: Snapshot,
) -> Callable[[list[AccuracyKey]], Awaitable[list[AccuracyFigures]]]:
    """Load how quotes came out, three statements for all accounts that ask of the same runs."""

    async def load(keys: list[AccuracyKey]) -> list[AccuracyFigures]:
        accounts: dict[QuotedRuns, list[UUID]] = defaultdict(list)
        for key in keys:
            accounts[key.runs].append(key.account_id)
        found: dict[AccuracyKey, AccuracyFigures] = {}
        for runs, account_ids in accounts.items():
            names, quoted, charged = [
                await _by_account(snapshot, statement(runs, account_ids)) for statement in _STATEMENTS
            ]
            for each in account_ids:
                found[AccuracyKey(each, runs)] = AccuracyFigures(names[each], quoted[each], charged[each])
        return [found[key] for key in keys]

    return load


async def _by_account(snapshot: Snapshot, statement: AnySelect) -> Mapping[UUID, Figures]:
    found: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    for account_id, *figures in await snapshot.rows(statement):
        found[account_id].append(tuple(figures))
    return found


_STATEMENTS = (by_workflow_name, quoted_by_service, charged_by_service)
