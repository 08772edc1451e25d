"""What price libraries take for one usage of a language model, called as often as it is told.

Usage: PYTHON prices.py LIBRARY; then numbers of calls on its input, and seconds on its output.
"""

import os
import sys
import time
from collections.abc import Callable

TOKENS_IN, TOKENS_OUT, MODEL = 2_000, 1_000, "gpt-4o-mini"


def genai_prices() -> Callable[[], object]:
    import genai_prices  # noqa: PLC0415 - each process has one library only

    usage = genai_prices.Usage(input_tokens=TOKENS_IN, output_tokens=TOKENS_OUT)
    return lambda: genai_prices.calc_price(usage, MODEL, provider_id="openai").total_price


def litellm() -> Callable[[], object]:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # prices as installed: nothing is fetched
    import litellm  # type: ignore[import-not-found]  # noqa: PLC0415 - likewise

    return lambda: litellm.cost_per_token(MODEL, prompt_tokens=TOKENS_IN, completion_tokens=TOKENS_OUT)


def main(library: str) -> None:
    price = {"genai-prices": genai_prices, "litellm": litellm}[library]()
    price()
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        for _ in range(int(line)):
            price()
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
