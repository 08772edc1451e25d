"""Every reference beside what it refers to: a row of the same account, or of a table that all share.

The database's own foreign keys say the same; the audit does not take their word for it, since constraints can
be switched off. What refers to what is read from the tables themselves, so that none is forgotten.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKeyConstraint,
    Table,
    Text,
    and_,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from metering.auditing.comparison import MOST_DIFFERENCES, AnyRow, AnySelect, Check, One, of_one
from metering.auditing.findings import Difference
from models.base import Id
from models.identity import IdKind, format_id
from models.tables import metadata
from models.workflow import Workflow

_KINDS = {
    "account": IdKind.ACCOUNT,
    "api_key": IdKind.API_KEY,
    "agent": IdKind.AGENT,
    "workflow": IdKind.WORKFLOW,
    "service_usage": IdKind.SERVICE_USAGE,
    "credit_grant": IdKind.GRANT,
    "credit_hold": IdKind.HOLD,
    "budget": IdKind.BUDGET,
    "ledger_transfer": IdKind.LEDGER_TRANSFER,
    "event": IdKind.EVENT,
    "webhook_endpoint": IdKind.WEBHOOK_ENDPOINT,
    "webhook_delivery": IdKind.WEBHOOK_DELIVERY,
    "workflow_selection": IdKind.SELECTION,
    "quote": IdKind.QUOTE,
    "replay_job": IdKind.REPLAY_JOB,
    "rate": IdKind.RATE,
    "rate_card": IdKind.RATE_CARD,
    "audit_entry": IdKind.AUDIT_ENTRY,
}


def checks(only: One) -> Iterator[Check]:
    """Find rows that refer to what their account does not have, and runs off their parent's path."""
    yield _strangers(only)
    yield _paths(only)


def _strangers(only: One) -> Check:
    references = account_owned()
    dangling = [_dangling(number, reference) for number, reference in enumerate(references)]
    found = union_all(*dangling).subquery()
    statement = select(found).order_by(found.c.number).limit(MOST_DIFFERENCES)
    statement = of_one(statement, found.c.account_id, only)

    def read(row: AnyRow) -> Iterator[Difference]:
        number, account_id, row_id, target_id = row
        yield _difference(references[number], account_id, row_id, target_id)

    return Check(statement, read)


def account_owned() -> list[ForeignKeyConstraint]:
    """List what account-owned tables refer to, in a fixed order."""
    return [
        constraint
        for table in metadata.sorted_tables
        if "account_id" in table.columns
        for constraint in sorted(table.foreign_key_constraints, key=lambda each: str(each.column_keys))
    ]


def _dangling(number: int, reference: ForeignKeyConstraint) -> AnySelect:
    table, target = reference.table, reference.referred_table.alias()
    pairs = [(element.parent, target.c[element.column.name]) for element in reference.elements]
    return (
        select(
            literal(number).label("number"),
            table.c.account_id.label("account_id"),
            _row_id(table).label("row_id"),
            _target_column(reference).label("target_id"),
        )
        .select_from(table.outerjoin(target, and_(*(column == other for column, other in pairs))))
        .where(pairs[0][1].is_(None), *(column.is_not(None) for column, _ in pairs))
    )


def _difference(
    reference: ForeignKeyConstraint, account_id: UUID, row_id: UUID, target_id: UUID
) -> Difference:
    table, target = reference.table, reference.referred_table
    names = [name for name in reference.column_keys if name != "account_id"]
    what = f"{' and '.join(names) or 'account_id'} of {_text(table.name, table, row_id)}"
    kind = _KINDS.get(target.name)
    noun = kind.with_article if kind else f"a {target.name.replace('_', ' ')}"
    whose = "of the account" if len(reference.elements) > 1 else "that exists"
    recorded = _text(target.name, target, target_id)
    return Difference(account_id, what, recorded, f"{noun} {whose}")


def _text(name: str, table: Table, value: UUID) -> str:
    """Write an id as callers see it; a part of something is named by what it is a part of."""
    if name in _KINDS:
        return format_id(_KINDS[name], value)
    owner = next((other.name for other in _owners(table) if other.name in _KINDS), "account")
    return f"{name.replace('_', ' ')} of {format_id(_KINDS[owner], value)}"


def _owners(table: Table) -> Iterator[Table]:
    key = _row_id(table)
    for constraint in table.foreign_key_constraints:
        if any(element.parent is key for element in constraint.elements):
            yield constraint.referred_table
            yield from _owners(constraint.referred_table)


def _row_id(table: Table) -> ColumnElement[UUID]:
    keys = [column for column in table.primary_key if isinstance(column.type, Id)]
    return next((column for column in keys if column.name != "account_id"), keys[0])


def _target_column(reference: ForeignKeyConstraint) -> ColumnElement[UUID]:
    ids = [element.parent for element in reference.elements if isinstance(element.parent.type, Id)]
    return next((column for column in ids if column.name != "account_id"), ids[0])


def _paths(only: One) -> Check:
    parent = aliased(Workflow)
    path, above = sql_cast(Workflow.ancestor_ids, Text()), sql_cast(parent.ancestor_ids, Text())
    expected = func.coalesce(above + _Digits(parent.id), "", type_=Text())
    same_parent = and_(parent.account_id == Workflow.account_id, parent.id == Workflow.parent_workflow_id)
    statement = (
        select(Workflow.account_id, Workflow.id, path, expected)
        .outerjoin(parent, same_parent)
        .where(path != expected, or_(Workflow.parent_workflow_id.is_(None), parent.id.is_not(None)))
        .limit(MOST_DIFFERENCES)
    )
    statement = of_one(statement, Workflow.account_id, only)
    return Check(statement, _off_the_path)


def _off_the_path(row: AnyRow) -> Iterator[Difference]:
    account_id, workflow_id, recorded, recomputed = row
    what = f"ancestors of {format_id(IdKind.WORKFLOW, workflow_id)}"
    yield Difference(account_id, what, recorded or "none", recomputed or "none")


class _Digits(FunctionElement[str]):
    """An id's 32 hexadecimal digits, as a path is written."""

    type = Text()
    inherit_cache = True


@compiles(_Digits, "sqlite")
def _on_sqlite(element: _Digits, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    return f"lower(hex({compiler.process(element.clauses, **options)}))"


@compiles(_Digits, "postgresql")
def _on_postgresql(element: _Digits, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    return f"replace(CAST({compiler.process(element.clauses, **options)} AS text), '-', '')"
