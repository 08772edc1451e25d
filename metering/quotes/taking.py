"""Stored quotes that holds take: each serves one hold, at its own prices."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from metering.errors import QuoteExpired, QuoteNotFound, QuoteTaken
from metering.prices import CardIds, PriceBook
from metering.selections.choosing import Chosen
from metering.selections.record import read_selection, request_of
from metering.workflows import OwnedId
from models.base import table_of
from models.quote import QuoteLine, StoredQuote
from models.workflow import Workflow
from pricing.quote import PlannedService
from pricing.units import Quantity


@dataclass(slots=True)
class Quotes:
    """The quotes that a batch names; their accounts are locked, so that nobody else takes them."""

    session: Session
    now: datetime
    _rows: dict[OwnedId, StoredQuote]
    _lines: dict[OwnedId, list[QuoteLine]]
    _takers: dict[OwnedId, tuple[UUID, UUID]] = field(default_factory=dict)

    def require(self, account_id: UUID, quote_id: UUID) -> StoredQuote:
        """Give a quote that may be taken; QuoteNotFound, QuoteTaken, QuoteExpired."""
        quote = self._rows.get((account_id, quote_id))
        if quote is None:
            raise QuoteNotFound
        taker = self._takers.get((account_id, quote_id)) or _taker(quote)
        if taker is not None:
            raise QuoteTaken(*taker)
        if quote.expires_at <= self.now:
            raise QuoteExpired(quote.expires_at)
        return quote

    def services(self, quote: StoredQuote) -> tuple[PlannedService, ...]:
        """Give what was quoted, in the quote's order."""
        return tuple(
            PlannedService(line.service_type, line.provider, Quantity(line.micro_units, line.unit_type))
            for line in self._lines[quote.account_id, quote.id]
        )

    def take(self, quote: StoredQuote, run: Workflow, hold_id: UUID) -> None:
        """Give a quote to a hold."""
        self._takers[quote.account_id, quote.id] = hold_id, run.id

    def write(self) -> None:
        """Write who took which quote, in one statement; the holds are in the store already."""
        taken = [
            {
                "owner": account_id,
                "quote": quote_id,
                "hold_id": hold_id,
                "workflow_id": run_id,
                "taken_at": self.now,
            }
            for (account_id, quote_id), (hold_id, run_id) in self._takers.items()
        ]
        if taken:
            self.session.execute(_TAKE, taken)


def open_quotes(session: Session, wanted: Collection[OwnedId], *, now: datetime) -> Quotes:
    """Load quotes with their lines in two statements, none where none are wanted."""
    rows: dict[OwnedId, StoredQuote] = {}
    lines: dict[OwnedId, list[QuoteLine]] = defaultdict(list)
    if wanted:
        values = {
            "accounts": list({account_id for account_id, _ in wanted}),
            "quotes": list({quote_id for _, quote_id in wanted}),
        }
        # Another verb of this transaction may have given a quote to a hold since the session first read it.
        quotes = session.scalars(_QUOTES, values, execution_options={"populate_existing": True})
        rows = {(quote.account_id, quote.id): quote for quote in quotes}
        for line in session.scalars(_LINES, values):
            lines[line.account_id, line.quote_id].append(line)
    return Quotes(session, now, rows, lines)


def card_of(quote: StoredQuote) -> CardIds:
    """Say which published versions a quote promises the prices of."""
    return CardIds(quote.rate_card_id, quote.override_card_id)


def chosen_by(quote: StoredQuote, prices: PriceBook) -> Chosen | None:
    """Give what the quote chose; None where its request named each provider."""
    if quote.selection is None:
        return None
    selection = read_selection(quote.selection, prices)
    return Chosen(request_of(selection), selection, quote.agent_version, quote.preset)


def _taker(quote: StoredQuote) -> tuple[UUID, UUID] | None:
    if quote.hold_id is None or quote.workflow_id is None:
        return None
    return quote.hold_id, quote.workflow_id


_QUOTE = table_of(StoredQuote)
_QUOTES = select(StoredQuote).where(
    StoredQuote.account_id.in_(bindparam("accounts", expanding=True)),
    StoredQuote.id.in_(bindparam("quotes", expanding=True)),
)
_LINES = (
    select(QuoteLine)
    .where(
        QuoteLine.account_id.in_(bindparam("accounts", expanding=True)),
        QuoteLine.quote_id.in_(bindparam("quotes", expanding=True)),
    )
    .order_by(QuoteLine.quote_id, QuoteLine.line)
)
_TAKE = (
    update(_QUOTE)
    .where(_QUOTE.c.account_id == bindparam("owner"), _QUOTE.c.id == bindparam("quote"))
    .values(
        hold_id=bindparam("hold_id"), workflow_id=bindparam("workflow_id"), taken_at=bindparam("taken_at")
    )
)
