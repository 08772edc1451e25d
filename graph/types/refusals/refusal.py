"""What all refusals have in common."""

import strawberry

from graph.types.refusal_codes import RefusalCode


@strawberry.interface(description="An expected no: nothing was done, and the message says what would help.")
class Refusal:
    """An expected no."""

    code: RefusalCode = strawberry.field(description="Why, for programs.")
    message: str = strawberry.field(description="Why, for people, and what would help.")
