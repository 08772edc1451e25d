"""Every table, imported once: `metadata` is what migrations are compared with."""

from models import (
    account,
    agent,
    api_key,
    audit_entry,
    budget,
    event,
    hold,
    idempotency,
    ledger,
    provider_outage,
    quote,
    rate_bucket,
    rate_card,
    replay_job,
    rollup,
    selection,
    service_usage,
    store_secret,
    webhook,
    workflow,
)
from models.base import Base

__all__ = [
    "account",
    "agent",
    "api_key",
    "audit_entry",
    "budget",
    "event",
    "hold",
    "idempotency",
    "ledger",
    "metadata",
    "provider_outage",
    "quote",
    "rate_bucket",
    "rate_card",
    "replay_job",
    "rollup",
    "selection",
    "service_usage",
    "store_secret",
    "webhook",
    "workflow",
]

metadata = Base.metadata
