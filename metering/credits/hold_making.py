"""How a hold is made: its plan is priced, covered and admitted, and only then are credits moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from metering.allocation import HoldShare, Payment, Service
from metering.credits.hold_plans import HoldPlan
from metering.errors import NothingToHold
from metering.ledger import Postings
from metering.prices import CardIds, PriceBook
from models.hold import Hold, HoldLine, HoldPart, HoldStatus
from models.ledger import Grant
from models.rows import new_row
from models.workflow import Workflow
from pricing.credits import Credits
from pricing.fitting import fitting
from pricing.quote import PlannedService
from pricing.rate_card import RateCard


@dataclass(frozen=True, slots=True)
class _Line:
    planned: PlannedService | None
    rate_id: UUID | None
    credits: Credits
    payments: tuple[Payment, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedHold:
    """A plan that is permitted: its lines and who pays for each; `card` says which card priced it."""

    card: CardIds | None
    lines: tuple[_Line, ...]

    @property
    def total(self) -> Credits:
        """How much it sets aside."""
        return Credits.total(line.credits for line in self.lines)


def permit(
    run: Workflow, plan: HoldPlan, postings: Postings, prices: PriceBook, *, pinned: CardIds | None = None
) -> PlannedHold:
    """Price a plan and find its payers, moving nothing yet.

    It is priced by the card that is pinned, else by the one in force. Raises RateUnknown, NoRateCardInForce,
    AmountTooLarge, NothingToHold, CreditsExhausted, BudgetExceeded.
    """
    if plan.amount is not None:
        lines, fit = [_Line(None, None, plan.amount)], None
    else:
        card = prices.by_ids(pinned) if pinned else prices.in_force(postings.now, account_id=run.account_id)
        pinned = prices.ids_of(card)
        lines, fit = _priced(card, plan.services, prices), partial(fitting, card, plan.services)
    total = Credits.total(line.credits for line in lines)
    if not total:
        raise NothingToHold
    postings.require_room(run.account_id, total)
    postings.require_credits(run, total, fit)
    draft = postings.draft_of_hold(run)
    paid = [_paid(line, draft.draw(line.credits, _service(line)).payments) for line in lines]
    payments = [payment for line in paid for payment in line.payments]
    postings.require_budgets(run, total, payments, fit)
    return PlannedHold(pinned if fit else None, tuple(paid))


def make_hold(
    run: Workflow, planned: PlannedHold, postings: Postings, *, hold_id: UUID, expires_at: datetime
) -> Hold:
    """Set aside what was permitted for a run that has an id."""
    hold = new_row(
        Hold,
        account_id=run.account_id,
        id=hold_id,
        workflow_id=run.id,
        status=HoldStatus.OPEN,
        amount=Credits.ZERO,
        captured=Credits.ZERO,
        released=Credits.ZERO,
        lent=Credits.ZERO,
        remaining=Credits.ZERO,
        rate_card_id=planned.card.card_id if planned.card else None,
        override_card_id=planned.card.override_id if planned.card else None,
        expires_at=expires_at,
        created_at=postings.now,
        closed_at=None,
    )
    postings.holds.add_hold(hold)
    postings.note_expiry(postings.accounts[run.account_id], expires_at)
    add_to_hold(run, hold, planned, postings, first_line=0, first_part=0)
    return hold


def add_to_hold(
    run: Workflow,
    hold: Hold,
    planned: PlannedHold,
    postings: Postings,
    *,
    first_line: int,
    first_part: int,
) -> list[HoldLine]:
    """Set aside what was permitted as further lines of a hold, and give these lines."""
    part_number = first_part
    rows = []
    for number, line in enumerate(planned.lines, first_line):
        row = _line_row(hold, number, line, postings.now)
        rows.append(row)
        postings.holds.add_line(row)
        for payment in line.payments:
            part = _part_row(hold, part_number, number, payment)
            share = HoldShare(run, hold, row, part, _origin(payment))
            postings.holds.add_share(share)
            hold.amount += payment.amount
            hold.remaining += payment.amount
            postings.set_aside(payment, share)
            part_number += 1
    return rows


def _priced(card: RateCard, services: Sequence[PlannedService], prices: PriceBook) -> list[_Line]:
    lines = []
    for planned in services:
        priced, rate_id = prices.price_by(card, planned.service_type, planned.provider, planned.quantity)
        lines.append(_Line(planned, rate_id, priced.credits))
    return lines


def _paid(line: _Line, payments: tuple[Payment, ...]) -> _Line:
    return _Line(line.planned, line.rate_id, line.credits, payments)


def _service(line: _Line) -> Service | None:
    return Service(line.planned.service_type, line.planned.provider) if line.planned else None


def _origin(payment: Payment) -> Grant | None:
    return payment.share.grant if payment.share is not None else payment.grant


def _line_row(hold: Hold, number: int, line: _Line, now: datetime) -> HoldLine:
    planned = line.planned
    return new_row(
        HoldLine,
        account_id=hold.account_id,
        hold_id=hold.id,
        line=number,
        service_type=planned.service_type if planned else None,
        provider=planned.provider if planned else None,
        unit_type=planned.quantity.unit_type if planned else None,
        micro_units=planned.quantity.micro_units if planned else None,
        rate_id=line.rate_id,
        credits=line.credits,
        held_at=now,
    )


def _part_row(hold: Hold, number: int, line: int, payment: Payment) -> HoldPart:
    grant, lender = _origin(payment), payment.share
    return new_row(
        HoldPart,
        account_id=hold.account_id,
        hold_id=hold.id,
        part=number,
        line=line,
        grant_id=grant.id if grant is not None else None,
        lender_hold_id=lender.hold.id if lender is not None else None,
        lender_part=lender.part.part if lender is not None else None,
        amount=payment.amount,
        remaining=payment.amount,
    )
