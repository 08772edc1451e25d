"""What pricing one usage takes, beside libraries that know the prices of language models."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from benchmarks.harness.called import Called, timed
from benchmarks.harness.figures import Figure, Work, waits
from benchmarks.harness.programs import PEERS, PEERS_PYTHON, Absent, Calls, caller, those_present
from benchmarks.harness.stage import Stage
from benchmarks.harness.turns import take_turns
from pricing.quote import price as price_one
from pricing.rate_card_file import built_in_rate_card
from pricing.units import Quantity, ServiceType, UnitType

LIBRARIES = ("genai-prices", "litellm")


def price(stage: Stage) -> Iterator[Figure]:
    """Price 3,000 tokens of gpt-4o-mini by the card, to the exact amount and the rounded one."""
    tokens = Quantity.parse("3000", UnitType.TOKENS)
    call = partial(price_one, built_in_rate_card(), ServiceType.GPT, "gpt-4o-mini", tokens)
    with ExitStack() as stack:
        rivals = {library: _library(library) for library in LIBRARIES}
        sides = [Called(name, calls.seconds) for name, calls in those_present(stack, rivals)]
        series = take_turns([Called("creditgraph", timed(call)), *sides], stage.pace)
    yield from waits(Work("price", "price one usage", "none", "µs"), series, {}, alone="<= 2")


@contextmanager
def _library(name: str) -> Iterator[Calls]:
    if not PEERS_PYTHON.exists():
        raise Absent("the packages of benchmarks/peers/requirements.txt")
    with caller([PEERS_PYTHON, PEERS / "prices.py", name]) as calls:
        yield calls
