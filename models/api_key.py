"""API keys: who may ask for what. Reference tables, looked up by the hash of the secret."""

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant


class Scope(StrEnum):
    """What a key may do."""

    READ = "READ"
    TRACK = "TRACK"
    MANAGE = "MANAGE"
    OPERATE = "OPERATE"


class ApiKey(Base):
    """A secret's hash with its scopes. An operator's key has no account.

    Until `old_secrets_until` secrets from before its last rotation may work too; each has its own end.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("secret_hash"),
        Index("ix_api_key_account", "account_id", "created_at", "id"),
        {"sqlite_strict": True},
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    account_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[str] = mapped_column(Text)
    scope_names: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    rotated_at: Mapped[datetime | None] = mapped_column(Instant)
    old_secrets_until: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """What the key may do, in the order READ, TRACK, MANAGE, OPERATE."""
        return _scopes(self.scope_names)


class OldSecret(Base):
    """A secret that a rotation replaced, as its hash; it goes on working until `valid_until`."""

    __tablename__ = "old_secret"
    __table_args__ = (Index("ix_old_secret_api_key", "api_key_id"), {"sqlite_strict": True})

    secret_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    api_key_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_key.id"))
    valid_until: Mapped[datetime] = mapped_column(Instant)


@lru_cache(maxsize=64)
def _scopes(names: str) -> tuple[Scope, ...]:
    # Each field that needs a scope asks.
    granted = set(names.split())
    return tuple(scope for scope in Scope if scope.value in granted)
