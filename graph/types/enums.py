"""Enumerations of the business as the graph shows them, every value described."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import strawberry

from adapters.resolution import FieldOrigin
from metering.analytics import Dimension, Granularity
from metering.explanations import PaymentSource
from metering.replaying import ReplayRefusalKind
from metering.shadows import ShadowRefusalKind
from metering.tracking import IfUncovered
from models.api_key import Scope
from models.budget import BudgetAction, BudgetScope, BudgetWindow
from models.event import EventType
from models.hold import HoldStatus
from models.ledger import Book, RestrictionKind
from models.replay_job import ReplayStatus
from models.webhook import DeliveryStatus, DisabledReason
from models.workflow import WorkflowStatus
from pricing.catalogue import ProviderTier, RequestComplexity
from pricing.configuration import AccuracyRequirement
from pricing.credits import RoundingMode
from pricing.selection import SelectionRule
from pricing.units import ServiceType, UnitType

Members = TypeVar("Members", bound=StrEnum)


def described(description: str, **values: str) -> Callable[[type[Members]], type[Members]]:
    """Show an enumeration in the graph; each of its members must have a description."""

    def show(members: type[Members]) -> type[Members]:
        missing = {member.name for member in members} ^ set(values)
        if missing:
            raise TypeError(
                f"{members.__name__} needs descriptions of exactly its members: {sorted(missing)}"
            )
        definition = strawberry.enum(members, description=description)
        for value in definition.__strawberry_definition__.values:  # type: ignore[attr-defined]  # set by strawberry
            value.description = values[value.name]
        return definition

    return show


described(
    "A kind of service that a workflow uses.",
    PHONE="A phone call.",
    SMS="A text message.",
    GPT="A language model.",
    EMBEDDING="An embedding model.",
    VOICE_STT="Speech to text.",
    VOICE_TTS="Text to speech.",
    VISION="Understanding of images.",
    IMAGE="Making of images.",
    SEARCH="A search.",
    OTHER="Anything else that the rate card prices.",
)(ServiceType)
described(
    "The unit in which a service is metered.",
    MINUTES="Minutes.",
    SECONDS="Seconds; where only minutes have a rate, they are converted exactly.",
    TOKENS="Tokens, input and output together.",
    INPUT_TOKENS="Tokens that a model read.",
    OUTPUT_TOKENS="Tokens that a model wrote.",
    CACHED_TOKENS="Tokens that a model read from its cache.",
    CHARACTERS="Characters of text.",
    IMAGES="Images.",
    MESSAGES="Messages.",
    REQUESTS="Requests.",
)(UnitType)
described(
    "Where a workflow is.",
    RUNNING="It has started and not ended.",
    COMPLETED="It ended as meant.",
    FAILED="It ended with an error.",
    CANCELLED="It was stopped before its end.",
)(WorkflowStatus)
described(
    "What an API key may do.",
    READ="Run queries.",
    TRACK="Start and end workflows and record usages.",
    MANAGE="Manage agents and API keys of the account, void usages, and read its audit log.",
    OPERATE="Act across accounts: create them and grant credits.",
)(Scope)
described(
    "What to do with a usage that grants and credit line do not cover.",
    RECORD="Record it: the work is done, what nothing covers becomes overdraft.",
    REFUSE="Refuse it: the work is not done yet.",
)(IfUncovered)
described(
    "What a restricted grant serves only.",
    ADAPTER="Workflows of one business adapter.",
    WORKFLOW="Workflows of one name.",
)(RestrictionKind)
described(
    "Where a hold is.",
    OPEN="It keeps credits for its workflow.",
    SETTLED="Its workflow ended: what was left went back.",
    RELEASED="It was released by hand.",
    EXPIRED="Its time ran out: what was left went back.",
)(HoldStatus)
described(
    "How an exact amount becomes a charge.",
    UP="Always up.",
    DOWN="Always down.",
    HALF_UP="To the nearest; a half goes up.",
    HALF_EVEN="To the nearest; a half goes to the even neighbour.",
)(RoundingMode)
described(
    "How accurate the services must be.",
    LOW="Cost counts more.",
    NORMAL="A balance of both.",
    HIGH="Accuracy counts more than cost.",
)(AccuracyRequirement)
described(
    "Whose spending a budget limits.",
    ACCOUNT="All of the account's.",
    API_KEY="That of an API key.",
    AGENT="That of an agent.",
    USER="That of a user.",
    WORKFLOW_NAME="That of the workflows of one name.",
)(BudgetScope)
described(
    "Over what a budget's limit counts.",
    REQUEST="One run.",
    HOUR="An hour of its time zone's clock.",
    DAY="A day of its time zone.",
    MONTH="A month of its time zone.",
    LIFETIME="For ever.",
)(BudgetWindow)
described(
    "What happens beyond a budget's limit.",
    BLOCK="Holds, starts and refusable usages that do not fit are refused.",
    ALERT="Nothing but the events of its thresholds.",
)(BudgetAction)
described(
    "What happened; a webhook says it in the form `balance.low`.",
    BALANCE_LOW="The available credits fell below the account's alert threshold.",
    OVERDRAFT_STARTED="Usages began to cost more than grants cover.",
    BUDGET_THRESHOLD_REACHED="What was spent of a budget reached one of its thresholds.",
    HOLD_EXPIRED="A hold's time ran out while it still kept credits.",
    WEBHOOK_TEST="Nothing happened: somebody tested a webhook endpoint.",
)(EventType)
described(
    "Where a webhook delivery is.",
    PENDING="It waits for its next attempt.",
    DELIVERED="The endpoint took it.",
    FAILED="It was given up; it can be sent again by hand.",
)(DeliveryStatus)
described(
    "Why nothing is sent to a webhook endpoint.",
    BY_HAND="Its owner disabled it.",
    GONE="It answered 410 Gone.",
    FAILING="For days nothing could be delivered to it.",
)(DisabledReason)
described(
    "A book of an account: every transfer leaves one and enters another.",
    ISSUED="Where grants come from, and where what is taken back returns to.",
    GRANT="What is left of a grant.",
    HOLD="What a hold keeps.",
    SPENT="What usages cost.",
    EXPIRED="What was left of grants when they expired.",
    OVERDRAFT="What was drawn beyond the grants.",
)(Book)
described(
    "What paid for a usage.",
    HOLD="Credits that a hold had set aside.",
    GRANT="A grant.",
    OVERDRAFT="No grant: the account owes it, within its credit line or beyond it.",
)(PaymentSource)
described(
    "Why a shadow policy would not have served a run.",
    SERVICE_DISABLED="It disables a service that was asked for.",
    NOTHING_SERVES="Its provider has no price or is unavailable, and nobody stands in for it.",
    OVER_LIMIT="The plan costs more than it allows.",
    AMOUNT_TOO_LARGE="No balance could hold the amount.",
    INVALID_CONFIGURATION="It does not hold together any more.",
)(ShadowRefusalKind)
described(
    "How much thinking a request needs.",
    LOW="A small model will do.",
    NORMAL="As usual.",
    HIGH="Only models that are adequate for hard requests will do.",
)(RequestComplexity)
described(
    "How good a provider is in one respect, compared with others of its service type.",
    LOW="Below most of them.",
    NORMAL="As most of them.",
    HIGH="Above most of them.",
)(ProviderTier)
described(
    "Why a provider was chosen, replaced or left out.",
    AS_CONFIGURED="The configuration names it, and no rule asks for another.",
    NAMED="The request names it, and so it is kept.",
    LOW_COMPLEXITY="Low complexity and cost optimisation: the cheapest adequate model.",
    HIGH_ACCURACY="High accuracy is asked for: the most accurate speech-to-text.",
    COST_OPTIMIZATION="Cost optimisation: the cheapest speech-to-text that is accurate enough.",
    NO_RATE="The rate card does not price it, or its price is more than a balance can hold.",
    UNAVAILABLE="It is marked unavailable.",
    OVER_LIMIT_FALLBACK="The plan is over the limit: the fallback model.",
    OVER_LIMIT="The plan is over the limit: a cheaper alternative.",
    UNKNOWN_TO_CATALOGUE="The catalogue does not know it, so that nothing is known of how good it is.",
    INADEQUATE="It is not adequate for the request's complexity.",
    INACCURATE="It is below the accuracy asked for.",
)(SelectionRule)
described(
    "Where the value of a field of a service configuration comes from.",
    PRESET="From the preset.",
    ADAPTER="From the business adapter.",
    AGENT="From the agent's own settings.",
)(FieldOrigin)
described(
    "Why a run would not have run.",
    SERVICE_DISABLED="The configuration disables a service that it used.",
    NOTHING_SERVES="Nobody that the configuration allows has a price and is available.",
    OVER_LIMIT="It costs more than the configuration's limit, whatever takes the place of what.",
    NO_RATE="The rate card does not price what it used.",
    NO_RATE_CARD_IN_FORCE="No rate card was in force.",
    AMOUNT_TOO_LARGE="No balance could hold what it costs.",
)(ReplayRefusalKind)
described(
    "Where a replay job is.",
    QUEUED="It waits for a process to begin it.",
    RUNNING="It is at work.",
    COMPLETED="It is done: `result` is its answer.",
    FAILED="It could not be made: `error` says why.",
    CANCELLED="It was cancelled.",
)(ReplayStatus)
described(
    "How long a point of a time series lasts.",
    MINUTE="A minute.",
    HOUR="An hour of the time zone.",
    DAY="A day of the time zone.",
    MONTH="A month of the time zone.",
)(Granularity)
described(
    "What credits are grouped by.",
    SERVICE="Service type and provider.",
    WORKFLOW_NAME="The name of the runs.",
    AGENT="The agent of the runs.",
    API_KEY="The API key that the runs are attributed to.",
    USER="The user that the runs were for.",
)(Dimension)
