"""What a month of AI work would cost: Decimal arithmetic on today's prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from assistant.models import RelayPrice
from assistant.pricing import cost_of
from assistant.relay.types import Usage

MONTHS = 12
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Bill:
    """A month in USD, and the same in CNY at two rates (CNY for one USD)."""

    usd: Decimal
    relay_rate: Decimal
    market_rate: Decimal

    @property
    def usd_year(self) -> Decimal:
        return self.usd * MONTHS

    @property
    def cny_relay(self) -> Decimal:
        return self.usd * self.relay_rate

    @property
    def cny_market(self) -> Decimal:
        return self.usd * self.market_rate

    @property
    def saving(self) -> Decimal:
        """CNY a month by paying at the relay's rate; below zero when that is the dearer one."""
        return self.cny_market - self.cny_relay

    @property
    def saving_year(self) -> Decimal:
        return self.saving * MONTHS


@dataclass(frozen=True)
class Plan:
    """`shares`: model -> percent, 100 in all. `alone`: each priced model for the same tokens, cheapest first."""

    bill: Bill
    shares: Mapping[str, Decimal]
    alone: tuple[tuple[str, Bill], ...]


def make_plan(
    *,
    tokens: Usage,
    weights: Mapping[str, Decimal],
    prices: Mapping[str, RelayPrice],
    relay_rate: Decimal,
    market_rate: Decimal,
) -> Plan:
    """Divide a month's tokens among models by weight: 50 and 50 are the same halves as 1 and 1.

    Weights are divided by their sum last, so equal thirds are thirds and not 33.33 %. They must not be all zero, and
    every model in them must be in `prices`.
    """
    month = {name: cost_of(tokens, price) or Decimal(0) for name, price in prices.items()}
    whole = sum(weights.values(), Decimal(0))
    mixed = sum((weight * month[name] for name, weight in weights.items()), Decimal(0)) / whole
    return Plan(
        bill=Bill(mixed, relay_rate, market_rate),
        shares={name: weight * HUNDRED / whole for name, weight in weights.items() if weight},
        alone=tuple(
            (name, Bill(month[name], relay_rate, market_rate)) for name in sorted(month, key=month.__getitem__)
        ),
    )
