"""Credits and budgets that leave too little."""

from metering.budgets.rules import left, worded
from metering.errors.base import Refusal
from models.budget import Budget
from pricing.credits import Credits
from pricing.quote import PricedUsage


class CreditsExhausted(Refusal):
    """The account's credits and credit line do not cover the amount."""

    code = "CREDITS_EXHAUSTED"

    def __init__(self, needed: Credits, available: Credits, fitting: tuple[PricedUsage, ...] = ()) -> None:
        super().__init__(f"{needed} credits are needed and {available} are available; nothing was recorded.")
        self.needed = needed
        self.available = available
        self.fitting = fitting


class OverdraftLimitReached(CreditsExhausted):
    """A prepaid account has used up its credits and its credit line."""

    def __init__(self, available: Credits) -> None:
        Refusal.__init__(
            self,
            f"The account has {available} credits left, credit line included: no workflow can start.",
        )
        self.needed = Credits(1)
        self.available = available
        self.fitting = ()


class BudgetExceeded(Refusal):
    """A blocking budget leaves less than is needed; `fitting` is the same plan, smaller, that would fit.

    `subject` is whose budget it is: None for the account's.
    """

    code = "BUDGET_EXCEEDED"

    def __init__(
        self,
        budget: Budget,
        subject: str,
        *,
        needed: Credits,
        used: Credits,
        held: Credits,
        fitting: tuple[PricedUsage, ...] = (),
    ) -> None:
        self.budget = budget
        self.subject = subject or None
        self.needed = needed
        self.limit = budget.limit
        self.used = used
        self.held = held
        self.left = left(budget.limit, used, held)
        self.fitting = fitting
        super().__init__(
            f"{worded(budget, subject)}: {used} used, {held} held, {self.left} left; nothing was done."
        )


class NothingToHold(Refusal):
    """The planned services cost nothing, so that there is nothing to set aside."""

    code = "NOTHING_TO_HOLD"

    def __init__(self) -> None:
        super().__init__("The planned services cost nothing: there is nothing to hold.")
