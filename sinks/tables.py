"""The tables there are: one for each derived topic, and the facts of all owners for analytics."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from domain.account_view.record import AccountHoldings, AccountView
from domain.alert.record import Alert
from domain.billing_verdict.record import BillingHandoffVerdict
from domain.case.record import ReconciliationCase
from domain.delivery_view.record import FalloutView, FulfillmentException, FulfillmentPlanView
from domain.drift.finding import DriftFinding
from domain.metrics.fact import BusinessFact, fact_of
from domain.model import Model
from domain.order_reference.record import OrderReference
from domain.order_state.record import OrderState
from domain.order_state.states import ItemState
from domain.order_status.audiences import STATUS_OF
from domain.quote_view.record import QuoteView
from domain.quote_view.trace_record import PricingTrace
from domain.timeline.record import AccountTimeline, OrderTimeline, QuoteTimeline
from sinks.table import EVERY_STORE, Kind, Lifted, Paging, Table
from topics import catalogue
from topics.topic import Topic

_READ_MODEL = frozenset(("postgres",))
_CALCULATED_AT = Lifted("calculated_at", "derivation", "calculatedAt", Kind.TIMESTAMP)
_DERIVATION = (
    Lifted("rule_id", "derivation", "ruleId", Kind.TEXT),
    Lifted("rule_version", "derivation", "ruleVersion", Kind.TEXT),
    _CALCULATED_AT,
)
_DERIVATION_APART = (
    Lifted("derivation_rule_id", "derivation", "ruleId", Kind.TEXT),
    Lifted("derivation_rule_version", "derivation", "ruleVersion", Kind.TEXT),
    _CALCULATED_AT,
)
"""The same for records that name a rule of their own: the one that found the mismatch."""


def _table(
    topic: Topic,
    name: str,
    model: type[Model],
    key: str,
    *,
    paging: Paging | None = None,
    indexes: tuple[str | tuple[str, ...], ...] = (),
    lifted: tuple[Lifted, ...] = _DERIVATION,
    stores: frozenset[str] = _READ_MODEL,
    audience: str | None = None,
) -> Table:
    """A table of the read model; analytics have no use for the views of single things."""
    return Table(
        topic=topic.name,
        dead_letters=catalogue.dead_letters_of(topic.name).name,
        name=name,
        model=model,
        key=key,
        version="version",
        lifted=lifted,
        indexes=indexes,
        stores=stores,
        paging=paging,
        audience=audience,
    )


ORDER_STATE = _table(
    catalogue.ORDER_STATE,
    "order_state",
    OrderState,
    "order_id",
    paging=Paging(
        by=("last_event_at",),
        within=("order_number", "account_id", "quote_id", "state"),
        marks={f"item {state}": f"""items @> '[{{"state": "{state}"}}]'""" for state in ItemState},
    ),
    stores=EVERY_STORE,
)
ORDER_TIMELINE = _table(
    catalogue.ORDER_TIMELINE,
    "order_timeline",
    OrderTimeline,
    "page_id",
    paging=Paging(by=("month", "page"), within=("order_id",), newest_first=False, whole=False),
    indexes=("quote_id",),
)
ORDER_REFERENCES = _table(
    catalogue.ORDER_REFERENCES,
    "order_references",
    OrderReference,
    "reference_id",
    paging=Paging(by=("calculated_at",), within=("name", "order_id"), whole=False),
)
QUOTE_TIMELINE = _table(
    catalogue.QUOTE_TIMELINE,
    "quote_timeline",
    QuoteTimeline,
    "page_id",
    paging=Paging(by=("month", "page"), within=("quote_id",), newest_first=False, whole=False),
)
ACCOUNT_TIMELINE = _table(
    catalogue.ACCOUNT_TIMELINE,
    "account_timeline",
    AccountTimeline,
    "entry_id",
    paging=Paging(by=("position",), within=("account_id",), newest_first=False, whole=False),
)
QUOTE_VIEW = _table(
    catalogue.QUOTE_VIEW,
    "quote_view",
    QuoteView,
    "quote_id",
    paging=Paging(by=("calculated_at",), within=("state", "account_id", "quote_number"), marks={"stale": "stale"}),
    indexes=("converted_order_id", "catalog_publication_id"),
)
PRICING_TRACE = _table(
    catalogue.PRICING_TRACE,
    "pricing_trace",
    PricingTrace,
    "calculation_id",
    paging=Paging(by=("at",), within=("quote_id",), whole=False),
)
FULFILLMENT_PLAN = _table(
    catalogue.FULFILLMENT_PLAN,
    "fulfillment_plan",
    FulfillmentPlanView,
    "page_id",
    paging=Paging(by=("page",), within=("order_id",), newest_first=False, whole=False),
    indexes=("state",),
)
FALLOUT = _table(
    catalogue.FALLOUT,
    "fallout",
    FalloutView,
    "fallout_key",
    paging=Paging(by=("fallout_id",), within=("order_id",), newest_first=False, whole=False),
    indexes=(("open", "due_at"), "case_id", "account_id"),
)
FULFILLMENT_EXCEPTIONS = _table(
    catalogue.FULFILLMENT_EXCEPTIONS,
    "fulfillment_exception_view",
    FulfillmentException,
    "exception_id",
    paging=Paging(by=("since",), within=("order_id", "kind", "owner"), newest_first=False),
)
ACCOUNT_VIEW = _table(
    catalogue.ACCOUNT_VIEW,
    "account_view",
    AccountView,
    "account_id",
    indexes=("legal_identity_hash", "surviving_account_id", "state", "parent_account_id"),
)
ACCOUNT_HOLDINGS = _table(
    catalogue.ACCOUNT_HOLDINGS,
    "account_holdings",
    AccountHoldings,
    "share_id",
    paging=Paging(by=("share",), within=("account_id",), newest_first=False, whole=False),
)
BILLING_HANDOFF = _table(
    catalogue.BILLING_HANDOFF,
    "billing_handoff",
    BillingHandoffVerdict,
    "row_key",
    stores=EVERY_STORE,
    paging=Paging(by=("since",), within=("verdict", "order_id", "account_id", "product_instance_id")),
)
DRIFT_FINDINGS = _table(
    catalogue.DRIFT_FINDINGS,
    "drift_findings",
    DriftFinding,
    "finding_id",
    stores=EVERY_STORE,
    paging=Paging(
        by=("since",), within=("kind", "rule_id", "corrected_by", "entity_id", "order_id", "quote_id", "account_id")
    ),
    lifted=_DERIVATION_APART,
)
RECONCILIATION_CASES = _table(
    catalogue.RECONCILIATION_CASES,
    "reconciliation_cases",
    ReconciliationCase,
    "case_id",
    stores=EVERY_STORE,
    paging=Paging(
        by=("sla_due",),
        within=("status", "severity", "kind", "owner", "assignee_id", "rule_id", "entity_id", "order_id", "account_id"),
        marks={"open": "closed_at IS NULL"},
        newest_first=False,
    ),
    lifted=_DERIVATION_APART,
)

ALERTS = _table(
    catalogue.ALERTS,
    "alerts",
    Alert,
    "dedup_key",
    paging=Paging(by=("occurred_at",), within=("transition", "owner", "severity", "group_key")),
    lifted=_DERIVATION_APART,
)

_SEARCHED = ("order_number", "account_id", "state")


def _status(audience: str, model: type[Model]) -> Table:
    return _table(
        catalogue.ORDER_STATUS[audience],
        f"order_status_{audience}",
        model,
        "order_id",
        paging=Paging(
            by=("last_moved_at",) if "last_moved_at" in model.model_fields else ("calculated_at",),
            within=tuple(name for name in _SEARCHED if name in model.model_fields),
            marks={"stuck": "stuck"} if "stuck" in model.model_fields else {},
        ),
        audience=audience,
    )


ORDER_STATUS: Mapping[str, Table] = MappingProxyType({a: _status(a, model) for a, model in STATUS_OF.items()})
"""What each audience may see of an order; a database role of its own is granted each."""

BUSINESS_FACTS: tuple[Table, ...] = tuple(
    Table(
        topic=topic.name,
        dead_letters=catalogue.dead_letters_of(topic.name).name,
        name="business_facts",
        model=BusinessFact,
        key="event_id",
        version="version",
        stores=frozenset(("clickhouse",)),
        digest=fact_of,
    )
    for topic in catalogue.OWNER_TOPICS
)
"""What analytics know of the owners' events: one table that every owner's topic fills."""

TABLES: tuple[Table, ...] = (
    ORDER_STATE,
    *ORDER_STATUS.values(),
    ORDER_TIMELINE,
    ORDER_REFERENCES,
    QUOTE_TIMELINE,
    ACCOUNT_TIMELINE,
    QUOTE_VIEW,
    PRICING_TRACE,
    FULFILLMENT_PLAN,
    FALLOUT,
    FULFILLMENT_EXCEPTIONS,
    ACCOUNT_VIEW,
    ACCOUNT_HOLDINGS,
    BILLING_HANDOFF,
    DRIFT_FINDINGS,
    RECONCILIATION_CASES,
    ALERTS,
)


def tables_of(store: str) -> tuple[Table, ...]:
    """The tables a sink carries, by its name."""
    return tuple(table for table in (*TABLES, *BUSINESS_FACTS) if store in table.stores)
