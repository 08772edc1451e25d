"""Holds: credits set aside for a run before it spends them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from graph.context import Info
from graph.ids import written
from graph.loaders.dues import Dues
from graph.permissions import read_field
from graph.scalars import DecimalText
from graph.types.grant import Grant
from graph.types.node import Node
from graph.types.rate_card import RateCard, rate_card_of
from metering.prices import CardIds
from models.hold import Hold as HoldRow
from models.hold import HoldLine as LineRow
from models.hold import HoldPart as PartRow
from models.hold import HoldStatus
from models.identity import IdKind
from pricing.credits import Credits
from pricing.decimal_text import text_from_micros
from pricing.units import ServiceType, UnitType

if TYPE_CHECKING:
    from graph.types.workflow import Workflow


@strawberry.type(description="Credits set aside for a workflow before it spends them.")
class Hold(Node):
    """Credits set aside for a run.

    One whose time is over shows as expired from that moment on, whether or not its credits have moved yet.
    """

    status: HoldStatus = strawberry.field(description="Where it is at this moment.")
    amount: Credits = strawberry.field(
        description="All that was ever held: what was captured, released and lent, and what remains."
    )
    captured: Credits = strawberry.field(description="What usages were paid from it.")
    released: Credits = strawberry.field(description="What went back unspent.")
    lent: Credits = strawberry.field(description="What holds of child workflows took from it.")
    remaining: Credits = strawberry.field(description="What it keeps still.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="When what is left goes back by itself.")
    closed_at: datetime | None = strawberry.field(description="When it was closed; null while it is open.")
    row: strawberry.Private[HoldRow]
    dues: strawberry.Private[Dues]

    @classmethod
    def of(cls, row: HoldRow, dues: Dues) -> Self:
        """Show a hold as it is at a moment, with what expired holds of child runs give back to it."""
        returned = dues.to_holds.get(row.id, Credits.ZERO)
        is_due = row.status is HoldStatus.OPEN and row.expires_at <= dues.now
        status = HoldStatus.EXPIRED if is_due else row.status
        return cls(
            id=written(IdKind.HOLD, row.id),
            status=status,
            amount=row.amount,
            captured=row.captured,
            released=row.released + row.remaining + returned if is_due else row.released,
            lent=row.lent - returned,
            remaining=Credits.ZERO if is_due else row.remaining + returned,
            created_at=row.created_at,
            expires_at=row.expires_at,
            closed_at=row.expires_at if status is HoldStatus.EXPIRED else row.closed_at,
            row=row,
            dues=dues,
        )

    @read_field("The workflow that it was made for.")
    async def workflow(self, info: Info) -> Annotated["Workflow", strawberry.lazy("graph.types.workflow")]:
        """Load the workflow."""
        from graph.types.workflow import Workflow  # noqa: PLC0415 - the two types name each other

        row = await info.context.loaders.workflow_by_id.load((self.row.account_id, self.row.workflow_id))
        assert row is not None  # noqa: S101 - a foreign key says so
        return Workflow.of(row)

    @strawberry.field(description="The prices that its planned services have; null where it holds an amount.")
    async def rate_card(self, info: Info) -> RateCard | None:
        """Load the rate card."""
        if self.row.rate_card_id is None:
            return None
        return await rate_card_of(info, CardIds(self.row.rate_card_id, self.row.override_card_id))

    @strawberry.field(description="What it was made for, line by line.")
    async def lines(self, info: Info) -> list["HoldLine"]:
        """Load the lines with what is left of each."""
        key = (self.row.account_id, self.row.id)
        rows = await info.context.loaders.lines_by_hold.load(key)
        parts = await info.context.loaders.parts_by_hold.load(key)
        is_open = self.status is HoldStatus.OPEN
        shown = [HoldPart.of(part, self.dues, is_open=is_open) for part in parts]
        return [HoldLine.of(row, [part for part in shown if part.row.line == row.line]) for row in rows]


@strawberry.type(description="The credits of one line of a hold that came from one source.")
class HoldPart:
    """The credits of one line that came from one source."""

    amount: Credits = strawberry.field(description="How many credits it set aside.")
    remaining: Credits = strawberry.field(description="How many of them it keeps still.")
    row: strawberry.Private[PartRow]
    dues: strawberry.Private[Dues]

    @classmethod
    def of(cls, row: PartRow, dues: Dues, *, is_open: bool) -> Self:
        """Show a part; one of a closed hold keeps nothing."""
        returned = dues.to_parts.get((row.hold_id, row.part), Credits.ZERO)
        remaining = row.remaining + returned if is_open else Credits.ZERO
        return cls(amount=row.amount, remaining=remaining, row=row, dues=dues)

    @read_field("The grant that they came from; null for the credit line.")
    async def grant(self, info: Info) -> Grant | None:
        """Load the grant."""
        if self.row.grant_id is None:
            return None
        row = await info.context.loaders.grant_by_id.load((self.row.account_id, self.row.grant_id))
        return None if row is None else Grant.of(row, self.dues)

    @read_field("The hold of a parent workflow that lent them, where one did.")
    async def lent_by(self, info: Info) -> Hold | None:
        """Load the lender."""
        if self.row.lender_hold_id is None:
            return None
        row = await info.context.loaders.hold_by_id.load((self.row.account_id, self.row.lender_hold_id))
        return None if row is None else Hold.of(row, self.dues)


@strawberry.type(description="What a hold was made for: one planned service, or any where it names none.")
class HoldLine:
    """What a hold was made for."""

    line: int = strawberry.field(description="Its number within the hold, from 0.")
    service_type: ServiceType | None = strawberry.field(description="The planned service; null for any.")
    provider: str | None = strawberry.field(description="The provider or model; null for any.")
    units: DecimalText | None = strawberry.field(description="How many units are planned.")
    unit_type: UnitType | None = strawberry.field(description="The unit.")
    credits: Credits = strawberry.field(description="What the line set aside.")
    remaining: Credits = strawberry.field(description="What it keeps still.")
    held_at: datetime = strawberry.field(description="When it was set aside.")
    parts: list[HoldPart] = strawberry.field(description="Where its credits came from, in order of use.")

    @classmethod
    def of(cls, row: LineRow, parts: Sequence[HoldPart]) -> Self:
        """Show a line with its parts."""
        return cls(
            line=row.line,
            service_type=row.service_type,
            provider=row.provider,
            units=None if row.micro_units is None else DecimalText(text_from_micros(row.micro_units)),
            unit_type=row.unit_type,
            credits=row.credits,
            remaining=Credits.total(part.remaining for part in parts),
            held_at=row.held_at,
            parts=list(parts),
        )


async def hold_of(info: Info, row: HoldRow) -> Hold:
    """Show a hold by what is due in its account."""
    return Hold.of(row, await info.context.loaders.dues_by_account.load(row.account_id))
