"""API keys: made to be recognised, stored as a hash, gone at once when revoked."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

import pytest

from metering.api_keys import (
    ACCOUNT_SCOPES,
    KeyUse,
    hash_secret,
    is_well_formed,
    issue_api_key,
    keys_with_secrets,
    new_secret,
    note_key_uses,
    revoke_api_key,
)
from metering.errors import AccountNotFound, ApiKeyNotFound, ScopeNotHeld
from models.api_key import ApiKey, Scope
from models.database import Database
from models.identity import new_id
from models.writer import Command, SetCommand
from tests.clock import NOON, SettableClock
from tests.metering.conftest import NothingWritten
from tests.tenant import Tenant, issue, new_tenant

SAMPLE = "nexus_0123456789abcdefghijklmnopqrstuv"


async def found(database: Database, secret: str) -> ApiKey | None:
    hashed, now = hash_secret(secret), database.clock()
    keys = await database.ask(lambda session: keys_with_secrets(session, [hashed], now=now))
    return keys.get(hashed)


async def revoke(tenant: Tenant, key: ApiKey) -> ApiKey:
    verb = partial(revoke_api_key, account_id=tenant.account_id, api_key_id=key.id)
    return await tenant.database.write(Command(tenant.account_id, verb))


def test_secrets_are_long_random_and_checked() -> None:
    secrets = {new_secret() for _ in range(200)}
    assert len(secrets) == 200
    assert {len(secret) for secret in secrets} == {44}
    assert all(secret.startswith("nexus_") and is_well_formed(secret) for secret in secrets)


def test_every_slip_of_a_letter_is_seen() -> None:
    secret = new_secret()
    slips = [
        secret[:position] + ("a" if secret[position] != "a" else "b") + secret[position + 1 :]
        for position in range(len(secret))
    ]
    assert [slip for slip in slips if is_well_formed(slip)] == []


@pytest.mark.parametrize(
    "text", ["", "nexus_", SAMPLE, SAMPLE + "0" * 6, "x" * 44, "nexus_" + "ü" * 38, "nexus_" * 9]
)
def test_garbage_is_not_well_formed(text: str) -> None:
    assert not is_well_formed(text)


async def test_a_key_is_recognised_by_its_secret_and_stored_without_it(tenant: Tenant) -> None:
    key = await found(tenant.database, tenant.secret)
    assert key is not None
    assert (key.id, key.account_id, key.name) == (tenant.api_key_id, tenant.account_id, "first")
    assert key.scopes == ACCOUNT_SCOPES
    assert key.prefix == tenant.secret[:12]
    stored = [str(getattr(key, column.key)) for column in ApiKey.__table__.columns]
    assert hash_secret(tenant.secret) in stored
    assert [text for text in stored if tenant.secret[12:] in text] == []


async def test_an_unknown_secret_is_nobody(database: Database) -> None:
    assert await found(database, new_secret()) is None
    assert await found(database, "nonsense") is None


async def test_a_revoked_key_is_nobody_at_once(tenant: Tenant, clock: SettableClock) -> None:
    key, secret = await issue(tenant.database, tenant.account_id, "second")
    now = clock.forward(minutes=1)
    assert (await revoke(tenant, key)).revoked_at == now
    assert await found(tenant.database, secret) is None
    assert await found(tenant.database, tenant.secret) is not None
    clock.forward(minutes=1)
    assert (await revoke(tenant, key)).revoked_at == now


async def test_another_accounts_key_is_not_found(tenant: Tenant, database: Database) -> None:
    stranger = await new_tenant(database, "Stranger")
    theirs = await found(database, stranger.secret)
    assert theirs is not None
    with pytest.raises(ApiKeyNotFound):
        await revoke(tenant, theirs)
    assert await found(database, stranger.secret) is not None


@pytest.mark.parametrize(
    ("held", "wanted", "missing"),
    [
        ([Scope.READ, Scope.MANAGE], [Scope.TRACK], "TRACK"),
        (ACCOUNT_SCOPES, [Scope.READ, Scope.OPERATE], "OPERATE"),
        ([], [Scope.TRACK, Scope.READ], "READ, TRACK"),
    ],
)
async def test_nobody_gives_away_more_than_they_have(
    tenant: Tenant, nothing_written: NothingWritten, held: Iterable[Scope], wanted: list[Scope], missing: str
) -> None:
    verb = partial(
        issue_api_key, account_id=tenant.account_id, name="more", scopes=wanted, issuer_scopes=held
    )
    async with nothing_written():
        with pytest.raises(ScopeNotHeld, match=f"does not hold {missing}, so"):
            await tenant.database.write(Command(tenant.account_id, verb))


async def test_scopes_come_back_in_their_order_without_doubles(tenant: Tenant) -> None:
    scopes = [Scope.TRACK, Scope.READ, Scope.TRACK]
    _, secret = await issue(tenant.database, tenant.account_id, "some", scopes)
    key = await found(tenant.database, secret)
    assert key is not None
    assert key.scopes == (Scope.READ, Scope.TRACK)


async def test_an_operators_key_has_no_account(database: Database) -> None:
    _, secret = await issue(database, None, "operator", [Scope.OPERATE])
    key = await found(database, secret)
    assert key is not None
    assert (key.account_id, key.scopes) == (None, (Scope.OPERATE,))


async def test_a_key_needs_an_account_that_exists(
    database: Database, nothing_written: NothingWritten
) -> None:
    async with nothing_written():
        with pytest.raises(AccountNotFound):
            await issue(database, new_id(), "nobody's")


async def test_uses_are_noted_the_latest_for_each_key(tenant: Tenant) -> None:
    other = await tenant.with_another_key()
    uses = (
        KeyUse(other.api_key_id, NOON),
        KeyUse(tenant.api_key_id, NOON + timedelta(minutes=2)),
        KeyUse(tenant.api_key_id, NOON + timedelta(minutes=1)),
    )
    assert await tenant.database.write(SetCommand(tenant.account_id, note_key_uses, uses)) == [None] * 3
    keys = [await found(tenant.database, each.secret) for each in (tenant, other)]
    assert [key and key.last_used_at for key in keys] == [NOON + timedelta(minutes=2), NOON]
