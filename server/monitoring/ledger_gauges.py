"""Ledger gauges: what all accounts together hold, asked of the store when somebody wants to know."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from metering.figures import LedgerFigures, ledger_figures
from models.availability import is_unavailable
from models.database import Database
from pricing.credits import MICROS_PER_CREDIT, Credits

ASKED_EVERY_SECONDS = 15.0

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class LedgerGauges(Collector):
    """The figures of the store, looked up at most every 15 seconds in a process, however many ask.

    They are the store's and not the process's: they are told once, and never added up over processes.
    """

    database: Database
    clock: Callable[[], float] = time.monotonic
    _figures: LedgerFigures | None = None
    _asked_at: float | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self) -> None:
        """Look again where it is time; a store that does not answer leaves nothing to tell."""
        async with self._turn:
            if self._asked_at is not None and self.clock() - self._asked_at < ASKED_EVERY_SECONDS:
                return
            self._figures = None
            try:
                self._figures = await self.database.ask(ledger_figures)
            except Exception as error:  # a scrape has more to tell than this
                reason = "the store is unavailable" if is_unavailable(error) else None
                log.warning("figures unknown", reason=reason, exc_info=None if reason else error)
            self._asked_at = self.clock()

    def collect(self) -> Iterator[Metric]:
        """Give the gauges, or none where the figures are unknown."""
        if (known := self._figures) is None:
            return
        credit_gauges = {
            "creditgraph_unspent_credits": ("Credits that grants still have.", known.unspent),
            "creditgraph_held_credits": ("Credits that holds set aside.", known.held),
            "creditgraph_owed_credits": ("Credits that usages cost beyond the grants.", known.owed),
        }
        counts = {
            "creditgraph_open_holds": ("Holds that are open.", known.open_holds),
            "creditgraph_running_workflows": ("Workflows that have not ended.", known.running_workflows),
            "creditgraph_unsent_webhook_deliveries": (
                "Deliveries to webhooks that are still to be made.",
                known.unsent_deliveries,
            ),
        }
        for name, (meaning, amount) in credit_gauges.items():
            yield GaugeMetricFamily(name, meaning, _approximate(amount))
        for name, (meaning, count) in counts.items():
            yield GaugeMetricFamily(name, meaning, count)


def _approximate(amount: Credits) -> float:
    # Prometheus knows floats only. This is for a chart; the audit reckons in whole micro-credits.
    return amount.micros / MICROS_PER_CREDIT
