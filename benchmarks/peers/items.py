"""What the Python servers answer from memory: the same as benchmarks/peers/schema.cjs gives the Node ones."""

from dataclasses import dataclass

SCOPES = ["READ", "TRACK", "MANAGE"]


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A small object."""

    id: str
    name: str
    count: int
    price: str
    available: bool


def _price(number: int) -> str:
    return f"{number / 4:g}"


ITEMS = [
    ItemRow(f"item_{number}", f"name {number}", number, _price(number), number % 2 == 0)
    for number in range(5_000)
]
