"""Replay: what a period would have cost under another configuration, other prices, or both.

The unit is one run with those of its usages that fall in the period. Under a configuration its services are
selected anew, by the prices in force when it started, and every usage is priced by those in force when it was
used; under other prices alone the same providers serve. A run that would be refused counts apart.
"""

from metering.replaying.figures import (
    MOST_EXAMPLES,
    MOST_ROWS,
    AgentFigures,
    ChangedChoice,
    Figures,
    RefusalFigures,
    RefusedRun,
    Replay,
    ServiceFigures,
    WorkflowNameFigures,
)
from metering.replaying.jobs import (
    MOST_UNFINISHED,
    ClaimedJob,
    cancel_replay,
    claim_replay,
    complete_replay,
    fail_replay,
    let_go_of_replay,
    note_progress,
    oldest_waiting_job,
    start_replay,
)
from metering.replaying.reading import ALL_RUNS, Past, count_runs, count_usages
from metering.replaying.replaying import replay, replay_apart, replay_request
from metering.replaying.repricing import ReplayRefusalKind, ReplayTerms
from metering.replaying.requests import (
    LONGEST_PERIOD,
    InvalidReplay,
    ReplayRequest,
    configuration_from_settings,
    rate_card_from_json,
    replay_terms,
)
from metering.replaying.written import rate_card_fields, read_replay, read_request

__all__ = [
    "ALL_RUNS",
    "LONGEST_PERIOD",
    "MOST_EXAMPLES",
    "MOST_ROWS",
    "MOST_UNFINISHED",
    "AgentFigures",
    "ChangedChoice",
    "ClaimedJob",
    "Figures",
    "InvalidReplay",
    "Past",
    "RefusalFigures",
    "RefusedRun",
    "Replay",
    "ReplayRefusalKind",
    "ReplayRequest",
    "ReplayTerms",
    "ServiceFigures",
    "WorkflowNameFigures",
    "cancel_replay",
    "claim_replay",
    "complete_replay",
    "configuration_from_settings",
    "count_runs",
    "count_usages",
    "fail_replay",
    "let_go_of_replay",
    "note_progress",
    "oldest_waiting_job",
    "rate_card_fields",
    "rate_card_from_json",
    "read_replay",
    "read_request",
    "replay",
    "replay_apart",
    "replay_request",
    "replay_terms",
    "start_replay",
]
