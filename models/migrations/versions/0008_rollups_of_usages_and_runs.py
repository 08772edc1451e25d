"""rollups of usages and runs"""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from models import base

revision = '0008'
down_revision = '0007'


def upgrade() -> None:
    op.create_table('run_rollup',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('grain', sa.Text(), nullable=False),
    sa.Column('bucket', base.Instant(), nullable=False),
    sa.Column('series_id', base.Id(), nullable=False),
    sa.Column('workflow_name', sa.Text(), nullable=False),
    sa.Column('business_adapter', sa.Text(), nullable=False),
    sa.Column('agent_id', base.Id(), nullable=False),
    sa.Column('api_key_id', base.Id(), nullable=False),
    sa.Column('run_count', base.BigInt(), nullable=False),
    sa.Column('ended_count', base.BigInt(), nullable=False),
    sa.Column('seconds', base.BigInt(), nullable=False),
    sa.Column('microseconds', base.BigInt(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_run_rollup_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'grain', 'bucket', 'series_id', name=op.f('pk_run_rollup')),
    sqlite_strict=True,
    sqlite_with_rowid=False
    )
    op.create_index('ix_run_rollup_api_key', 'run_rollup', ['account_id', 'api_key_id', 'grain', 'bucket'], unique=False)
    op.create_table('usage_rollup',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('grain', sa.Text(), nullable=False),
    sa.Column('bucket', base.Instant(), nullable=False),
    sa.Column('series_id', base.Id(), nullable=False),
    sa.Column('workflow_name', sa.Text(), nullable=False),
    sa.Column('business_adapter', sa.Text(), nullable=False),
    sa.Column('agent_id', base.Id(), nullable=False),
    sa.Column('api_key_id', base.Id(), nullable=False),
    sa.Column('user_id', sa.Text(), nullable=False),
    sa.Column('service_type', sa.Text(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('unit_type', sa.Text(), nullable=False),
    sa.Column('usage_count', base.BigInt(), nullable=False),
    sa.Column('units', base.BigInt(), nullable=False),
    sa.Column('millionths', base.BigInt(), nullable=False),
    sa.Column('micros', base.BigInt(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_usage_rollup_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'grain', 'bucket', 'series_id', name=op.f('pk_usage_rollup')),
    sqlite_strict=True,
    sqlite_with_rowid=False
    )
    op.create_index('ix_usage_rollup_api_key', 'usage_rollup', ['account_id', 'api_key_id', 'grain', 'bucket'], unique=False)
    op.create_index('ix_usage_rollup_user', 'usage_rollup', ['account_id', 'user_id', 'grain', 'bucket'], unique=False)
    _fill()


# What follows stays as it is, whatever becomes of the service's own words: it fills the tables of this version.

_NO_AGENT = UUID(int=0)
_OF_RUN = ["workflow_name", "business_adapter", "agent_id", "api_key_id"]
_OF_USAGE = [*_OF_RUN, "user_id", "service_type", "provider", "unit_type"]
_ROWS_AT_ONCE = 1_000


def _fill() -> None:
    connection = op.get_bind()
    used, run = _table("service_usage"), _table("workflow")
    of_run = {
        "workflow_name": run.c.workflow_name,
        "business_adapter": sa.func.coalesce(run.c.business_adapter, ""),
        "agent_id": sa.func.coalesce(run.c.agent_id, sa.bindparam("no_agent", _NO_AGENT, base.Id())),
        "api_key_id": run.c.api_key_id,
    }
    of_usage = {name: used.c[name] for name in ("service_type", "provider", "unit_type")}
    figures = {
        "usage_count": sa.func.count(),
        "units": _sum(_whole(used.c.micro_units)),
        "millionths": _sum(used.c.micro_units % 1_000_000),
        "micros": _sum(used.c.credits),
    }
    of_runs = {
        "run_count": sa.func.count(),
        "ended_count": sa.func.count(run.c.duration_micros),
        "seconds": _sum(_whole(run.c.duration_micros)),
        "microseconds": _sum(run.c.duration_micros % 1_000_000),
    }
    usages = used.join(run, (run.c.account_id == used.c.account_id) & (run.c.id == used.c.workflow_id))
    users = {"HOUR": sa.literal(""), "DAY": sa.literal(""), "USER_DAY": sa.func.coalesce(run.c.user_id, "")}
    for grain, user in users.items():
        dimensions = of_run | {"user_id": user} | of_usage
        rows = _grouped(used.c.account_id, grain, used.c.used_at, dimensions, figures)
        _copy(connection, rows.select_from(usages).where(used.c.voided_at.is_(None)), "usage_rollup", _OF_USAGE)
    for grain in ("HOUR", "DAY"):
        rows = _grouped(run.c.account_id, grain, run.c.started_at, of_run, of_runs)
        _copy(connection, rows.select_from(run), "run_rollup", _OF_RUN)


def _grouped(account: Any, grain: str, time: Any, dimensions: Any, figures: Any) -> Any:
    named = {"account_id": account, "bucket": _bucket(time, 3_600 if grain == "HOUR" else 86_400)} | dimensions
    keys = [column.label(name) for name, column in named.items()]
    return sa.select(
        *keys,
        sa.literal(grain).label("grain"),
        *(column.label(name) for name, column in figures.items()),
    ).group_by(*[sa.text(str(place + 1)) for place in range(len(keys))])


def _bucket(time: Any, seconds: int) -> Any:
    if op.get_context().dialect.name == "sqlite":
        moment = sa.type_coerce(time, base.BigInt())
        return sa.type_coerce(moment - moment % (seconds * 1_000_000), base.Instant())
    beginning = sa.literal(datetime(1970, 1, 1, tzinfo=UTC), base.Instant())
    return sa.func.date_bin(timedelta(seconds=seconds), time, beginning, type_=base.Instant())


def _whole(column: Any) -> Any:
    return (column - column % 1_000_000) // 1_000_000


def _sum(column: Any) -> Any:
    return sa.cast(sa.func.coalesce(sa.func.sum(sa.cast(column, base.BigInt())), 0), base.BigInt())


def _copy(connection: sa.Connection, rows: Any, name: str, dimensions: list[str]) -> None:
    target = _table(name)
    for chunk in connection.execute(rows.execution_options(yield_per=_ROWS_AT_ONCE)).mappings().partitions():
        filled = [dict(row) | {"series_id": _series([row[key] for key in dimensions])} for row in chunk]
        connection.execute(target.insert(), filled)


def _series(values: list[Any]) -> UUID:
    text = "\x1f".join(value.hex if isinstance(value, UUID) else value for value in values)
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())


def _table(name: str) -> Any:
    ids = ("account_id", "id", "workflow_id", "agent_id", "api_key_id", "series_id")
    moments = ("bucket", "used_at", "started_at", "voided_at")
    numbers = ("micro_units", "credits", "duration_micros")
    names = {
        "service_usage": ["account_id", "id", "workflow_id", "service_type", "provider", "unit_type", "used_at"]
        + ["voided_at", "micro_units", "credits"],
        "workflow": ["account_id", "id", *_OF_RUN[:2], "agent_id", "api_key_id", "user_id", "started_at"]
        + ["duration_micros"],
        "usage_rollup": ["account_id", "grain", "bucket", "series_id", *_OF_USAGE]
        + ["usage_count", "units", "millionths", "micros"],
        "run_rollup": ["account_id", "grain", "bucket", "series_id", *_OF_RUN]
        + ["run_count", "ended_count", "seconds", "microseconds"],
    }[name]

    def kind(column: str) -> Any:
        if column in ids:
            return base.Id()
        if column in moments:
            return base.Instant()
        return base.BigInt() if column in numbers else None

    return sa.table(name, *(sa.column(column, kind(column)) for column in names))
