"""Forecasts: what a month or a budget's window will come to, and when credits will be used up."""

from metering.forecasting.days import DAYS_LOOKED_AT, DailyTotals, LastDays, last_days
from metering.forecasting.forecast import Forecast, forecast, seconds_to_exhaustion
from metering.forecasting.pace import FEWEST_DAYS_BY_WEEKDAY, FEWEST_DAYS_OF_A_BAND, Pace
from metering.forecasting.spending import Subject, daily_totals, owner_of

__all__ = [
    "DAYS_LOOKED_AT",
    "FEWEST_DAYS_BY_WEEKDAY",
    "FEWEST_DAYS_OF_A_BAND",
    "DailyTotals",
    "Forecast",
    "LastDays",
    "Pace",
    "Subject",
    "daily_totals",
    "forecast",
    "last_days",
    "owner_of",
    "seconds_to_exhaustion",
]
