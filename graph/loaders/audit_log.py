"""What the audit log can be narrowed to, as conditions over columns."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ColumnElement

from metering.analytics import Period
from models.actor import ActorKind
from models.audit_entry import AuditAct, AuditEntry


@dataclass(frozen=True, slots=True)
class AuditEntriesLike:
    """Entries by act, subject, acting key, account, and when it was done."""

    acts: tuple[AuditAct, ...] = ()
    subject: str | None = None
    account_id: UUID | None = None
    api_key_id: UUID | None = None
    with_operators: bool = False
    occurred: Period = field(default_factory=Period)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        conditions = self.occurred.contains(AuditEntry.occurred_at)
        if self.acts:
            conditions.append(AuditEntry.act.in_(self.acts))
        if self.subject is not None:
            conditions.append(AuditEntry.subject == self.subject)
        if self.account_id is not None:
            conditions.append(AuditEntry.account_id == self.account_id)
        if self.api_key_id is not None:
            conditions.append(AuditEntry.api_key_id == self.api_key_id)
            if not self.with_operators:
                # Whose key an operator's is, an account does not see, nor can it find out by narrowing.
                conditions.append(AuditEntry.actor != ActorKind.OPERATOR)
        return conditions
