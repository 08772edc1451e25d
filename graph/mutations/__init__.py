"""The root fields that change something. Each is permission, parsing, one call, and its result."""

import strawberry

from graph.mutations import (
    accounts,
    agents,
    alerts,
    api_keys,
    budgets,
    endings,
    grants,
    holds,
    providers,
    quotes,
    rate_cards,
    replays,
    service_usages,
    shadow_policies,
    webhooks,
    workflows,
)
from graph.mutations.results import mutation_field
from models.api_key import Scope


@strawberry.type(
    description=(
        "What can be done. Every result is a union of its success and the refusals that can happen; "
        "`... on Refusal { code message }` always works."
    )
)
class Mutation:
    """What can be done."""

    start_workflow = mutation_field(Scope.TRACK, workflows.start_workflow, "Start a run.")
    record_workflow = mutation_field(
        Scope.TRACK, workflows.record_workflow, "Record a whole run that has happened: all of it or nothing."
    )
    complete_workflow = mutation_field(Scope.TRACK, endings.complete_workflow, "End a run as meant.")
    fail_workflow = mutation_field(Scope.TRACK, endings.fail_workflow, "End a run with an error.")
    cancel_workflow = mutation_field(Scope.TRACK, endings.cancel_workflow, "Stop a run before its end.")
    add_service_usage = mutation_field(
        Scope.TRACK,
        service_usages.add_service_usage,
        "Record what a run used, late or not; refused for lack of credits only where `ifUncovered` says so.",
    )
    add_service_usages = mutation_field(
        Scope.TRACK,
        service_usages.add_service_usages,
        "Record up to 1,000 usages in one transaction, with a result for each, in order.",
    )
    void_service_usage = mutation_field(
        Scope.MANAGE, service_usages.void_service_usage, "Void a usage and give its credits back to who paid."
    )
    create_agent = mutation_field(Scope.MANAGE, agents.create_agent, "Create an agent.")
    update_agent = mutation_field(Scope.MANAGE, agents.update_agent, "Change an agent's name or settings.")
    archive_agent = mutation_field(
        Scope.MANAGE, agents.archive_agent, "Take an agent out of use; its runs stay."
    )
    set_shadow_policy = mutation_field(
        Scope.MANAGE,
        shadow_policies.set_shadow_policy,
        "Try a configuration on an agent's runs without serving any, in place of the one before.",
    )
    remove_shadow_policy = mutation_field(
        Scope.MANAGE, shadow_policies.remove_shadow_policy, "Try nothing on an agent's runs any more."
    )
    issue_api_key = mutation_field(
        Scope.MANAGE, api_keys.issue_api_key, "Issue a key; its secret is shown this once."
    )
    rotate_api_key = mutation_field(
        Scope.MANAGE,
        api_keys.rotate_api_key,
        "Give a key a new secret, shown this once; those before go on working for a while.",
    )
    revoke_api_key = mutation_field(Scope.MANAGE, api_keys.revoke_api_key, "End a key's life at once.")
    set_budget = mutation_field(
        Scope.MANAGE,
        budgets.set_budget,
        "Set a limit, in place of the one of the same scope, subject, window and action.",
    )
    remove_budget = mutation_field(Scope.MANAGE, budgets.remove_budget, "Take a budget out of force.")
    create_account = mutation_field(Scope.OPERATE, accounts.create_account, "Create an account.")
    hold_credits = mutation_field(
        Scope.TRACK,
        holds.hold_credits,
        "Set credits aside for a run: an amount, or planned services; refused where they are not there.",
    )
    extend_hold = mutation_field(
        Scope.TRACK,
        holds.extend_hold,
        "Hold more, longer, or both; the answer says until when the credits last.",
    )
    create_quote = mutation_field(
        Scope.TRACK, quotes.create_quote, "Promise the price of a plan, for one hold to take."
    )
    release_hold = mutation_field(Scope.TRACK, holds.release_hold, "Give back what a hold still keeps.")
    grant_credits = mutation_field(Scope.OPERATE, grants.grant_credits, "Give credits to an account.")
    void_grant = mutation_field(Scope.OPERATE, grants.void_grant, "Take back what is left of a grant.")
    create_webhook_endpoint = mutation_field(
        Scope.MANAGE,
        webhooks.create_webhook_endpoint,
        "Have the account's events sent to an address; the secret that signs them is shown this once.",
    )
    update_webhook_endpoint = mutation_field(
        Scope.MANAGE, webhooks.update_webhook_endpoint, "Change, disable or enable a webhook endpoint."
    )
    remove_webhook_endpoint = mutation_field(
        Scope.MANAGE, webhooks.remove_webhook_endpoint, "Remove a webhook endpoint; its deliveries stay."
    )
    rotate_webhook_secret = mutation_field(
        Scope.MANAGE,
        webhooks.rotate_webhook_secret,
        "Give a webhook endpoint a new secret; for 24 hours the one before signs too.",
    )
    resend_webhook_delivery = mutation_field(
        Scope.MANAGE,
        webhooks.resend_webhook_delivery,
        "Send an event to its endpoint once more, under the same webhook id.",
    )
    send_test_event = mutation_field(
        Scope.MANAGE, webhooks.send_test_event, "Send an event that tells nothing to a webhook endpoint."
    )
    start_replay = mutation_field(
        Scope.MANAGE,
        replays.start_replay,
        "Replay a period in the background: any number of usages, one job at a time in each process.",
    )
    cancel_replay = mutation_field(Scope.MANAGE, replays.cancel_replay, "End a replay job before it is done.")
    publish_rate_card = mutation_field(
        Scope.OPERATE,
        rate_cards.publish_rate_card,
        "Publish a version of everybody's prices, or of an account's own; or try it by `dryRun`.",
    )
    set_provider_availability = mutation_field(
        Scope.OPERATE,
        providers.set_provider_availability,
        "Take a provider out of selections, or put it back; saying so twice answers the same.",
    )
    set_balance_alert = mutation_field(
        Scope.MANAGE, alerts.set_balance_alert, "Say at which balance an event warns; null turns it off."
    )
