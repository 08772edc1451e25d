"""What costs and credits are worth, from the settings."""

from pricing.costs import (
    CostsError,
    CostTable,
    CreditValue,
    CurrencyMismatch,
    MarginTerms,
    cost_book,
    genai_costs,
    parse_costs,
)
from server.files import text_of
from server.settings import ENVIRONMENT_PREFIX, InvalidSettings, Settings

_COSTS = f"{ENVIRONMENT_PREFIX}PROVIDER_COSTS"
_VALUE = f"{ENVIRONMENT_PREFIX}CREDIT_VALUE"


def margin_terms(settings: Settings) -> MarginTerms:
    """Put together which costs are known and what a credit sells for.

    Raises InvalidSettings for a file of costs that is not in order, and for two currencies.
    """
    value = None if settings.credit_value is None else CreditValue.parse(settings.credit_value)
    try:
        return MarginTerms(cost_book(_own_costs(settings), genai_costs()), value)
    except CurrencyMismatch as error:
        raise InvalidSettings(f"{_VALUE}: {error}, or a file of costs by {_COSTS}.") from None


def _own_costs(settings: Settings) -> CostTable | None:
    path = settings.provider_costs
    if path is None:
        return None
    try:
        return parse_costs(text_of(_COSTS, path), source=str(path))
    except CostsError as error:
        raise InvalidSettings(f"{_COSTS}: {error}") from None
