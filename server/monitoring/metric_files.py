"""Where several processes keep their counts: whoever is asked for metrics adds them up."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared_folder(folder: str) -> Iterator[None]:
    """Have processes that start within the block keep their counts in a folder."""
    os.environ[FOLDER_VARIABLE] = folder
    try:
        yield
    finally:
        del os.environ[FOLDER_VARIABLE]
