"""Weights: what is dearer than the reading of a field, in points."""

MOST_POINTS = 250_000
"""What one operation may cost."""
OTHER_LISTS = 5
"""How long a list without pages is taken to be, such as the rates of a card."""
POINTS_OF_A_MUTATION = 10
"""What a mutation costs besides its answer, and each item of a list that it is given."""
POINTS_OF_A_QUOTE = 10_000
"""What working out a plan counts as: it takes up to 20 ms, which thousands of plain fields take too."""
POINTS_OF_A_REPLAY = 100_000
"""What a replay counts as: it takes up to about a second."""
POINTS_OF_A_HISTORY = 25_000
"""What a look at thousands of past runs counts as."""
POINTS_OF_A_COMPARISON = 5_000
"""What a look at the past counts as for each owner in a list; all of them are looked at together."""
POINTS_OF_A_SERIES = 1_000
"""What a time series counts as, which may have as many points, and a ranking, which adds up all users."""
POINTS_OF_A_FORECAST = 1_000
"""What adding up the last days counts as, for each account, key or budget of a list."""
WORKED_OUT = {
    "Query.quote": POINTS_OF_A_QUOTE,
    "Query.selectServices": POINTS_OF_A_QUOTE,
    "Mutation.createQuote": POINTS_OF_A_QUOTE,
    "Query.replay": POINTS_OF_A_REPLAY,
    "Query.ledgerAudit": POINTS_OF_A_REPLAY,
    "Query.costHistory": POINTS_OF_A_HISTORY,
    "Query.quoteAccuracy": POINTS_OF_A_HISTORY,
    "Account.quoteAccuracy": POINTS_OF_A_COMPARISON,
    "Account.unitEconomics": POINTS_OF_A_COMPARISON,
    "Agent.unitEconomics": POINTS_OF_A_COMPARISON,
    "ApiKey.unitEconomics": POINTS_OF_A_COMPARISON,
    "UsageAnalytics.timeSeries": POINTS_OF_A_SERIES,
    "UsageAnalytics.ranking": POINTS_OF_A_SERIES,
    "UsageAnalytics.userBreakdown": POINTS_OF_A_SERIES,
    "Account.forecast": POINTS_OF_A_FORECAST,
    "ApiKey.forecast": POINTS_OF_A_FORECAST,
    "Budget.forecast": POINTS_OF_A_FORECAST,
    "Agent.shadowComparison": POINTS_OF_A_COMPARISON,
    "Quote.history": POINTS_OF_A_HISTORY,
    "Query.rateCardPreview": POINTS_OF_A_REPLAY,
    "Mutation.publishRateCard": POINTS_OF_A_REPLAY,
}
CHOOSING = frozenset({"Mutation.startWorkflow", "Mutation.holdCredits"})
"""Mutations that work out a plan where their input has a `selection`."""
