"""Prepared statements say what SQLAlchemy says, are counted as its own, and break as its own."""

from datetime import datetime
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import Connection, bindparam, event, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import tables
from models.account import Account
from models.base import table_of
from models.database import Database
from models.idempotency import IdempotentRequest
from models.identity import new_id
from models.prepared import PreparedRead, PreparedWrite
from models.rollup import Grain, RunRollup
from models.writer import Command
from pricing.credits import Credits
from tests.clock import NOON
from tests.models.probes import name_of, new_account
from tests.tenant import Tenant

_KEYS = table_of(IdempotentRequest)
_NAMES = ("account_id", "key", "fingerprint", "result_id", "created_at")
_OF_ACCOUNTS = PreparedRead(
    select(table_of(Account).c.name)
    .where(Account.id.in_(bindparam("accounts", expanding=True)), Account.name != bindparam("but"))
    .order_by(Account.name)
)


async def test_rows_are_those_that_sqlalchemy_gives(tenant: Tenant) -> None:
    await tenant.grant("50", reason="a gift")
    run = await tenant.start(metadata={"of": ["no", 1]}, user_id="u")
    await tenant.hold(run, "PHONE twilio 5 MINUTES")
    [usage, _] = await tenant.add(run, "PHONE twilio 5 MINUTES", "GPT gpt-4o 1 TOKENS")
    await tenant.void(usage)
    filled = {
        "account",
        "workflow",
        "service_usage",
        "credit_hold",
        "hold_part",
        "ledger_transfer",
        "api_key",
    }

    def compare(session: Session) -> set[str]:
        found = set()
        for name, table in tables.metadata.tables.items():
            expected = [tuple(row) for row in session.execute(select(table))]
            assert PreparedRead(select(table)).rows(session) == expected
            found |= {name} if expected else set()
        return found

    assert await tenant.database.ask(compare) >= filled


@pytest.mark.parametrize("wanted", [0, 1, 2, 3, 5])
async def test_any_number_of_values_may_be_asked_for(database: Database, wanted: int) -> None:
    account_ids = [await new_account(database, name) for name in "abcde"]

    def names(session: Session) -> list[str]:
        return [name for (name,) in _OF_ACCOUNTS.rows(session, accounts=account_ids[:wanted], but="b")]

    assert await database.ask(names) == [name for name in "abcde"[:wanted] if name != "b"]


async def test_a_statement_for_one_database_is_its_text(database: Database) -> None:
    account_id = await new_account(database, "there")
    wanted = select(table_of(Account).c.name).where(Account.id == bindparam("of"))

    def compare(session: Session) -> tuple[int, list[tuple[str]]]:
        prepared = PreparedRead.for_one(wanted, session.get_bind().dialect)
        return prepared.characters, prepared.rows(session, of=account_id)

    place = {"sqlite": "?", "postgresql": "$1::UUID"}[database.reader.dialect.name]
    text = f"SELECT account.name \nFROM account \nWHERE account.id = {place}"
    assert await database.ask(compare) == (len(text), [("there",)])


async def test_an_insert_says_how_many_keys_were_free(database: Database) -> None:
    account_id = await new_account(database)
    claiming = PreparedWrite.claiming(_KEYS, _NAMES)

    def claim(session: Session, *, now: datetime, keys: str) -> int:
        return claiming.write(session, [(account_id, key, "print", new_id(), now) for key in keys])

    taken = [
        await database.write(Command(account_id, partial(claim, keys=keys)))
        for keys in ("ab", "b", "bcd", "")
    ]
    assert taken == [2, 0, 2, 0]


async def test_figures_are_added_to_rows_and_set_in_them(database: Database) -> None:
    account_id = await new_account(database)
    table = table_of(RunRollup)
    names, figures = [column.key for column in table.columns], ("run_count", "seconds")

    def row(series: UUID, figure: int) -> tuple[object, ...]:
        of = {"workflow_name": "w", "business_adapter": "", "agent_id": series, "api_key_id": series}
        counts = dict.fromkeys(("run_count", "ended_count", "seconds", "microseconds"), figure)
        of |= {"account_id": account_id, "grain": Grain.DAY, "bucket": NOON, "series_id": series} | counts
        return tuple(of[name] for name in names)

    one, other = sorted(new_id() for _ in range(2))

    def write(session: Session, *, now: datetime) -> list[tuple[int, int, int]]:  # noqa: ARG001 - a verb's signature
        adding = PreparedWrite.adding(table, names, sums=figures)
        adding.write(session, [row(one, 1), row(other, 10)])
        adding.write(session, [row(one, 2)])
        setting = PreparedWrite.setting(table, names, columns=("ended_count",))
        setting.write(session, [row(other, 7)])
        columns = (table.c.run_count, table.c.seconds, table.c.ended_count)
        return PreparedRead(select(*columns).order_by(table.c.series_id)).rows(session)

    assert await database.write(Command(account_id, write)) == [(3, 3, 1), (10, 10, 7)]
    await _emptied(database, account_id)


async def test_updates_reach_their_rows_only(database: Database) -> None:
    ids = [await new_account(database) for _ in range(3)]
    table = table_of(Account)
    naming = PreparedWrite(
        update(table).where(table.c.id == bindparam("of")).values(name=bindparam("called")), ["called", "of"]
    )

    def name(session: Session, *, now: datetime) -> None:  # noqa: ARG001 - a verb's signature
        naming.write(session, [("one", ids[0]), ("two", ids[1])])

    await database.write(Command(None, name))
    assert [await name_of(database, each) for each in ids] == ["one", "two", ""]


async def test_what_breaks_is_wrapped_and_heard_of(database: Database) -> None:
    account_id = await new_account(database, "there")
    sent: list[str] = []
    inserting = PreparedWrite(insert(table_of(Account)))

    def again(session: Session, *, now: datetime) -> None:
        zero = (Credits.ZERO,) * 6
        inserting.write(session, [(account_id, "again", None, *zero, 0, "", None, 0, None, now)])

    def note(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(database.writer, "before_cursor_execute", note)
    with pytest.raises(IntegrityError):
        await database.write(Command(None, again))
    event.remove(database.writer, "before_cursor_execute", note)
    assert sum("INSERT INTO account" in statement for statement in sent) == 1
    assert await name_of(database, account_id) == "there"


async def _emptied(database: Database, account_id: UUID) -> None:
    table = table_of(RunRollup)

    def empty(session: Session, *, now: datetime) -> None:  # noqa: ARG001 - a verb's signature
        session.execute(table.delete().where(table.c.account_id == account_id))

    await database.write(Command(account_id, empty))
