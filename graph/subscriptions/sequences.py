"""Where a stream goes on: after a sequence that an earlier event carried."""

from typing import Annotated

import strawberry

from graph.inputs import bad_input
from graph.scalars import Long

MOST_BEHIND = 100_000

After = Annotated[
    Long | None,
    strawberry.argument(description="Go on after the event that carried this sequence; null begins now."),
]


def read_after(after: Long | None, end: int) -> int | None:
    """Read where to go on; BAD_USER_INPUT where the ledger has not come to it, or has gone far beyond."""
    if after is None:
        return None
    if not 0 <= after <= end:
        raise bad_input("after", f"the account's ledger goes from 0 to {end} now.")
    if end - after > MOST_BEHIND:
        raise bad_input("after", f"this lies more than {MOST_BEHIND:,} transfers back; ask `servicesUsed`.")
    return after
