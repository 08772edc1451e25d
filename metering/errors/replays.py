"""Replays that cannot be started or ended."""

from datetime import datetime

from metering.errors.absences import NotFound
from metering.errors.base import Refusal
from models.replay_job import ReplayStatus


class ReplayJobNotFound(NotFound):
    """No such replay job."""

    code, noun = "REPLAY_JOB_NOT_FOUND", "replay job"


class TooManyReplayJobs(Refusal):
    """The account has as many unfinished jobs as it can have."""

    code = "TOO_MANY_REPLAY_JOBS"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most} replays of this account are unfinished; wait until one is done, or cancel one."
        )
        self.most = most


class ReplayJobEnded(Refusal):
    """The job ended before it could be cancelled."""

    code = "REPLAY_JOB_ENDED"

    def __init__(self, status: ReplayStatus, finished_at: datetime) -> None:
        super().__init__(
            f"The replay is {status} since {finished_at.isoformat()}; nothing is left to cancel."
        )
        self.status = status
        self.finished_at = finished_at
