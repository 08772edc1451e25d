"""The account's credits, followed."""

from collections.abc import AsyncIterator

import strawberry

from graph.context import Context, Info
from graph.loaders.spending import spent_since
from graph.scalars import Long
from graph.subscriptions.sequences import After, read_after
from graph.types.balance import Balance
from metering.burn import WINDOW, WINDOW_MINUTES, Burn, seconds_left
from models.account import Account
from pricing.credits import Credits

LONGEST_WAIT_SECONDS = 10.0
"""Time alone changes a balance too: grants begin, and the burn rate falls."""


@strawberry.type(description="An account's credits at one moment, and how fast they go.")
class BalanceEvent:
    """An account's credits at one moment."""

    sequence: Long = strawberry.field(
        description=(
            "How far the ledger had come; give it as `after`, and the first event comes with the next change."
        )
    )
    available: Credits = strawberry.field(
        description="What grants in effect still hold, restricted ones included."
    )
    held: Credits = strawberry.field(description="What open holds set aside.")
    spent: Credits = strawberry.field(description="All that usages cost, voided ones left out.")
    overdraft: Credits = strawberry.field(description="The part of it that no grant covered: what is owed.")
    spendable: Credits | None = strawberry.field(
        description="What any workflow may still spend or hold; null where nothing limits it."
    )
    burn_rate_per_minute: Credits = strawberry.field(
        description=f"Credits spent a minute, over the last {WINDOW_MINUTES} minutes."
    )
    seconds_to_exhaustion: Long | None = strawberry.field(
        description=(
            "How long what is spendable lasts at that rate, beside what is held; null where nothing limits "
            "it or nothing is being spent."
        )
    )


async def balance_changed(info: Info, after: After = None) -> AsyncIterator[BalanceEvent]:
    """Tell the balance, and each later one."""
    context = info.context
    account_id = context.account_id
    burn: Burn | None = None
    told: BalanceEvent | None = None
    with context.database.feed.watch(account_id) as watch:
        while True:
            row = await _account(context)
            burn = burn or await _burn(context, row)
            event = await _event(info, row, burn)
            known = told is None and read_after(after, row.transfer_count) == row.transfer_count
            await context.let_go()
            if event != told and not known:
                yield event
                await context.let_go()
            told = event
            await watch.moved(at_most_seconds=LONGEST_WAIT_SECONDS)


async def _account(context: Context) -> Account:
    row = await context.loaders.account_by_id.load(context.account_id)
    assert row is not None  # noqa: S101 - the key's foreign key says so
    return row


async def _burn(context: Context, row: Account) -> Burn:
    now = context.now()
    return Burn.of(row.spent, await spent_since(context.snapshot, row.id, now - WINDOW), now=now)


async def _event(info: Info, row: Account, burn: Burn) -> BalanceEvent:
    balance = await Balance.of(row, info)
    now = info.context.now()
    burn.note(now, balance.spent)
    per_minute = burn.per_minute(now)
    left = seconds_left(balance.spendable, per_minute)
    return BalanceEvent(
        sequence=Long(row.transfer_count),
        available=balance.available,
        held=balance.held,
        spent=balance.spent,
        overdraft=balance.overdraft,
        spendable=balance.spendable,
        burn_rate_per_minute=per_minute,
        seconds_to_exhaustion=None if left is None else Long(left),
    )
