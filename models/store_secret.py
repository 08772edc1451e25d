"""The store's own secrets, the same for every process that shares it."""

from datetime import datetime

from sqlalchemy import LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Instant


class StoreSecret(Base):
    """A secret by its name. It is in every copy of the store, so it protects nothing that the store holds."""

    __tablename__ = "store_secret"
    __table_args__ = ({"sqlite_strict": True},)

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(Instant)
