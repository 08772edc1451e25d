"""What usages cost the platform: dated rates of the providers in a currency, beside the prices in credits."""

from pricing.costs.cost_book import CostBook
from pricing.costs.cost_file import CostsError, built_in_costs, parse_costs
from pricing.costs.cost_rate import CostLayer, CostRate, NoCost, UnitCost
from pricing.costs.cost_table import ALWAYS, CostTable, InvalidCosts
from pricing.costs.genai import genai_costs
from pricing.costs.margin_terms import CreditValue, CurrencyMismatch, MarginTerms, cost_book

__all__ = [
    "ALWAYS",
    "CostBook",
    "CostLayer",
    "CostRate",
    "CostTable",
    "CostsError",
    "CreditValue",
    "CurrencyMismatch",
    "InvalidCosts",
    "MarginTerms",
    "NoCost",
    "UnitCost",
    "built_in_costs",
    "cost_book",
    "genai_costs",
    "parse_costs",
]
