"""What stands in the way of a plan, in words that say what would help."""

from typing import Self

import strawberry

from graph.types.budget import Budget
from graph.types.enums import described
from metering.quotes import Obstacle, ObstacleKind
from pricing.credits import Credits

described(
    "What would refuse a plan.",
    CONFIGURATION_LIMIT="The configuration's limit for one request.",
    BALANCE="The account's credits, its credit line included.",
    BUDGET="A budget that blocks.",
)(ObstacleKind)


@strawberry.type(description="A limit that leaves less than a plan needs at this moment.")
class QuoteObstacle:
    """A limit that leaves less than a plan needs."""

    kind: ObstacleKind = strawberry.field(description="What would refuse it.")
    needed: Credits = strawberry.field(description="The credits that the plan needs.")
    left: Credits = strawberry.field(description="The credits that the limit leaves.")
    message: str = strawberry.field(description="All this in words, with what would help.")
    budget: Budget | None = strawberry.field(description="The budget, where it is one.")

    @classmethod
    def of(cls, obstacle: Obstacle) -> Self:
        """Show an obstacle."""
        return cls(
            kind=obstacle.kind,
            needed=obstacle.needed,
            left=obstacle.left,
            message=obstacle.message,
            budget=None if obstacle.budget is None else Budget.of(obstacle.budget),
        )
