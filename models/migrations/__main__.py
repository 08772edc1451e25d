"""`python -m models.migrations "title"` writes the next migration; `make migration` calls it."""

import sys

from models.migrations import known_versions
from models.migrations.history import write_migration

if len(sys.argv) != 2 or not sys.argv[1].strip():  # noqa: PLR2004 - the program and its one argument
    sys.exit('Say what changes: make migration m="add budgets"')
write_migration(sys.argv[1], number=len(known_versions()) + 1)
