"""The counters of budgets beside the usages and open holds that they count."""

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from sqlalchemy.orm import Session

from metering.auditing.comparison import MOST_DIFFERENCES
from metering.auditing.findings import Difference
from metering.budgets.recount import wrong_counters
from models.identity import IdKind, format_id


def miscounted(session: Session, only: UUID | None) -> Iterator[Difference]:
    """Recount every budget in force; each costs statements of its own, since each has its own windows."""
    for wrong in islice(wrong_counters(session, account_id=only), MOST_DIFFERENCES):
        key = wrong.key
        whose = key.subject or "the account"
        what = (
            f"{wrong.figure} of {format_id(IdKind.BUDGET, key.budget_id)} by {whose} "
            f"from {key.window_start.isoformat()}"
        )
        yield Difference(key.account_id, what, str(wrong.recorded), str(wrong.recomputed))
