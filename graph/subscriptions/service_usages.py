"""Usages as they are recorded."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import strawberry

from graph import ids
from graph.context import Context, Info
from graph.loaders.additions import (
    Place,
    UsagesOf,
    additions_after,
    end_of_books,
    place_after,
    place_now,
)
from graph.scalars import Long
from graph.subscriptions.missing import missing
from graph.subscriptions.sequences import After, read_after
from graph.types.service_usage import ServiceUsage
from models.identity import IdKind

LONGEST_WAIT_SECONDS = 60.0


@strawberry.type(description="A usage that was recorded, with its place among all of the account's.")
class ServiceUsageEvent:
    """A usage that was recorded."""

    sequence: Long = strawberry.field(description="Give it as `after` to go on behind this event.")
    service_usage: ServiceUsage | None = strawberry.field(
        description=(
            "The usage. Null in the first event only, which says where the stream begins: queries from now "
            "on find all that was recorded before, and all that comes after follows here."
        )
    )


async def service_usage_added(
    info: Info,
    workflow_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only usages of this run.")
    ] = None,
    agent_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only usages of this agent's runs.")
    ] = None,
    after: After = None,
) -> AsyncIterator[ServiceUsageEvent]:
    """Tell of usages as they come onto the account's books."""
    context = info.context
    usages = await _usages(context, workflow_id, agent_id)
    with context.database.feed.watch(usages.account_id) as watch:
        place = await _first_place(context, usages, after)
        await context.let_go()
        if after is None:
            yield ServiceUsageEvent(sequence=Long(place.sequence), service_usage=None)
        while True:
            found = await additions_after(context.snapshot, usages, place)
            for addition in found.additions:
                await context.let_go()
                usage = ServiceUsage.of(addition.usage)
                yield ServiceUsageEvent(sequence=Long(addition.sequence), service_usage=usage)
            place = found.place
            await context.let_go()
            if not found.more:
                await watch.moved(at_most_seconds=LONGEST_WAIT_SECONDS)


async def _usages(
    context: Context, workflow_id: strawberry.ID | None, agent_id: strawberry.ID | None
) -> UsagesOf:
    usages = UsagesOf(
        context.account_id,
        ids.read_optional("workflowId", IdKind.WORKFLOW, workflow_id),
        ids.read_optional("agentId", IdKind.AGENT, agent_id),
    )
    await _require("workflowId", context.loaders.workflow_by_id, usages.account_id, usages.workflow_id)
    await _require("agentId", context.loaders.agent_by_id, usages.account_id, usages.agent_id)
    return usages


async def _require(field: str, loader: Any, account_id: UUID, value: UUID | None) -> None:  # noqa: ANN401 - a loader of any row
    if value is not None and await loader.load((account_id, value)) is None:
        raise missing(field)


async def _first_place(context: Context, usages: UsagesOf, after: Long | None) -> Place:
    end, _ = await end_of_books(context.snapshot, usages.account_id)
    sequence = read_after(after, end)
    if sequence is None:
        return await place_now(context.snapshot, usages)
    return await place_after(context.snapshot, usages.account_id, sequence)
