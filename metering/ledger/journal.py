"""The journal: an account's transfers, numbered and chained in the order in which they are posted."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from metering.ledger.open_accounts import OpenAccount
from models.base import table_of
from models.identity import new_ids
from models.ledger import Book, LedgerTransfer
from models.ledger_chain import chained
from models.prepared import PreparedWrite
from pricing.credits import Credits


@dataclass(slots=True)
class Journal:
    """The transfers of one batch. The accounts are locked, so that nobody else numbers theirs."""

    session: Session
    now: datetime
    _rows: list[tuple[object, ...]] = field(default_factory=list)
    _ids: list[UUID] = field(default_factory=list)

    def post(
        self,
        account: OpenAccount,
        debit: Book,
        credit: Book,
        amount: Credits,
        *,
        grant_id: UUID | None = None,
        debit_hold_id: UUID | None = None,
        credit_hold_id: UUID | None = None,
        usage_id: UUID | None = None,
    ) -> None:
        """Move credits from one book of the account to another."""
        transfer_id = self._next_id()
        account.transfer_count += 1
        account.chain_hash = chained(
            account.chain_hash,
            account_id=account.id,
            sequence=account.transfer_count,
            transfer_id=transfer_id,
            debit_book=debit,
            credit_book=credit,
            amount_micros=amount.micros,
            grant_id=grant_id,
            debit_hold_id=debit_hold_id,
            credit_hold_id=credit_hold_id,
            service_usage_id=usage_id,
            posted_at=self.now,
        )
        self._rows.append(
            (
                account.id,
                transfer_id,
                account.transfer_count,
                debit,
                credit,
                amount,
                grant_id,
                debit_hold_id,
                credit_hold_id,
                usage_id,
                self.now,
                account.chain_hash,
            )
        )

    def write(self) -> None:
        """Write all transfers in one statement; what they refer to is written before."""
        _INSERT.write(self.session, self._rows)
        self._rows = []

    def _next_id(self) -> UUID:
        if not self._ids:
            # Where many transfers were posted, many more follow: ids cost less together.
            self._ids = new_ids(len(self._rows) + 1)[::-1]
        return self._ids.pop()


_NAMES = (
    "account_id",
    "id",
    "sequence",
    "debit_book",
    "credit_book",
    "amount",
    "grant_id",
    "debit_hold_id",
    "credit_hold_id",
    "service_usage_id",
    "posted_at",
    "hash",
)
_INSERT = PreparedWrite(insert(table_of(LedgerTransfer)), _NAMES)
