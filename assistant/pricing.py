"""What tokens cost: Decimal arithmetic on price rows, nothing else."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from assistant.models import RelayPrice
from assistant.relay.types import Usage

PLACES = Decimal("0.0000000001")
MILLION = Decimal(1_000_000)


def cost_of(usage: Usage, price: RelayPrice | None) -> Decimal | None:
    """USD for `usage` at `price`, to 10 places; None when the price is unknown.

    Cached tokens are part of the prompt tokens and are charged at their own price.
    """
    if price is None:
        return None
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    total = (
        (usage.prompt_tokens - cached) * price.input
        + cached * price.cached_input
        + usage.completion_tokens * price.output
    )
    return (total / MILLION).quantize(PLACES, ROUND_HALF_UP)


def worst_case(prompt_bytes: int, max_tokens: int, price: RelayPrice | None) -> Decimal | None:
    """USD that a call can cost at most: no tokenizer makes more tokens than there are bytes of UTF-8."""
    return cost_of(Usage(prompt_bytes, max_tokens), price)
