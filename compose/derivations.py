"""Which folds make up which application."""

from __future__ import annotations

from collections.abc import Mapping

from domain.account_view.fold import AccountViewFold
from domain.account_view.holdings import AccountHoldingsFold
from domain.billing_verdict.fold import BillingHandoffs
from domain.delivery_view.fold import DeliveryViewFold
from domain.drift.folds import drift_folds
from domain.fold.fold import Fold
from domain.order_reference.fold import OrderReferenceFold
from domain.order_status.fold import OrderStatusFold
from domain.quote_view.fold import QuoteViewFold
from domain.quote_view.pricing_trace import PricingTraceFold
from domain.quote_view.staleness import QuoteStalenessFold
from domain.timeline.account_timeline import AccountTimelineFold
from domain.timeline.order_timeline import OrderTimelineFold
from domain.timeline.quote_timeline import QuoteTimelineFold
from topics.catalogue import TOPICS, Kind, Topic

CASES = "cases"
"""The application that makes findings cases."""
PLACING = "placing"
"""The application that brings every fact to the groups it belongs to."""

DERIVATIONS: Mapping[str, tuple[Fold, ...]] = {
    "order-status": (
        OrderStatusFold(),
        OrderTimelineFold(),
        DeliveryViewFold(),
        OrderReferenceFold(),
        QuoteViewFold(),
        QuoteTimelineFold(),
        PricingTraceFold(),
        QuoteStalenessFold(),
        AccountViewFold(),
        AccountHoldingsFold(),
        AccountTimelineFold(),
    ),
    "reconciliation": (BillingHandoffs(), *drift_folds()),
}
"""The folds of each application (`topics.catalogue.FOLD_APPS`)."""


def placed_topics(*apps: str) -> tuple[Topic, ...]:
    """The topics that carry what some fold of these applications, or of any, listens to, as the catalogue has them."""
    kinds = frozenset[str]().union(*(fold.kinds for app in apps or DERIVATIONS for fold in DERIVATIONS[app]))
    return tuple(t for t in TOPICS if t.kind in (Kind.OWNER, Kind.DERIVED) and kinds.intersection(t.records))


def derived_topics(app: str) -> tuple[Topic, ...]:
    """The topics an application's rows go to, in the order of the catalogue."""
    records = frozenset[str]().union(*(fold.records for fold in DERIVATIONS[app]))
    return tuple(t for t in TOPICS if t.kind is Kind.DERIVED and records.intersection(t.records))
