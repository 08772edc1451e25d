"""Marks: what shows cheaply that a watched account or run has moved, whoever moved it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, select, tuple_
from sqlalchemy.orm import Session

from models.account import Account
from models.feed import Watch
from models.service_usage import ServiceUsage
from models.workflow import Workflow

Mark = Row[*tuple[Any, ...]]
Key = TypeVar("Key")
_OwnedId = tuple[UUID, UUID]


@dataclass(slots=True)
class Marks:
    """The marks of what is watched, as they were last seen."""

    _accounts: dict[UUID, Mark] = field(default_factory=dict)
    _runs: dict[_OwnedId, Mark] = field(default_factory=dict)

    def look(self, session: Session, watches: Sequence[Watch]) -> list[Watch]:
        """Give the watches whose account or run moved since the last look, and those that are new.

        What has moved between a new one's own first look and this would not show again.
        """
        accounts = _accounts(session, {watch.account_id for watch in watches})
        runs = _runs(session, {key for watch in watches if (key := _run_of(watch)) is not None})
        moved_accounts = _differing(self._accounts, accounts)
        moved_runs = _differing(self._runs, runs)
        self._accounts, self._runs = accounts, runs
        return [
            watch for watch in watches if watch.account_id in moved_accounts or _run_of(watch) in moved_runs
        ]

    def lack(self, watches: Iterable[Watch]) -> bool:
        """Tell whether there are watches of which nothing has been seen yet."""
        return any(
            watch.account_id not in self._accounts
            or (watch.workflow_id is not None and _run_of(watch) not in self._runs)
            for watch in watches
        )


def _differing(before: Mapping[Key, Mark], now: Mapping[Key, Mark]) -> set[Key]:
    return {key for key, mark in now.items() if before.get(key) != mark}


def _accounts(session: Session, account_ids: Collection[UUID]) -> dict[UUID, Mark]:
    # A usage that costs nothing moves no credits, and shows by its id alone.
    newest = (
        select(ServiceUsage.id)
        .where(ServiceUsage.account_id == Account.id)
        .order_by(ServiceUsage.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = select(Account.id, Account.transfer_count, newest).where(Account.id.in_(account_ids))
    return {row[0]: row for row in session.execute(statement)}


def _runs(session: Session, keys: Collection[_OwnedId]) -> dict[_OwnedId, Mark]:
    if not keys:
        return {}
    statement = select(
        Workflow.account_id, Workflow.id, Workflow.status, Workflow.usage_count, Workflow.total_credits
    ).where(tuple_(Workflow.account_id, Workflow.id).in_(keys))
    return {(row[0], row[1]): row for row in session.execute(statement)}


def _run_of(watch: Watch) -> _OwnedId | None:
    return None if watch.workflow_id is None else (watch.account_id, watch.workflow_id)
