"""The journal: an account's transfers, numbered and chained in the order in which they are posted."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.account import Account
from models.base import table_of
from models.identity import new_id
from models.ledger import Book, LedgerTransfer
from models.ledger_chain import chained
from pricing.credits import Credits


@dataclass(slots=True)
class Journal:
    """The transfers of one batch. The accounts are locked, so that nobody else numbers theirs."""

    session: Session
    now: datetime
    _rows: list[dict[str, object]] = field(default_factory=list)

    def post(
        self,
        account: Account,
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
        transfer_id = new_id()
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
            {
                "account_id": account.id,
                "id": transfer_id,
                "sequence": account.transfer_count,
                "debit_book": debit,
                "credit_book": credit,
                "amount": amount,
                "grant_id": grant_id,
                "debit_hold_id": debit_hold_id,
                "credit_hold_id": credit_hold_id,
                "service_usage_id": usage_id,
                "posted_at": self.now,
                "hash": account.chain_hash,
            }
        )

    def write(self) -> None:
        """Write all transfers in one statement; what they refer to is written before."""
        if self._rows:
            self.session.execute(_INSERT, self._rows)
            self._rows = []


_INSERT = insert(table_of(LedgerTransfer))
