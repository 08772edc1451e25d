"""Release holds by hand, many at once: what is left goes back to where it came from, exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.credits.holding import holds_by_id, open_hold
from metering.errors import Refusal
from metering.idempotency import claim, fingerprint
from metering.ledger import open_postings
from metering.workflows import workflows_by_id
from models.hold import Hold, HoldStatus
from pricing.credits import Credits


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """A hold that is needed no more."""

    account_id: UUID
    hold_id: UUID
    idempotency_key: str

    @property
    def fingerprint(self) -> str:
        """The input as parsed."""
        return fingerprint("release_hold", self.hold_id)


@dataclass(frozen=True, slots=True)
class HoldRelease:
    """A released hold and the credits that went back."""

    hold: Hold
    released: Credits
    replayed: bool


def release_holds(
    session: Session, items: Sequence[ReleaseHold], *, now: datetime
) -> list[HoldRelease | Exception]:
    """Close open holds and give back what they still keep.

    Refusals: HoldNotFound, HoldClosed (released before under another key, expired, or the run has ended),
    IdempotencyConflict.
    """
    postings = open_postings(session, {item.account_id for item in items}, now=now)
    claims = claim(session, items, now=now)
    holds = holds_by_id(session, postings.accounts, {item.hold_id for item in items})
    runs = workflows_by_id(session, {(hold.account_id, hold.workflow_id) for hold in holds.values()})
    postings.load_all_holds(runs.values())
    answers: list[HoldRelease | Exception] = []
    for item in items:
        try:
            if claims.replayed(item) is not None:
                released = Credits(int(str(claims.remembered(item)["released"])))
                answers.append(HoldRelease(holds[item.hold_id], released, replayed=True))
                continue
            hold = open_hold(holds, account_id=item.account_id, hold_id=item.hold_id)
            released = postings.close(postings.holds.of_hold(hold), HoldStatus.RELEASED)
            claims.accept(item)
            claims.remember(item, {"released": released.micros})
            answers.append(HoldRelease(hold, released, replayed=False))
        except Refusal as refusal:
            answers.append(refusal)
    claims.settle()
    postings.write()
    return answers
