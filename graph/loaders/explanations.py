"""What explains usages, a fixed number of statements for all that are asked for."""

from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from graph.context import Snapshot
from graph.loaders.rows import OwnedId
from metering.explanations import card_that_rounded, deciding_selections
from metering.selections.keeping import KeptSelection, selections_by_id
from models.rate_card import PublishedRateCard
from models.service_usage import ServiceUsage


def selection_by_usage(
    snapshot: Snapshot,
) -> Callable[[list[OwnedId]], Awaitable[list[KeptSelection | None]]]:
    """Load the selection that decided the service type of each usage when it was recorded."""

    async def load(keys: list[OwnedId]) -> list[KeptSelection | None]:
        return await snapshot.ask(partial(_selections, keys))

    return load


def rounding_card_by_usage(
    snapshot: Snapshot,
) -> Callable[[list[ServiceUsage]], Awaitable[list[PublishedRateCard | None]]]:
    """Load everybody's card that was in force for each usage when it was recorded."""

    async def load(keys: list[ServiceUsage]) -> list[PublishedRateCard | None]:
        everybodys = select(PublishedRateCard).where(PublishedRateCard.account_id.is_(None))
        cards = await snapshot.scalars(everybodys)
        return [card_that_rounded(usage, cards) for usage in keys]

    return load


def _selections(keys: list[OwnedId], session: Session) -> list[KeptSelection | None]:
    rows = session.execute(deciding_selections(keys))
    decided = {usage_id: selection_id for usage_id, selection_id in rows if selection_id is not None}
    accounts = {account_id for account_id, _ in keys}
    kept = selections_by_id(session, accounts, set(decided.values()))
    of_usage = {usage_id: kept[selection_id] for usage_id, selection_id in decided.items()}
    return [of_usage.get(usage_id) for _, usage_id in keys]
