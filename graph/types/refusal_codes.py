"""The closed list of what a mutation may refuse."""

from enum import StrEnum

from graph.types.enums import described


@described(
    "Why a mutation was refused.",
    UNKNOWN_SERVICE="The rate card has no rate for the service type.",
    UNKNOWN_PROVIDER="The rate card has no rate for that provider of the service.",
    UNKNOWN_UNIT="The provider's service is not priced in that unit.",
    NO_RATE_CARD_IN_FORCE="No rate card was in force at that time.",
    AMOUNT_TOO_LARGE="No balance could hold the amount.",
    TIME_OUT_OF_RANGE="The time lies outside the window open for recording.",
    IDEMPOTENCY_CONFLICT="The idempotency key was used for another input.",
    CREDITS_EXHAUSTED="Credits and credit line do not cover it.",
    BUDGET_EXCEEDED="A budget leaves less than it.",
    ACCOUNT_NOT_FOUND="There is no such account.",
    AGENT_NOT_FOUND="There is no such agent in this account, or it is archived.",
    API_KEY_NOT_FOUND="There is no such API key in this account.",
    BUDGET_NOT_FOUND="There is no such budget in this account.",
    SERVICE_USAGE_NOT_FOUND="There is no such service usage in this account.",
    WORKFLOW_NOT_FOUND="There is no such workflow in this account.",
    WORKFLOW_ALREADY_ENDED="The workflow ended before, in another way.",
    SERVICE_USAGE_ALREADY_VOIDED="The usage was voided before.",
    GRANT_NOT_FOUND="There is no such grant in the account.",
    GRANT_ALREADY_VOIDED="The grant was voided before.",
    HOLD_NOT_FOUND="There is no such hold in this account.",
    HOLD_CLOSED="The hold was released, has expired, or its workflow has ended.",
    API_KEY_ENDED="The API key was revoked or has expired.",
    NOTHING_TO_HOLD="The planned services cost nothing.",
    SERVICE_DISABLED="The configuration disables a service that is asked for.",
    PROVIDER_UNNAMED="No configuration chooses a provider of the service, and none is named.",
    NOTHING_SERVES="The provider has no price or is unavailable, and nobody stands in for it.",
    PLAN_OVER_LIMIT="The plan costs more than the configuration allows.",
    QUOTE_NOT_FOUND="There is no such quote in this account.",
    QUOTE_EXPIRED="The quote's promise is over.",
    QUOTE_TAKEN="Another hold has taken the quote.",
    WORKFLOW_NESTED_TOO_DEEP="The workflow would have too many ancestors.",
    INVALID_BUDGET="The budget does not hold together.",
    INVALID_SHADOW_POLICY="The configuration cannot be tried.",
    SHADOW_POLICY_NOT_FOUND="The agent has no shadow policy in force.",
    INVALID_AGENT="Adapter, preset or settings do not hold together.",
    SCOPE_NOT_HELD="A key cannot give a scope that it does not hold.",
    PROVIDER_NOT_FOUND="Neither a rate card nor the catalogue knows such a provider of the service type.",
    INVALID_RATE_CARD="The rate card does not hold together, or its version exists already.",
    RATE_CARD_TOO_EARLY="Usages that the rate card would have priced are priced already.",
    REPLAY_JOB_NOT_FOUND="There is no such replay job in this account.",
    REPLAY_JOB_ENDED="The replay job is done or has failed.",
    TOO_MANY_REPLAY_JOBS="The account has as many unfinished replay jobs as it can have.",
    WEBHOOK_ENDPOINT_NOT_FOUND="There is no such webhook endpoint in this account, or it is removed.",
    WEBHOOK_DELIVERY_NOT_FOUND="There is no such webhook delivery in this account.",
    INVALID_WEBHOOK_ENDPOINT="Nothing can be sent to such an address.",
    TOO_MANY_WEBHOOK_ENDPOINTS="The account has as many webhook endpoints as it can have.",
    WEBHOOK_ENDPOINT_DISABLED="Nothing is sent to the endpoint until it is enabled again.",
)
class RefusalCode(StrEnum):
    """Why a mutation was refused."""

    UNKNOWN_SERVICE = "UNKNOWN_SERVICE"
    UNKNOWN_PROVIDER = "UNKNOWN_PROVIDER"
    UNKNOWN_UNIT = "UNKNOWN_UNIT"
    NO_RATE_CARD_IN_FORCE = "NO_RATE_CARD_IN_FORCE"
    AMOUNT_TOO_LARGE = "AMOUNT_TOO_LARGE"
    TIME_OUT_OF_RANGE = "TIME_OUT_OF_RANGE"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    CREDITS_EXHAUSTED = "CREDITS_EXHAUSTED"
    BUDGET_EXCEEDED = "BUDGET_EXCEEDED"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    AGENT_NOT_FOUND = "AGENT_NOT_FOUND"
    API_KEY_NOT_FOUND = "API_KEY_NOT_FOUND"
    BUDGET_NOT_FOUND = "BUDGET_NOT_FOUND"
    SERVICE_USAGE_NOT_FOUND = "SERVICE_USAGE_NOT_FOUND"
    WORKFLOW_NOT_FOUND = "WORKFLOW_NOT_FOUND"
    WORKFLOW_ALREADY_ENDED = "WORKFLOW_ALREADY_ENDED"
    SERVICE_USAGE_ALREADY_VOIDED = "SERVICE_USAGE_ALREADY_VOIDED"
    GRANT_NOT_FOUND = "GRANT_NOT_FOUND"
    GRANT_ALREADY_VOIDED = "GRANT_ALREADY_VOIDED"
    HOLD_NOT_FOUND = "HOLD_NOT_FOUND"
    HOLD_CLOSED = "HOLD_CLOSED"
    API_KEY_ENDED = "API_KEY_ENDED"
    NOTHING_TO_HOLD = "NOTHING_TO_HOLD"
    SERVICE_DISABLED = "SERVICE_DISABLED"
    PROVIDER_UNNAMED = "PROVIDER_UNNAMED"
    NOTHING_SERVES = "NOTHING_SERVES"
    PLAN_OVER_LIMIT = "PLAN_OVER_LIMIT"
    QUOTE_NOT_FOUND = "QUOTE_NOT_FOUND"
    QUOTE_EXPIRED = "QUOTE_EXPIRED"
    QUOTE_TAKEN = "QUOTE_TAKEN"
    WORKFLOW_NESTED_TOO_DEEP = "WORKFLOW_NESTED_TOO_DEEP"
    INVALID_BUDGET = "INVALID_BUDGET"
    INVALID_SHADOW_POLICY = "INVALID_SHADOW_POLICY"
    SHADOW_POLICY_NOT_FOUND = "SHADOW_POLICY_NOT_FOUND"
    INVALID_AGENT = "INVALID_AGENT"
    SCOPE_NOT_HELD = "SCOPE_NOT_HELD"
    PROVIDER_NOT_FOUND = "PROVIDER_NOT_FOUND"
    INVALID_RATE_CARD = "INVALID_RATE_CARD"
    RATE_CARD_TOO_EARLY = "RATE_CARD_TOO_EARLY"
    REPLAY_JOB_NOT_FOUND = "REPLAY_JOB_NOT_FOUND"
    REPLAY_JOB_ENDED = "REPLAY_JOB_ENDED"
    TOO_MANY_REPLAY_JOBS = "TOO_MANY_REPLAY_JOBS"
    WEBHOOK_ENDPOINT_NOT_FOUND = "WEBHOOK_ENDPOINT_NOT_FOUND"
    WEBHOOK_DELIVERY_NOT_FOUND = "WEBHOOK_DELIVERY_NOT_FOUND"
    INVALID_WEBHOOK_ENDPOINT = "INVALID_WEBHOOK_ENDPOINT"
    TOO_MANY_WEBHOOK_ENDPOINTS = "TOO_MANY_WEBHOOK_ENDPOINTS"
    WEBHOOK_ENDPOINT_DISABLED = "WEBHOOK_ENDPOINT_DISABLED"
