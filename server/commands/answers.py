"""How a command ends when the answer is no: one line on standard error, naming the fix."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from adapters.registry import BrokenAdapter
from metering.errors import Refusal
from models.availability import StoreUnavailable
from models.migrations import NewerSchema, UnreachableStore
from pricing.rate_card_file import RateCardError
from server.settings import InvalidSettings

EXPECTED = (
    Refusal,
    InvalidSettings,
    NewerSchema,
    UnreachableStore,
    StoreUnavailable,
    RateCardError,
    BrokenAdapter,
)


@contextmanager
def plain_refusals() -> Iterator[None]:
    """Turn what can be expected to go wrong into one line and exit code 1, without a traceback."""
    try:
        yield
    except EXPECTED as error:
        refuse(str(error))


def refuse(message: str) -> NoReturn:
    """End the command with one line on standard error and exit code 1."""
    typer.echo(f"Error: {' '.join(message.split())}", err=True)
    raise typer.Exit(1) from None


def hint(message: str) -> None:
    """Say something useful beside the answer: on standard error, so that scripts read the answer alone."""
    typer.echo(message, err=True)
