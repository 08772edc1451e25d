"""The three verbs as a program without the service would do them: row by row, a transaction for each verb.

They send the service's statements to the service's tables and keep the same books, so that the same audit
proves them right. What the service does besides is left out: savepoints, pricing, the order of payers,
budgets, alerts, refusals with what would fit, and replays.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from benchmarks.hold_clients import HELD_MICROS, PLANNED, PROVIDER, SERVICE, SPENT_MICROS, USED, Run
from models.identity import new_id
from models.ledger_chain import chained

Row = Any
"""A row of either driver; both give a column by its name."""
Values = dict[str, object]
Statement = tuple[str, Sequence[Any]]
"""Text with its values as $1, $2…, as PostgreSQL writes them."""
Steps = Generator[Statement, list[Row], int]
"""A transaction: it sends statements, receives their rows, and gives micro-credits."""

LOCK = " FOR NO KEY UPDATE"
EXPIRES_IN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Form:
    """How a driver takes ids and moments, and how it gives an id."""

    id: Callable[[UUID], Any]
    moment: Callable[[datetime], Any]
    uuid: Callable[[Any], UUID]


@dataclass(slots=True)
class _Ledger:
    """A locked account as it changes within one transaction."""

    row: Row
    grant: Row
    chain: "_Chain"


@dataclass(slots=True)
class _Chain:
    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class BareVerbs:
    """The verbs, whichever driver sends their statements."""

    form: Form
    rate_id: object

    def hold(self, run: Run) -> Steps:
        """Set credits aside for the run; give how many."""
        now, hold_id = _now(), new_id()
        ledger = yield from self._opened(run)
        yield from self._claim(run, f"hold-{run.workflow_id.hex}", hold_id, now)
        [card] = yield NEWEST_CARD, ()
        [workflow] = yield RUN, self._ids(run)
        if ledger.row["held"]:
            yield OPEN_HOLDS, self._ids(run)
        if workflow["ended_at"] is not None or ledger.grant["remaining"] < HELD_MICROS:
            raise SystemExit("The bare loop has nothing to hold.")
        grant_id = ledger.grant["id"]
        owner = {"account_id": self.form.id(run.account_id), "hold_id": self.form.id(hold_id)}
        expires_at = self.form.moment(now + EXPIRES_IN)
        yield self._hold_row(run, hold_id, card["id"], expires_at, now)
        yield inserted(
            "hold_line",
            owner
            | {
                "line": 0,
                "service_type": SERVICE.value,
                "provider": PROVIDER,
                "unit_type": PLANNED.unit_type.value,
                "micro_units": PLANNED.micro_units,
                "rate_id": self.rate_id,
                "credits": HELD_MICROS,
                "held_at": self.form.moment(now),
            },
        )
        part = {"part": 0, "line": 0, "grant_id": grant_id, "lender_hold_id": None, "lender_part": None}
        yield inserted("hold_part", owner | part | {"amount": HELD_MICROS, "remaining": HELD_MICROS})
        transfer = self._transfer(run, ledger, ("GRANT", "HOLD"), HELD_MICROS, now, to_hold=hold_id)
        yield self._account(ledger, held=HELD_MICROS, due=expires_at)
        yield self._grant(ledger, -HELD_MICROS)
        yield transfer
        return HELD_MICROS

    def capture(self, run: Run) -> Steps:
        """Record a usage that the hold covers; give what it costs."""
        now, usage_id = _now(), new_id()
        ledger = yield from self._opened(run)
        yield from self._claim(run, f"usage-{run.workflow_id.hex}", usage_id, now)
        yield NEWEST_CARD, ()
        [workflow] = yield RUN, self._ids(run)
        [held] = yield OPEN_HOLDS, self._ids(run)
        if held["part_remaining"] < SPENT_MICROS:
            raise SystemExit("The bare loop has nothing to capture from.")
        yield inserted(
            "service_usage",
            {
                "account_id": self.form.id(run.account_id),
                "id": self.form.id(usage_id),
                "workflow_id": self.form.id(run.workflow_id),
                "rate_id": self.rate_id,
                "service_type": SERVICE.value,
                "provider": PROVIDER,
                "unit_type": USED.unit_type.value,
                "micro_units": USED.micro_units,
                "credits": SPENT_MICROS,
                "exact_micros": str(SPENT_MICROS),
                "used_at": self.form.moment(now),
                "recorded_at": self.form.moment(now),
                "late": False,
                "voided_at": None,
                "void_reason": None,
            },
        )
        hold_id = self.form.uuid(held["id"])
        transfer = self._transfer(
            run, ledger, ("HOLD", "SPENT"), SPENT_MICROS, now, from_hold=hold_id, usage=usage_id
        )
        yield self._account(ledger, held=-SPENT_MICROS, spent=SPENT_MICROS)
        yield self._hold_left(held, captured=SPENT_MICROS)
        yield self._part_left(held, SPENT_MICROS)
        yield self._run(workflow, spent=SPENT_MICROS)
        yield transfer
        return SPENT_MICROS

    def complete(self, run: Run) -> Steps:
        """End the run and release the rest; give what the run cost."""
        now = _now()
        ledger = yield from self._opened(run)
        [workflow] = yield RUN, self._ids(run)
        [held] = yield OPEN_HOLDS, self._ids(run)
        rest = held["part_remaining"]
        hold_id = self.form.uuid(held["id"])
        transfer = self._transfer(run, ledger, ("HOLD", "GRANT"), rest, now, from_hold=hold_id)
        yield self._account(ledger, held=-rest)
        yield self._grant(ledger, rest)
        yield self._hold_left(held, released=rest, closed_at=self.form.moment(now))
        yield self._part_left(held, rest)
        yield self._run(workflow, ended_at=self.form.moment(now))
        yield transfer
        total: int = workflow["total_credits"]
        return total

    def _ids(self, run: Run) -> tuple[object, object]:
        return self.form.id(run.account_id), self.form.id(run.workflow_id)

    def _opened(self, run: Run) -> Generator[Statement, list[Row], _Ledger]:
        account_id = self.form.id(run.account_id)
        [account] = yield ACCOUNT, (account_id,)
        [grant] = yield GRANTS, (account_id, 0)
        return _Ledger(account, grant, _Chain(account["transfer_count"], account["chain_hash"]))

    def _claim(
        self, run: Run, key: str, result_id: UUID, now: datetime
    ) -> Generator[Statement, list[Row], None]:
        row: Values = {
            "account_id": self.form.id(run.account_id),
            "key": key,
            "fingerprint": sha256(key.encode()).hexdigest(),
            "result_id": self.form.id(result_id),
            "answer": None,
            "created_at": self.form.moment(now),
        }
        text, values = inserted("idempotent_request", row)
        claimed = yield f"{text} ON CONFLICT DO NOTHING RETURNING account_id, key", values
        if not claimed:
            raise SystemExit("The bare loop does no replays.")

    def _hold_row(
        self, run: Run, hold_id: UUID, card_id: object, expires_at: object, now: datetime
    ) -> Statement:
        return inserted(
            "credit_hold",
            {
                "account_id": self.form.id(run.account_id),
                "id": self.form.id(hold_id),
                "workflow_id": self.form.id(run.workflow_id),
                "status": "OPEN",
                "amount": HELD_MICROS,
                "captured": 0,
                "released": 0,
                "lent": 0,
                "remaining": HELD_MICROS,
                "rate_card_id": card_id,
                "expires_at": expires_at,
                "created_at": self.form.moment(now),
                "closed_at": None,
            },
        )

    def _transfer(
        self,
        run: Run,
        ledger: _Ledger,
        books: tuple[str, str],
        micros: int,
        now: datetime,
        *,
        from_hold: UUID | None = None,
        to_hold: UUID | None = None,
        usage: UUID | None = None,
    ) -> Statement:
        """Number and chain a transfer; the account's row is written after this is known."""
        transfer_id, chain = new_id(), ledger.chain
        chain.count += 1
        chain.hash = chained(
            chain.hash,
            account_id=run.account_id,
            sequence=chain.count,
            transfer_id=transfer_id,
            debit_book=books[0],
            credit_book=books[1],
            amount_micros=micros,
            grant_id=self.form.uuid(ledger.grant["id"]),
            debit_hold_id=from_hold,
            credit_hold_id=to_hold,
            service_usage_id=usage,
            posted_at=now,
        )
        id_ = self.form.id
        return inserted(
            "ledger_transfer",
            {
                "account_id": id_(run.account_id),
                "id": id_(transfer_id),
                "sequence": chain.count,
                "debit_book": books[0],
                "credit_book": books[1],
                "amount": micros,
                "grant_id": ledger.grant["id"],
                "debit_hold_id": id_(from_hold) if from_hold else None,
                "credit_hold_id": id_(to_hold) if to_hold else None,
                "service_usage_id": id_(usage) if usage else None,
                "posted_at": self.form.moment(now),
                "hash": chain.hash,
            },
        )

    def _account(self, ledger: _Ledger, *, held: int, spent: int = 0, due: Any = None) -> Statement:  # noqa: ANN401 - a driver's moment
        row = ledger.row
        new = {name: row[name] for name in ("granted", "expired", "overdraft", "held_on_credit")}
        new |= {"spent": row["spent"] + spent, "held": row["held"] + held}
        new |= {"transfer_count": ledger.chain.count, "chain_hash": ledger.chain.hash}
        new["expiry_due_at"] = min(filter(None, (row["expiry_due_at"], due)), default=None)
        return updated("account", new, {"id": row["id"]})

    def _grant(self, ledger: _Ledger, micros: int) -> Statement:
        grant = ledger.grant
        new = {name: grant[name] for name in ("voided", "voided_at", "void_reason")}
        new["remaining"] = grant["remaining"] + micros
        return updated("credit_grant", new, {"account_id": grant["account_id"], "id": grant["id"]})

    def _hold_left(
        self, held: Row, *, captured: int = 0, released: int = 0, closed_at: object = None
    ) -> Statement:
        new = {name: held[name] for name in ("amount", "lent", "rate_card_id", "expires_at")}
        new |= {"status": "OPEN" if closed_at is None else "SETTLED", "closed_at": closed_at}
        new |= {"captured": held["captured"] + captured, "released": held["released"] + released}
        new["remaining"] = held["remaining"] - captured - released
        return updated("credit_hold", new, {"account_id": held["account_id"], "id": held["id"]})

    def _part_left(self, held: Row, less: int) -> Statement:
        its = {"account_id": held["account_id"], "hold_id": held["id"], "part": held["part"]}
        return updated("hold_part", {"remaining": held["part_remaining"] - less}, its)

    def _run(self, workflow: Row, *, spent: int = 0, ended_at: Any = None) -> Statement:  # noqa: ANN401 - a driver's moment
        new: Values = {"status": "RUNNING", "ended_at": None, "duration_micros": None}
        if ended_at is not None:
            took = ended_at - workflow["started_at"]
            micros = took if isinstance(took, int) else took // timedelta(microseconds=1)
            new = {"status": "COMPLETED", "ended_at": ended_at, "duration_micros": micros}
        new["total_credits"] = workflow["total_credits"] + spent
        new["usage_count"] = workflow["usage_count"] + bool(spent)
        return updated("workflow", new, {"account_id": workflow["account_id"], "id": workflow["id"]})


def inserted(table: str, row: Values) -> Statement:
    """Write down the insertion of a row."""
    return _insertion(table, tuple(row)), tuple(row.values())


def updated(table: str, new: Values, its: Values) -> Statement:
    """Write down the update of the row that has these values."""
    return _update(table, tuple(new), tuple(its)), (*new.values(), *its.values())


@cache
def _insertion(table: str, names: tuple[str, ...]) -> str:
    values = ", ".join(f"${position}" for position, _ in enumerate(names, 1))
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"  # noqa: S608  # fixed names


@cache
def _update(table: str, new: tuple[str, ...], its: tuple[str, ...]) -> str:
    values = ", ".join(f"{name} = ${position}" for position, name in enumerate(new, 1))
    where = " AND ".join(f"{name} = ${position}" for position, name in enumerate(its, len(new) + 1))
    return f"UPDATE {table} SET {values} WHERE {where}"  # noqa: S608  # fixed names


def _now() -> datetime:
    return datetime.now(UTC)


RATE = "SELECT id FROM rate WHERE service_type = $1 AND provider = $2 AND unit_type = $3"
RATE_VALUES = (SERVICE.value, PROVIDER, PLANNED.unit_type.value)
ACCOUNT = f"SELECT * FROM account WHERE id = $1{LOCK}"  # noqa: S608  # fixed text
GRANTS = "SELECT * FROM credit_grant WHERE account_id = $1 AND remaining > $2 ORDER BY id"
NEWEST_CARD = "SELECT id FROM rate_card ORDER BY publishing_order DESC LIMIT 1"
RUN = "SELECT * FROM workflow WHERE account_id = $1 AND id = $2"
# Without the inner question, SQLite looks at every part that the account ever had.
OPEN_HOLDS = (
    "SELECT credit_hold.*, hold_part.part, hold_part.remaining AS part_remaining FROM hold_part "
    "JOIN hold_line ON hold_line.account_id = hold_part.account_id "
    "AND hold_line.hold_id = hold_part.hold_id AND hold_line.line = hold_part.line "
    "JOIN credit_hold ON credit_hold.account_id = hold_part.account_id "
    "AND credit_hold.id = hold_part.hold_id "
    "JOIN workflow ON workflow.account_id = credit_hold.account_id "
    "AND workflow.id = credit_hold.workflow_id "
    "LEFT JOIN credit_grant ON credit_grant.account_id = hold_part.account_id "
    "AND credit_grant.id = hold_part.grant_id "
    "WHERE hold_part.account_id = $1 AND hold_part.hold_id IN (SELECT open.id FROM credit_hold open "
    "WHERE open.account_id = $1 AND open.workflow_id = $2 AND open.status = 'OPEN') "
    "ORDER BY hold_part.hold_id, hold_part.part"
)
