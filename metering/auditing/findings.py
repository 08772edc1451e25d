"""What an audit finds."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure, a hash or a reference that is not what the records say; amounts are credits."""

    account_id: UUID
    what: str
    recorded: str
    recomputed: str


@dataclass(frozen=True, slots=True)
class Audit:
    """How much was looked at, and the differences found: there must be none.

    `chain_hash` is the hash of the account's last transfer, which stands for its whole ledger: a caller who
    keeps it can tell later that nothing before was changed. It is None where several accounts were audited.
    """

    account_count: int
    transfer_count: int
    usage_count: int
    chain_hash: str | None
    differences: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        """Whether the books are right."""
        return not self.differences
