"""What the oracle's labels stand for in the service, and the other way round."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from models.identity import IdKind, format_id


@dataclass
class Names:
    """The account, its first key, and an id for each label."""

    account_id: UUID
    api_key_id: UUID
    ids: dict[str, UUID] = field(default_factory=dict)
    labels: dict[UUID, str] = field(default_factory=dict)
    recorded: dict[str, list[str]] = field(default_factory=dict)  # the usages of runs recorded as a whole

    def named(self, expected: dict[str, Any], kind: str, id_: UUID) -> str:
        """Call what was made as the oracle does, or tell how it was called before."""
        if id_ not in self.labels:
            label: str = expected[kind]
            assert label not in self.ids, f"{label} is made a second time"
            self.ids[label], self.labels[id_] = id_, label
        return self.labels[id_]

    def id_of(self, label: str) -> UUID:
        """Find an id; what the oracle does not know is some id that nothing has."""
        return self.ids.get(label, _NOBODY)

    @property
    def subject_labels(self) -> dict[str, str]:
        """How keys and agents are called as subjects of budgets."""
        kinds = {"key 1": IdKind.API_KEY, "key 2": IdKind.API_KEY, "agent 1": IdKind.AGENT}
        return {format_id(kind, self.ids[label]): label for label, kind in kinds.items()}


_NOBODY = UUID(int=7)
