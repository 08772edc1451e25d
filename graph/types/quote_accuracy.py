"""How quotes came out: what was promised against what was then charged."""

from collections import defaultdict
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from graph import inputs
from graph.context import Info
from graph.loaders.quotes import AccuracyFigures, AccuracyKey
from graph.scalars import DecimalText, Long
from metering.quotes.accuracy import QuotedRuns
from pricing.credits import Credits
from pricing.decimal_text import MICROS, text_from_micros
from pricing.units import ServiceType

OfWorkflowName = Annotated[
    str | None, strawberry.argument(name="workflowName", description="Only runs of this name.")
]
_DIFFERENCE = "Charged less quoted: negative where it came out cheaper."
_SHARE = (
    "The share of the runs that were charged at most a tenth more or less than quoted, from 0 to 1, rounded "
    "down to six places; null where there are no runs."
)


@strawberry.interface(description="What was promised against what was then charged.")
class QuotedAndCharged:
    """What was promised against what was charged."""

    quoted_credits: Credits = strawberry.field(description="What the quotes promised.")
    charged_credits: Credits = strawberry.field(description="What was charged, voided usages left out.")
    difference_credits: Credits = strawberry.field(description=_DIFFERENCE)


@strawberry.type(description="How the quotes of runs of one name came out.")
class WorkflowQuoteAccuracy(QuotedAndCharged):
    """How the quotes of runs of one name came out."""

    workflow_name: str = strawberry.field(description="The name of the runs.")
    runs: Long = strawberry.field(description="How many ended runs took quotes.")
    runs_within_ten_percent: Long = strawberry.field(
        description="How many of them were charged at most a tenth more or less than quoted."
    )
    share_within_ten_percent: DecimalText | None = strawberry.field(description=_SHARE)


@strawberry.type(
    description="How quotes came out for one service of one provider; 0 is quoted where nobody foresaw it."
)
class ServiceQuoteAccuracy(QuotedAndCharged):
    """How quotes came out for one service."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")


@strawberry.type(
    description=(
        "How quotes came out, over the ended runs whose holds took them. A run counts in the period in which "
        "it started, with all its quotes and all that it was charged; both breakdowns add up to the totals."
    )
)
class QuoteAccuracy(QuotedAndCharged):
    """How quotes came out."""

    runs: Long = strawberry.field(description="How many ended runs took quotes.")
    runs_within_ten_percent: Long = strawberry.field(
        description="How many of them were charged at most a tenth more or less than quoted."
    )
    share_within_ten_percent: DecimalText | None = strawberry.field(description=_SHARE)
    by_workflow_name: list[WorkflowQuoteAccuracy] = strawberry.field(
        description="By name of the runs, the most quoted first."
    )
    by_service: list[ServiceQuoteAccuracy] = strawberry.field(
        description="By service and provider, the most charged first."
    )

    @classmethod
    def of(cls, figures: AccuracyFigures) -> Self:
        """Show figures of an account."""
        names = [_of_name(*row) for row in figures.by_workflow_name]
        runs = sum(name.runs for name in names)
        within = sum(name.runs_within_ten_percent for name in names)
        return cls(
            runs=Long(runs),
            runs_within_ten_percent=Long(within),
            share_within_ten_percent=_share(within, runs),
            by_workflow_name=sorted(names, key=lambda row: (-row.quoted_credits.micros, row.workflow_name)),
            by_service=_by_service(figures),
            **_compared(
                sum(name.quoted_credits.micros for name in names),
                sum(name.charged_credits.micros for name in names),
            ),
        )


async def accuracy_of(
    info: Info, account_id: UUID, start: datetime | None, end: datetime | None, workflow_name: str | None
) -> QuoteAccuracy:
    """Say how the quotes of an account's runs came out; BAD_USER_INPUT names the argument that is wrong."""
    runs = QuotedRuns(inputs.period(start, end), inputs.optional_name("workflowName", workflow_name))
    return QuoteAccuracy.of(
        await info.context.loaders.accuracy_by_account.load(AccuracyKey(account_id, runs))
    )


def _of_name(name: str, runs: int, quoted: int, charged: int, within: int) -> WorkflowQuoteAccuracy:
    return WorkflowQuoteAccuracy(
        workflow_name=name,
        runs=Long(runs),
        runs_within_ten_percent=Long(within),
        share_within_ten_percent=_share(within, runs),
        **_compared(quoted, charged),
    )


def _by_service(figures: AccuracyFigures) -> list[ServiceQuoteAccuracy]:
    services: dict[tuple[ServiceType, str], list[int]] = defaultdict(lambda: [0, 0])
    for place, rows in enumerate((figures.quoted_by_service, figures.charged_by_service)):
        for service_type, provider, micros in rows:
            services[service_type, provider][place] = micros
    shown = [
        ServiceQuoteAccuracy(service_type=service_type, provider=provider, **_compared(quoted, charged))
        for (service_type, provider), (quoted, charged) in services.items()
    ]
    return sorted(shown, key=lambda row: (-row.charged_credits.micros, row.service_type, row.provider))


def _compared(quoted: int, charged: int) -> dict[str, Credits]:
    return {
        "quoted_credits": Credits(quoted),
        "charged_credits": Credits(charged),
        "difference_credits": Credits(charged - quoted),
    }


def _share(within: int, runs: int) -> DecimalText | None:
    return DecimalText(text_from_micros(within * MICROS // runs)) if runs else None
