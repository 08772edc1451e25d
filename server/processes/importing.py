"""Importing: what a process begins with."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage within the block, and never among what it made.

    Modules stay for good: to look through them again and again takes a fifth of the time of a start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def without(package: str) -> Iterator[None]:
    """Import within the block as where a package is not installed; who asks for it later finds it.

    For what others import in case it is there. A package that is imported already stays as it is.
    """
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment] # Python's own sign for it
    try:
        yield
    finally:
        del sys.modules[package]
