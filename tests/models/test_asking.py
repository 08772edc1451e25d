"""Questions: one statement for all of a shape, whatever they compare with, and no more kept than may be."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from models.account import Account
from models.asking import Asked, Statements
from models.database import Database
from tests.tenant import new_tenant


async def test_questions_of_one_shape_share_a_statement_and_no_values(database: Database) -> None:
    made = list[str]()

    def names(shape: str) -> Select[Any]:
        made.append(shape)
        return select(Account.name).where(Account.id == bindparam("account"))

    async def asked(account_id: UUID | None) -> list[tuple[Any, ...]]:
        return await database.ask(Asked(names, ("a shape",), {"account": account_id}).rows)

    tenant, other = await new_tenant(database, name="One"), await new_tenant(database, name="Two")
    assert await asked(tenant.account_id) == [("One",)]
    assert await asked(other.account_id) == [("Two",)]
    assert await asked(None) == []
    assert made == ["a shape"]


def test_what_was_asked_for_last_is_kept() -> None:
    kept = Statements[str](2)
    made = list[str]()

    def get(key: str) -> str:
        def make() -> str:
            made.append(key)
            return key

        return kept.get(key, make)

    assert [get(key) for key in ("a", "b", "a", "c", "a", "b")] == ["a", "b", "a", "c", "a", "b"]
    assert made == ["a", "b", "c", "b"]
