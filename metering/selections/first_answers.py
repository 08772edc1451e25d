"""What a request that comes again is answered: the selection that its first answer brought."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from metering.selections.keeping import KeptSelection, Selections, selections_by_id
from models.base import Json

_WORD = "selection"


def remembered(kept: KeptSelection | None) -> Json:
    """Say what a first answer must remember of its selection."""
    return {} if kept is None else {_WORD: kept.row.id.hex}


def selection_id_of(answer: Json) -> UUID | None:
    """Read which selection a first answer brought, if any."""
    return UUID(hex=str(answer[_WORD])) if _WORD in answer else None


def replayed_selections(
    session: Session, account_ids: Iterable[UUID], answers: Iterable[Json], made: Selections | None
) -> dict[UUID, KeptSelection]:
    """Give the selections of first answers, from this batch or from the store."""
    wanted = {id_ for answer in answers if (id_ := selection_id_of(answer))}
    own = {id_: kept for id_ in wanted if made is not None and (kept := made.of(id_))}
    return selections_by_id(session, account_ids, wanted - own.keys()) | own
