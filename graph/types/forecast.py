"""Forecasts: what a month or a budget's window will come to, and how long credits last."""

from datetime import datetime, timedelta
from typing import Annotated, Self

import strawberry

from graph import inputs
from graph.context import Info
from graph.loaders.balances import books_of
from graph.loaders.forecasts import SpendingKey
from graph.scalars import Long
from metering.budgets.counters import CounterKey
from metering.budgets.rules import left
from metering.forecasting import (
    DAYS_LOOKED_AT,
    FEWEST_DAYS_OF_A_BAND,
    DailyTotals,
    Subject,
    forecast,
    seconds_to_exhaustion,
)
from metering.forecasting import Forecast as Foretold
from metering.windows import Window, window_of
from models.account import Account
from models.api_key import ApiKey
from models.budget import Budget, BudgetScope, BudgetUse, BudgetWindow
from models.identity import IdKind, InvalidId, format_id, parse_id
from pricing.credits import Credits

InTimeZone = Annotated[
    str,
    strawberry.argument(
        name="timeZone", description="Whose clock the month and its days go by, e.g. `Europe/Vienna`."
    ),
]


@strawberry.type(
    description=(
        "What a window will come to if spending goes on as on the last days. It rests on what was spent on "
        f"each of the last {DAYS_LOOKED_AT} whole days, from the first one on which something was; voided "
        "usages count nowhere."
    )
)
class Forecast:
    """What a window will come to."""

    start: datetime = strawberry.field(name="from", description="When the window began.")
    end: datetime | None = strawberry.field(name="to", description="When it ends; null is never.")
    spent_credits: Credits = strawberry.field(description="What it has come to so far.")
    estimated_credits: Credits | None = strawberry.field(
        description="What it will come to; null while no whole day is known, and for a window without an end."
    )
    low_credits: Credits | None = strawberry.field(
        description=(
            "With `highCredits` the band in which 8 of 10 outcomes lie, as `basis` tells; null while fewer "
            f"than {FEWEST_DAYS_OF_A_BAND} days are known."
        )
    )
    high_credits: Credits | None = strawberry.field(description="The other end of the band.")
    burn_rate_per_day: Credits | None = strawberry.field(
        description="Credits spent a day on the average, rounded down; null while no whole day is known."
    )
    day_count: int = strawberry.field(description="How many days it rests on.")
    basis: str = strawberry.field(description="What it rests on, in words.")
    seconds_to_exhaustion: Long | None = strawberry.field(
        description=(
            "How long what is left lasts at that pace: of an account what is spendable, of an API key the "
            "first of its own budgets to be used up, of a budget the budget. Null where nothing limits it, "
            "where a window ends before, and beyond a year."
        )
    )
    exhausts_at: datetime | None = strawberry.field(description="When that time is over.")

    @classmethod
    def of(cls, foretold: Foretold, now: datetime, seconds: int | None) -> Self:
        """Show a forecast, and for how many seconds from now the credits last."""
        return cls(
            start=foretold.window.start,
            end=foretold.window.end,
            spent_credits=foretold.spent,
            estimated_credits=foretold.estimate,
            low_credits=foretold.low,
            high_credits=foretold.high,
            burn_rate_per_day=foretold.per_day,
            day_count=foretold.day_count,
            basis=foretold.basis,
            seconds_to_exhaustion=None if seconds is None else Long(seconds),
            exhausts_at=None if seconds is None else now + timedelta(seconds=seconds),
        )


async def forecast_of_account(info: Info, row: Account, time_zone: str) -> Forecast:
    """Foretell an account's month; BAD_USER_INPUT where there is no such time zone."""
    loaders = info.context.loaders
    key = SpendingKey(row.id, BudgetScope.ACCOUNT, row.id, inputs.time_zone("timeZone", time_zone))
    daily = await loaders.daily_totals_by_subject.load(key)
    grants = await loaders.grant_sums_by_account.load(row.id)
    books = books_of(row, grants, await loaders.dues_by_account.load(row.id))
    seconds = None if books.spendable is None else seconds_to_exhaustion(daily, books.spendable)
    return _of_month(daily, seconds)


async def forecast_of_key(info: Info, row: ApiKey, time_zone: str) -> Forecast:
    """Foretell a key's month; BAD_USER_INPUT where there is no such time zone."""
    account_id = row.account_id or row.id
    key = SpendingKey(account_id, BudgetScope.API_KEY, row.id, inputs.time_zone("timeZone", time_zone))
    daily = await info.context.loaders.daily_totals_by_subject.load(key)
    subject = format_id(IdKind.API_KEY, row.id)
    budgets = await info.context.loaders.key_budgets_by_account.load(account_id)
    own = [budget for budget in budgets if budget.subject in {None, subject}]
    left = [await _time_left(info, budget, subject, daily) for budget in own]
    return _of_month(daily, min((seconds for seconds in left if seconds is not None), default=None))


async def forecast_of_budget(info: Info, budget: Budget, subject: str | None) -> Forecast | None:
    """Foretell the present window of a budget for one of its subjects, "" for the account.

    None where there is no subject, or nobody has such an id.
    """
    spender = None if subject is None else _spender(budget, subject)
    if subject is None or spender is None:
        return None
    key = SpendingKey(budget.account_id, budget.scope, spender, budget.time_zone)
    daily = await info.context.loaders.daily_totals_by_subject.load(key)
    window, use = await _use(info, budget, subject, daily)
    spent = use.used if use else Credits.ZERO
    seconds = seconds_to_exhaustion(daily, _left(budget, use), window)
    return Forecast.of(forecast(daily, window, spent=spent), daily.days.now, seconds)


def _of_month(daily: DailyTotals, seconds: int | None) -> Forecast:
    days = daily.days
    month = window_of(BudgetWindow.MONTH, days.time_zone, days.now)
    return Forecast.of(forecast(daily, month, spent=daily.since(month.start)), days.now, seconds)


async def _time_left(info: Info, budget: Budget, subject: str, daily: DailyTotals) -> int | None:
    window, use = await _use(info, budget, subject, daily)
    return seconds_to_exhaustion(daily, _left(budget, use), window)


async def _use(
    info: Info, budget: Budget, subject: str, daily: DailyTotals
) -> tuple[Window, BudgetUse | None]:
    window = window_of(budget.window, budget.time_zone, daily.days.now)
    key = CounterKey(budget.account_id, budget.id, subject, window.start)
    return window, await info.context.loaders.use_by_counter.load(key)


def _left(budget: Budget, use: BudgetUse | None) -> Credits:
    used, held = (use.used, use.held) if use else (Credits.ZERO, Credits.ZERO)
    return left(budget.limit, used, held)


def _spender(budget: Budget, subject: str) -> Subject | None:
    if budget.scope is BudgetScope.ACCOUNT:
        return budget.account_id
    kind = _IDS.get(budget.scope)
    if kind is None:
        return subject
    try:
        return parse_id(subject, kind)
    except InvalidId:
        return None


_IDS = {BudgetScope.API_KEY: IdKind.API_KEY, BudgetScope.AGENT: IdKind.AGENT}
