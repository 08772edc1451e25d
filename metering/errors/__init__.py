"""Every refusal, drawn as a tree: what the business says no to, and what the caller can do about it.

Refusal
├── RateUnknown               no rate for the service, provider or unit
├── NoRateCardInForce         no card has come into force at the usage's time
├── AmountTooLarge            no balance could hold the amount
├── TimeOutOfRange            a time too far back or ahead, or an end before its start
├── IdempotencyConflict       the key was used for another input
├── CreditsExhausted          what is available does not cover it
│   └── OverdraftLimitReached a prepaid account with nothing left starts no workflow
├── BudgetExceeded            a blocking budget leaves less than it
├── NotFound                  no such thing in this account
│   ├── AccountNotFound
│   ├── AgentNotFound
│   ├── ApiKeyNotFound
│   ├── GrantNotFound
│   ├── HoldNotFound
│   ├── BudgetNotFound
│   ├── ProviderNotFound
│   ├── QuoteNotFound
│   ├── ReplayJobNotFound
│   ├── ServiceUsageNotFound
│   ├── ShadowPolicyNotFound
│   ├── WebhookDeliveryNotFound
│   ├── WebhookEndpointNotFound
│   └── WorkflowNotFound
├── WorkflowAlreadyEnded      it ended before, in another way
├── WorkflowNestedTooDeep     more runs within runs than anyone needs
├── ServiceUsageAlreadyVoided
├── GrantAlreadyVoided
├── ApiKeyEnded               it was revoked or has expired
├── HoldClosed                it was released, has expired, or its run has ended
├── NothingToHold             the planned services cost nothing
├── ServiceDisabled           the configuration switches a service off that is asked for
├── ProviderUnnamed           no configuration chooses one, and the request names none
├── NothingServes             neither the provider nor a fallback can serve
├── PlanOverLimit             no plan that the request allows is within the limit
├── QuoteExpired              its promise is over
├── QuoteTaken                one quote serves one hold
├── InvalidBudget             a limit that does not hold together
├── InvalidAgent              settings that an adapter or a preset does not know
├── InvalidShadowPolicy       a configuration that cannot be tried
├── InvalidRateCard           a version that is taken already, or prices that do not hold together
├── RateCardTooEarly          a date at which usages are priced already
├── TooManyReplayJobs         as many are unfinished as an account can have
├── ReplayJobEnded            it is done or has failed: nothing is left to cancel
├── InvalidWebhookEndpoint    an address that nothing can be sent to
├── TooManyWebhookEndpoints   as many as an account can have
├── WebhookEndpointDisabled   nothing is sent to it until it is enabled again
└── ScopeNotHeld              a key cannot give what it does not have
"""

from metering.errors.absences import (
    AccountNotFound,
    AgentNotFound,
    ApiKeyNotFound,
    BudgetNotFound,
    GrantNotFound,
    HoldNotFound,
    NotFound,
    ProviderNotFound,
    ServiceUsageNotFound,
    ShadowPolicyNotFound,
    WebhookDeliveryNotFound,
    WebhookEndpointNotFound,
    WorkflowNotFound,
)
from metering.errors.base import IdempotencyConflict, Refusal, ScopeNotHeld, TimeOutOfRange
from metering.errors.cover import BudgetExceeded, CreditsExhausted, NothingToHold, OverdraftLimitReached
from metering.errors.prices import (
    AmountTooLarge,
    InvalidRateCard,
    NoRateCardInForce,
    RateCardTooEarly,
    RateUnknown,
)
from metering.errors.replays import ReplayJobEnded, ReplayJobNotFound, TooManyReplayJobs
from metering.errors.selections import (
    NothingServes,
    PlanOverLimit,
    ProviderUnnamed,
    QuoteExpired,
    QuoteNotFound,
    QuoteTaken,
    ServiceDisabled,
)
from metering.errors.states import (
    ApiKeyEnded,
    GrantAlreadyVoided,
    HoldClosed,
    InvalidAgent,
    InvalidBudget,
    InvalidShadowPolicy,
    ServiceUsageAlreadyVoided,
    WorkflowAlreadyEnded,
    WorkflowNestedTooDeep,
)
from metering.errors.webhooks import InvalidWebhookEndpoint, TooManyWebhookEndpoints, WebhookEndpointDisabled

__all__ = [
    "AccountNotFound",
    "AgentNotFound",
    "AmountTooLarge",
    "ApiKeyEnded",
    "ApiKeyNotFound",
    "BudgetExceeded",
    "BudgetNotFound",
    "CreditsExhausted",
    "GrantAlreadyVoided",
    "GrantNotFound",
    "HoldClosed",
    "HoldNotFound",
    "IdempotencyConflict",
    "InvalidAgent",
    "InvalidBudget",
    "InvalidRateCard",
    "InvalidShadowPolicy",
    "InvalidWebhookEndpoint",
    "NoRateCardInForce",
    "NotFound",
    "NothingServes",
    "NothingToHold",
    "OverdraftLimitReached",
    "PlanOverLimit",
    "ProviderNotFound",
    "ProviderUnnamed",
    "QuoteExpired",
    "QuoteNotFound",
    "QuoteTaken",
    "RateCardTooEarly",
    "RateUnknown",
    "Refusal",
    "ReplayJobEnded",
    "ReplayJobNotFound",
    "ScopeNotHeld",
    "ServiceDisabled",
    "ServiceUsageAlreadyVoided",
    "ServiceUsageNotFound",
    "ShadowPolicyNotFound",
    "TimeOutOfRange",
    "TooManyReplayJobs",
    "TooManyWebhookEndpoints",
    "WebhookDeliveryNotFound",
    "WebhookEndpointDisabled",
    "WebhookEndpointNotFound",
    "WorkflowAlreadyEnded",
    "WorkflowNestedTooDeep",
    "WorkflowNotFound",
]
