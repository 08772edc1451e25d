"""The root fields that answer and change nothing."""

import strawberry

from graph.permissions import root_field
from graph.queries import accounts as tenants
from graph.queries import audit_log, catalogue, ledger, providers, quotes, replays
from graph.queries import nodes as things
from graph.queries import rate_cards as prices
from graph.types.connection import PAGED
from models.api_key import Scope


@strawberry.type(
    description="What can be asked. Start at `viewer`: it leads to everything that the calling key may see."
)
class Query:
    """What can be asked."""

    viewer = root_field(Scope.READ, things.viewer, "Who is asking: the calling key and its account.")
    node = root_field(
        Scope.READ, things.node, "Anything with an id; null where the account has no such thing."
    )
    nodes = root_field(
        Scope.READ, things.nodes, "Many things by their ids, in order; null for each that is missing."
    )
    agent = root_field(Scope.READ, things.agent, "An agent of the account; null where there is none.")
    workflow = root_field(Scope.READ, things.workflow, "A run of the account; null where there is none.")
    service_usage = root_field(
        Scope.READ, things.service_usage, "A usage of the account; null where there is none."
    )
    api_key = root_field(Scope.READ, things.api_key, "An API key of the account; null where there is none.")
    account = root_field(Scope.OPERATE, tenants.account, "Any account; null where there is none.")
    accounts = root_field(Scope.OPERATE, tenants.accounts, "All accounts, newest first.", PAGED)
    audit_log = root_field(
        Scope.OPERATE,
        audit_log.audit_log,
        "Every administrative act, of all accounts and of the service as a whole, newest first.",
        PAGED,
    )
    ledger_audit = root_field(
        Scope.READ,
        ledger.ledger_audit,
        (
            "Recompute the books from their records; null where there is no such account. Once is the most "
            "in an operation, and audits wait for each other: `UNAVAILABLE` where many wait."
        ),
    )
    rate_card = root_field(
        Scope.READ,
        prices.rate_card,
        (
            "The prices in force at a moment, the account's own in place of everybody's; null before the "
            "first."
        ),
    )
    rate_cards = root_field(
        Scope.READ,
        prices.rate_cards,
        "The published cards, newest first: everybody's and the account's own; for operators all of them.",
    )
    rate_card_diff = root_field(
        Scope.READ, prices.rate_card_diff, "What two versions have different prices for."
    )
    rate_card_preview = root_field(
        Scope.OPERATE,
        prices.rate_card_preview,
        "What publishing a rate card would mean: its problems, what changes, what the past would have cost.",
    )
    service_presets = root_field(
        Scope.READ, catalogue.service_presets, "The ready-made service configurations."
    )
    business_adapters = root_field(Scope.READ, catalogue.business_adapters, "The use cases that there are.")
    providers = root_field(
        Scope.READ,
        providers.providers,
        "Who could serve, how good they are, what they cost the caller now, and who is unavailable.",
    )
    quote = root_field(
        Scope.READ,
        quotes.quote,
        "What a plan would cost by the prices in force; one over its limit is an answer, not an error.",
    )
    select_services = root_field(
        Scope.READ, quotes.select_services, "Which provider would serve each service of a plan, and why."
    )
    stored_quote = root_field(
        Scope.READ, quotes.stored_quote, "A stored quote of the account; null where there is none."
    )
    quote_accuracy = root_field(
        Scope.READ,
        quotes.quote_accuracy,
        "How the account's quotes came out: what was promised against what was then charged.",
    )
    cost_history = root_field(
        Scope.READ, quotes.cost_history, "What completed runs of a name cost: low, expected and high."
    )
    replay = root_field(
        Scope.READ,
        replays.replay,
        (
            "What a period would have cost under another configuration, other prices, or both: up to "
            f"{replays.MOST_USAGES_AT_ONCE:,} usages at once. For more there is `startReplay`."
        ),
    )
    replay_job = root_field(
        Scope.READ, replays.replay_job, "A replay job of the account; null where there is none."
    )
