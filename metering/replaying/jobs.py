"""Replay jobs: started and cancelled by callers, claimed by a lease and worked off by the server.

The lease's end is also the worker's ticket: word that comes after it ran out and another process began anew
changes nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from metering.audit_log import log_act
from metering.errors import AccountNotFound, ReplayJobEnded, ReplayJobNotFound, TooManyReplayJobs
from metering.replaying.figures import Replay
from metering.replaying.requests import ReplayRequest
from metering.replaying.written import written_replay, written_request
from models.account import Account
from models.audit_entry import AuditAct
from models.base import Json
from models.identity import IdKind, new_id
from models.replay_job import ReplayJob, ReplayStatus

MOST_UNFINISHED = 5
"""How many jobs of an account may wait or be at work."""
LEASE = timedelta(seconds=60)
GIVEN_UP_AFTER = timedelta(days=1)
"""A job that keeps killing its process is not begun for ever."""


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job to be worked off while its lease lasts; its request is as it was written down."""

    account_id: UUID
    job_id: UUID
    leased_until: datetime
    request: Json = field(repr=False)


def start_replay(session: Session, *, account_id: UUID, request: ReplayRequest, now: datetime) -> ReplayJob:
    """Put a replay in the queue. Whether it can be made, `replay_terms` has said before.

    Raises AccountNotFound, TooManyReplayJobs.
    """
    # The account's row is locked, so that no two processes count the same jobs.
    locked = select(Account.id).where(Account.id == account_id).with_for_update(key_share=True)
    if session.scalar(locked) is None:
        raise AccountNotFound
    unfinished = select(func.count()).where(
        ReplayJob.account_id == account_id, ReplayJob.finished_at.is_(None)
    )
    if session.scalars(unfinished).one() >= MOST_UNFINISHED:
        raise TooManyReplayJobs(MOST_UNFINISHED)
    job = ReplayJob(
        account_id=account_id,
        id=new_id(),
        status=ReplayStatus.QUEUED,
        request=written_request(request),
        run_done=0,
        cancel_requested=False,
        created_at=now,
    )
    session.add(job)
    session.flush()
    _log(session, AuditAct.START_REPLAY, job, now)
    return job


def cancel_replay(session: Session, *, account_id: UUID, job_id: UUID, now: datetime) -> ReplayJob:
    """Cancel a job: one that waits at once, one at work when its worker looks. Twice answers the same.

    Raises ReplayJobNotFound, ReplayJobEnded where it is done or has failed.
    """
    job = session.get(ReplayJob, (account_id, job_id), with_for_update=True)
    if job is None:
        raise ReplayJobNotFound
    if job.finished_at is not None and job.status is not ReplayStatus.CANCELLED:
        raise ReplayJobEnded(job.status, job.finished_at)
    if not job.cancel_requested:
        _log(session, AuditAct.CANCEL_REPLAY, job, now)
    job.cancel_requested = True
    if job.finished_at is None and not _is_leased(job, now):
        _finish(job, ReplayStatus.CANCELLED, now)
    session.flush()
    return job


def _log(session: Session, act: AuditAct, job: ReplayJob, now: datetime) -> None:
    log_act(session, act, account_id=job.account_id, subject=(IdKind.REPLAY_JOB, job.id), now=now)


def oldest_waiting_job(session: Session, *, now: datetime) -> tuple[UUID, UUID] | None:
    """Give account and id of the job that waits longest, or None where none waits.

    A job whose process has died waits too, once its lease has run out.
    """
    unleased = or_(ReplayJob.leased_until.is_(None), ReplayJob.leased_until <= now)
    waiting = (
        select(ReplayJob.account_id, ReplayJob.id)
        .where(ReplayJob.finished_at.is_(None), unleased)
        .order_by(ReplayJob.created_at, ReplayJob.id)
        .limit(1)
    )
    found = session.execute(waiting).first()
    return None if found is None else (found.account_id, found.id)


def claim_replay(session: Session, *, account_id: UUID, job_id: UUID, now: datetime) -> ClaimedJob | None:
    """Lease a job and begin it from its start; None where it is another's by now, or has come to its end."""
    job = session.get(ReplayJob, (account_id, job_id), with_for_update=True)
    if job is None or job.finished_at is not None or _is_leased(job, now):
        return None
    if job.cancel_requested:
        _finish(job, ReplayStatus.CANCELLED, now)
    elif job.started_at is not None and now - job.started_at > GIVEN_UP_AFTER:
        _finish(
            job, ReplayStatus.FAILED, now, error="It was begun again and again, and never came to an end."
        )
    else:
        job.status = ReplayStatus.RUNNING
        job.started_at = job.started_at or now
        job.leased_until = now + LEASE
        job.run_total, job.run_done = None, 0
    session.flush()
    if job.leased_until is None:
        return None
    return ClaimedJob(account_id, job_id, job.leased_until, job.request)


def note_progress(
    session: Session, *, claimed: ClaimedJob, done: int, total: int, now: datetime
) -> ClaimedJob | None:
    """Note how far it is and renew the lease; None where the work ends: it is cancelled, or another's."""
    job = _held(session, claimed)
    if job is None:
        return None
    if job.cancel_requested:
        _finish(job, ReplayStatus.CANCELLED, now)
        session.flush()
        return None
    job.run_done, job.run_total = done, max(total, done)
    # Always later than before, so that it stays a ticket of its own.
    job.leased_until = max(now + LEASE, claimed.leased_until + timedelta(microseconds=1))
    session.flush()
    return ClaimedJob(claimed.account_id, claimed.job_id, job.leased_until, claimed.request)


def complete_replay(session: Session, *, claimed: ClaimedJob, replay: Replay, now: datetime) -> bool:
    """Note the answer; tell whether the job was still held. What is done is done, cancelled or not."""
    job = _held(session, claimed)
    if job is None:
        return False
    job.run_done = job.run_total = replay.totals.run_count
    job.result = written_replay(replay)
    _finish(job, ReplayStatus.COMPLETED, now)
    session.flush()
    return True


def fail_replay(session: Session, *, claimed: ClaimedJob, error: str, now: datetime) -> None:
    """Note why it cannot be made."""
    job = _held(session, claimed)
    if job is not None:
        _finish(job, ReplayStatus.FAILED, now, error=error)
        session.flush()


def let_go_of_replay(session: Session, *, claimed: ClaimedJob, now: datetime) -> None:
    """Put a job back into the queue, for another process to begin it at once."""
    job = _held(session, claimed)
    if job is not None:
        job.leased_until = None
        job.status = ReplayStatus.QUEUED
        job.run_total, job.run_done = None, 0
        if job.cancel_requested:
            _finish(job, ReplayStatus.CANCELLED, now)
        session.flush()


def _held(session: Session, claimed: ClaimedJob) -> ReplayJob | None:
    held = select(ReplayJob).where(
        and_(ReplayJob.account_id == claimed.account_id, ReplayJob.id == claimed.job_id),
        ReplayJob.finished_at.is_(None),
        ReplayJob.leased_until == claimed.leased_until,
    )
    return session.scalars(held.with_for_update()).one_or_none()


def _is_leased(job: ReplayJob, now: datetime) -> bool:
    return job.leased_until is not None and job.leased_until > now


def _finish(job: ReplayJob, status: ReplayStatus, now: datetime, *, error: str | None = None) -> None:
    job.status, job.finished_at, job.error = status, now, error
    job.leased_until = None
