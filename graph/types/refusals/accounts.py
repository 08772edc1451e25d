"""Refusals: what an account does not have or cannot have: keys, agents, shadow policies, replay jobs."""

from datetime import datetime

import strawberry

from graph.types.refusals.refusal import Refusal
from models.replay_job import ReplayStatus


@strawberry.type(description="There is no such account.")
class AccountNotFound(Refusal):
    """There is no such account."""


@strawberry.type(description="There is no such API key in this account.")
class ApiKeyNotFound(Refusal):
    """There is no such API key."""


@strawberry.type(description="The API key was revoked or has expired; no new secret brings it back.")
class ApiKeyEnded(Refusal):
    """The key was revoked or has expired."""

    ended_at: datetime = strawberry.field(description="When.")


@strawberry.type(description="A key cannot give another key a scope that it does not hold itself.")
class ScopeNotHeld(Refusal):
    """A key cannot give a scope that it does not hold."""


@strawberry.type(description="There is no such agent in this account, or it is archived.")
class AgentNotFound(Refusal):
    """There is no such agent."""


@strawberry.type(description="Adapter, preset or settings of an agent do not hold together.")
class InvalidAgent(Refusal):
    """Adapter, preset or settings do not hold together."""

    field: str = strawberry.field(description="Which of them.")


@strawberry.type(description="A configuration that cannot be tried on an agent's runs.")
class InvalidShadowPolicy(Refusal):
    """A configuration that cannot be tried."""

    field: str = strawberry.field(description="Which input is wrong, e.g. `configuration.stt_provider`.")


@strawberry.type(description="The agent has no shadow policy in force.")
class ShadowPolicyNotFound(Refusal):
    """The agent has no shadow policy in force."""


@strawberry.type(description="There is no such replay job in this account.")
class ReplayJobNotFound(Refusal):
    """There is no such job."""


@strawberry.type(description="The replay job is done or has failed; nothing is left to cancel.")
class ReplayJobEnded(Refusal):
    """Nothing is left to cancel."""

    status: ReplayStatus = strawberry.field(description="Where it is.")
    finished_at: datetime = strawberry.field(description="Since when.")


@strawberry.type(description="The account has as many unfinished replay jobs as it can have.")
class TooManyReplayJobs(Refusal):
    """The account has as many jobs as it can have."""

    most: int = strawberry.field(description="How many that is.")
