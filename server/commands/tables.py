"""Lists for a person: a table as wide as its content, so that ids can be copied whole."""

import sys
from collections.abc import Iterable, Sequence

_WIDTH_IN_A_FILE = 400


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of text to standard output."""
    # Most commands print none, and should not wait for what draws them.
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*columns, box=box.SIMPLE, pad_edge=False)
    for row in rows:
        # Plain text: a name may hold what would otherwise be read as markup.
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console(width=None if sys.stdout.isatty() else _WIDTH_IN_A_FILE, highlight=False).print(table)
