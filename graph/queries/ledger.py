"""The ledger, asked to prove that it is right."""

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry

from graph.context import Info
from graph.permissions import named_account
from graph.types.ledger_audit import LedgerAudit, LedgerBalance
from metering.auditing import audit, past_balance


async def ledger_audit(
    info: Info,
    account_id: Annotated[
        strawberry.ID | None,
        strawberry.argument(
            description=(
                "Which account; null is the calling key's own, or all for an operator's key. Any other "
                "account needs the scope `OPERATE`."
            )
        ),
    ] = None,
    as_of: Annotated[
        datetime | None, strawberry.argument(description="The moment of the balance; null is now.")
    ] = None,
) -> LedgerAudit | None:
    """Audit within the operation's snapshot."""
    only = _account(info, account_id)
    if only is not None and await info.context.loaders.account_by_id.load(only) is None:
        return None
    now = info.context.now()
    found = await info.context.snapshot.ask(partial(audit, account_id=only))
    return LedgerAudit.of(found, await _balance(info, only, as_of or now), now)


def _account(info: Info, account_id: strawberry.ID | None) -> UUID | None:
    if account_id is None:
        of_none = info.context.api_key.account_id is None
        return None if of_none and info.context.is_operator else info.context.account_id
    return named_account(info, account_id)


async def _balance(info: Info, account_id: UUID | None, as_of: datetime) -> LedgerBalance | None:
    if account_id is None:
        return None
    question = partial(past_balance, account_id=account_id, as_of=as_of)
    return LedgerBalance.of(await info.context.snapshot.ask(question), as_of)
