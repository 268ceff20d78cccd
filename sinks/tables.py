"""The tables of the read model, one for each derived topic."""

from __future__ import annotations

from collections.abc import Mapping

from domain.account_view.record import AccountHoldings, AccountView
from domain.billing_verdict.record import BillingHandoffVerdict
from domain.delivery_view.record import FalloutView, FulfillmentException, FulfillmentPlanView
from domain.drift.finding import DriftFinding
from domain.model import Model
from domain.order_state.record import OrderState
from domain.order_status.audiences import STATUS_OF
from domain.quote_view.record import QuoteView
from domain.quote_view.trace_record import PricingTrace
from domain.timeline.record import AccountTimeline, OrderTimeline, QuoteTimeline
from sinks.table import Kind, Lifted, Table
from topics import catalogue
from topics.topic import Topic

_DERIVATION = (
    Lifted("rule_id", "derivation", "ruleId", Kind.TEXT),
    Lifted("rule_version", "derivation", "ruleVersion", Kind.TEXT),
    Lifted("calculated_at", "derivation", "calculatedAt", Kind.TIMESTAMP),
)

ORDER_STATE = Table(
    topic=catalogue.ORDER_STATE.name,
    dead_letters=catalogue.dead_letters_of(catalogue.ORDER_STATE.name).name,
    name="order_state",
    model=OrderState,
    key="order_id",
    version="version",
    lifted=_DERIVATION,
    indexes=("order_number", "account_id", "quote_id", "state", "last_event_at"),
)


def _view(
    topic: Topic, name: str, model: type[Model], key: str, indexes: tuple[str | tuple[str, ...], ...] = ()
) -> Table:
    """A table of the read model alone: analytics have no use for the views of single things."""
    return Table(
        topic=topic.name,
        dead_letters=catalogue.dead_letters_of(topic.name).name,
        name=name,
        model=model,
        key=key,
        version="version",
        lifted=_DERIVATION,
        indexes=indexes,
        stores=frozenset(("postgres",)),
    )


ORDER_TIMELINE = _view(
    catalogue.ORDER_TIMELINE, "order_timeline", OrderTimeline, "page_id", (("order_id", "month", "page"), "quote_id")
)
QUOTE_TIMELINE = _view(
    catalogue.QUOTE_TIMELINE, "quote_timeline", QuoteTimeline, "page_id", (("quote_id", "month", "page"),)
)
ACCOUNT_TIMELINE = _view(
    catalogue.ACCOUNT_TIMELINE, "account_timeline", AccountTimeline, "entry_id", (("account_id", "position"),)
)
QUOTE_VIEW = _view(
    catalogue.QUOTE_VIEW,
    "quote_view",
    QuoteView,
    "quote_id",
    ("quote_number", "account_id", ("state", "state_since"), "converted_order_id", "catalog_publication_id", "stale"),
)
PRICING_TRACE = _view(catalogue.PRICING_TRACE, "pricing_trace", PricingTrace, "calculation_id", (("quote_id", "at"),))
FULFILLMENT_PLAN = _view(
    catalogue.FULFILLMENT_PLAN, "fulfillment_plan", FulfillmentPlanView, "page_id", (("order_id", "page"), "state")
)
FALLOUT = _view(
    catalogue.FALLOUT, "fallout", FalloutView, "fallout_key", ("order_id", ("open", "due_at"), "case_id", "account_id")
)
FULFILLMENT_EXCEPTIONS = _view(
    catalogue.FULFILLMENT_EXCEPTIONS,
    "fulfillment_exception_view",
    FulfillmentException,
    "exception_id",
    ("order_id", ("kind", "since"), "since"),
)
ACCOUNT_VIEW = _view(
    catalogue.ACCOUNT_VIEW,
    "account_view",
    AccountView,
    "account_id",
    ("legal_identity_hash", "surviving_account_id", "state", "parent_account_id"),
)
ACCOUNT_HOLDINGS = _view(catalogue.ACCOUNT_HOLDINGS, "account_holdings", AccountHoldings, "share_id", ("account_id",))

ORDER_STATUS: Mapping[str, Table] = {
    audience: _view(catalogue.ORDER_STATUS[audience], f"order_status_{audience}", model, "order_id", ("account_id",))
    for audience, model in STATUS_OF.items()
}
"""What each audience may see of an order; a database role of its own is granted each."""
BILLING_HANDOFF = _view(
    catalogue.BILLING_HANDOFF,
    "billing_handoff",
    BillingHandoffVerdict,
    "row_key",
    ("order_id", ("verdict", "since"), "account_id", "product_instance_id"),
)
DRIFT_FINDINGS = _view(
    catalogue.DRIFT_FINDINGS,
    "drift_findings",
    DriftFinding,
    "finding_id",
    (("rule_id", "since"), ("kind", "since"), "order_id", "account_id", "entity_id", "cause"),
)

TABLES: tuple[Table, ...] = (
    ORDER_STATE,
    *ORDER_STATUS.values(),
    BILLING_HANDOFF,
    DRIFT_FINDINGS,
    ORDER_TIMELINE,
    QUOTE_TIMELINE,
    ACCOUNT_TIMELINE,
    QUOTE_VIEW,
    PRICING_TRACE,
    FULFILLMENT_PLAN,
    FALLOUT,
    FULFILLMENT_EXCEPTIONS,
    ACCOUNT_VIEW,
    ACCOUNT_HOLDINGS,
)


def tables_of(store: str) -> tuple[Table, ...]:
    """The tables a sink carries, by its name."""
    return tuple(table for table in TABLES if store in table.stores)
