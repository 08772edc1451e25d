"""What has an id of its own."""

import strawberry

ID = "The id: what kind of thing it is, an underscore, and 32 hexadecimal digits."


@strawberry.interface(description="Anything with an id of its own; `node(id)` finds it again.")
class Node:
    """Anything with an id of its own."""

    id: strawberry.ID = strawberry.field(description=ID)
