"""Whoever names an account, as one of its members: an order, a quote, a charge or an asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from domain.asset.states import AssetState
from domain.charge.states import ChargeState
from domain.order_state.states import HeaderState
from domain.quote.states import QuoteState


class Standing(NamedTuple):
    """Which states of a referrer mean that it came to nothing, and which that it came to its end as agreed."""

    what: str
    void: frozenset[str]
    settled: frozenset[str]


def _standing(what: str, void: frozenset[str], settled: frozenset[str] = frozenset()) -> Standing:
    return Standing(what, frozenset(str(s) for s in void), frozenset(str(s) for s in settled))


STANDINGS: Mapping[str, Standing] = {
    "ProductOrder": _standing(
        "Order",
        frozenset({HeaderState.REJECTED, HeaderState.CANCELLED, HeaderState.FAILED_CLOSED}),
        frozenset({HeaderState.COMPLETED, HeaderState.PARTIALLY_COMPLETED}),
    ),
    "Quote": _standing(
        "Quote",
        frozenset({QuoteState.CANCELLED, QuoteState.EXPIRED, QuoteState.SUPERSEDED, QuoteState.REJECTED}),
        frozenset({QuoteState.ACCEPTED, QuoteState.CONVERTED}),
    ),
    "Charge": _standing("Charge", frozenset({ChargeState.TERMINATED, ChargeState.REJECTED})),
    "Asset": _standing("Product", frozenset({AssetState.TERMINATED, AssetState.ACTIVATION_FAILED})),
}
"""By aggregate: a referrer that is neither void nor settled still goes on."""
