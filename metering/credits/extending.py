"""Extend holds slice by slice, many at once; the answer says until when the credits last."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.credits.hold_making import add_to_hold, permit
from metering.credits.hold_plans import HoldPlan
from metering.credits.holding import holds_by_id, open_hold
from metering.errors import AmountTooLarge, Refusal
from metering.idempotency import claim, fingerprint
from metering.ledger import Postings, open_postings
from metering.prices import CardIds, PriceBook, price_book
from metering.workflows import workflows_by_id
from models.base import Json
from models.hold import Hold, HoldLine
from models.workflow import Workflow
from pricing.credits import Credits
from pricing.decimal_text import LIMIT_MICROS
from pricing.fitting import affordable_microseconds, metered_microseconds
from pricing.quote import PlannedService
from pricing.units import Quantity

FURTHEST = timedelta(days=35)
"""Credits that last longer than this are said to last this long."""


@dataclass(frozen=True, slots=True)
class ExtendHold:
    """More credits, more time, or both, for an open hold; it never expires earlier than it would have."""

    account_id: UUID
    hold_id: UUID
    idempotency_key: str
    plan: HoldPlan | None = None
    expires_in: timedelta | None = None

    @property
    def fingerprint(self) -> str:
        """The input as parsed."""
        return fingerprint(
            "extend_hold",
            self.hold_id,
            self.plan.content if self.plan else None,
            self.expires_in // timedelta(seconds=1) if self.expires_in else None,
        )


@dataclass(frozen=True, slots=True)
class HoldExtension:
    """An extended hold and what was added to it.

    `held_until` is when the time that the hold covers is over, counted from its making; `affordable_until`
    when the account could pay no more either. None where nothing of the hold is metered by time; the latter
    also where nothing limits it.
    """

    hold: Hold
    added: Credits
    held_until: datetime | None
    affordable_until: datetime | None
    replayed: bool


def extend_holds(
    session: Session, items: Sequence[ExtendHold], *, now: datetime
) -> list[HoldExtension | Exception]:
    """Add to open holds, priced by the rate card of their making.

    Refusals: HoldNotFound, HoldClosed, CreditsExhausted and BudgetExceeded (with what would still fit),
    RateUnknown, NoRateCardInForce, NothingToHold, AmountTooLarge, IdempotencyConflict.
    """
    postings = open_postings(session, {item.account_id for item in items}, now=now)
    claims = claim(session, items, now=now)
    prices = price_book(session)
    holds = holds_by_id(session, postings.accounts, {item.hold_id for item in items})
    runs = workflows_by_id(session, {(hold.account_id, hold.workflow_id) for hold in holds.values()})
    postings.load_all_holds(runs.values(), times=[(run, now) for run in runs.values()])
    lines = _lines(session, postings.accounts, holds)
    answers: list[HoldExtension | Exception] = []
    for item in items:
        try:
            replayed = claims.replayed(item)
            if replayed is not None:
                answers.append(_first_answer(holds[item.hold_id], claims.remembered(item)))
                continue
            hold = open_hold(holds, account_id=item.account_id, hold_id=item.hold_id)
            run = runs[hold.account_id, hold.workflow_id]
            extension = _extend(item, hold, run, lines=lines[hold.id], postings=postings, prices=prices)
            claims.accept(item)
            claims.remember(item, _answer(extension))
            answers.append(extension)
        except Refusal as refusal:
            answers.append(refusal)
    claims.settle()
    postings.write()
    return answers


def _lines(
    session: Session, account_ids: Iterable[UUID], hold_ids: Collection[UUID]
) -> dict[UUID, list[HoldLine]]:
    lines: dict[UUID, list[HoldLine]] = {hold_id: [] for hold_id in hold_ids}
    statement = select(HoldLine).where(HoldLine.account_id.in_(account_ids), HoldLine.hold_id.in_(hold_ids))
    for line in session.scalars(statement.order_by(HoldLine.line)) if hold_ids else ():
        lines[line.hold_id].append(line)
    return lines


def _extend(
    item: ExtendHold,
    hold: Hold,
    run: Workflow,
    *,
    lines: list[HoldLine],
    postings: Postings,
    prices: PriceBook,
) -> HoldExtension:
    added = Credits.ZERO
    if item.plan is not None:
        planned = permit(run, item.plan, postings, prices, pinned=_card_of(hold))
        if (hold.amount + planned.total).micros >= LIMIT_MICROS:
            raise AmountTooLarge("One hold cannot set aside so much over its time; make a new one.")
        parts = [share.part.part for share in postings.holds.of_hold(hold)]
        lines += add_to_hold(
            run, hold, planned, postings, first_line=len(lines), first_part=max(parts, default=-1) + 1
        )
        if hold.rate_card_id is None and planned.card is not None:
            hold.rate_card_id, hold.override_card_id = planned.card.card_id, planned.card.override_id
        added = planned.total
    if item.expires_in is not None:
        hold.expires_at = max(hold.expires_at, postings.now + item.expires_in)
        postings.note_expiry(postings.accounts[hold.account_id], hold.expires_at)
    held_until, affordable_until = _times(hold, run, lines, postings, prices)
    return HoldExtension(hold, added, held_until, affordable_until, replayed=False)


def _times(
    hold: Hold, run: Workflow, lines: list[HoldLine], postings: Postings, prices: PriceBook
) -> tuple[datetime | None, datetime | None]:
    services = [planned for line in lines if (planned := _planned(line)) is not None]
    metered = metered_microseconds(services)
    card = _card_of(hold)
    if not metered or card is None:
        return None, None
    held_until = _later(hold.created_at, min(metered.values()))
    limits = [
        postings.spendable(run, own_holds=False),
        postings.budgets.left(run, run_held=postings.holds.remaining_in(run)),
    ]
    known = [limit for limit in limits if limit is not None]
    if not known:
        return held_until, None
    further = affordable_microseconds(
        prices.by_ids(card), services, min(known), at_most=FURTHEST // timedelta(microseconds=1)
    )
    return held_until, _later(held_until, further)


def _card_of(hold: Hold) -> CardIds | None:
    return None if hold.rate_card_id is None else CardIds(hold.rate_card_id, hold.override_card_id)


def _later(start: datetime, microseconds: int) -> datetime:
    # Credits may be held for longer than there are dates.
    return start + timedelta(microseconds=min(microseconds, (_LATEST - start) // timedelta(microseconds=1)))


def _planned(line: HoldLine) -> PlannedService | None:
    if (
        line.service_type is None
        or line.provider is None
        or line.unit_type is None
        or line.micro_units is None
    ):
        return None
    return PlannedService(line.service_type, line.provider, Quantity(line.micro_units, line.unit_type))


def _answer(extension: HoldExtension) -> Json:
    return {
        "added": extension.added.micros,
        "held_until": extension.held_until and extension.held_until.isoformat(),
        "affordable_until": extension.affordable_until and extension.affordable_until.isoformat(),
    }


def _first_answer(hold: Hold, answer: Json) -> HoldExtension:
    return HoldExtension(
        hold,
        Credits(int(str(answer["added"]))),
        _moment(answer["held_until"]),
        _moment(answer["affordable_until"]),
        replayed=True,
    )


def _moment(text: object) -> datetime | None:
    return None if text is None else datetime.fromisoformat(str(text))


_LATEST = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
