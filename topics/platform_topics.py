"""The platform's own topics: what it derives, what its parts tell each other, changelogs and dead letters."""

from __future__ import annotations

from types import MappingProxyType

from domain.model import Classification
from topics.owner_topics import OWNER_TOPICS
from topics.principals import PLATFORM
from topics.topic import KIB, MIB, MINUTE_MS, VALUE_BYTES_MAX, Cleanup, Kind, Topic

FOLD_APPS = ("order-status", "reconciliation")
"""Applications made of folds (`domain.fold`), each fed by one internal topic of its own."""
AUDIENCES = ("customer", "sales", "support", "fulfillment", "finance", "compliance")

_DERIVED_BYTES_MAX = 2 * MIB
_CHANGELOG_BYTES_MAX = 8 * MIB  # a store's entry remembers many events
_ROOM_FOR_HEADERS = 128 * KIB  # a dead letter is the original plus the reason
_SINKS = ("sink-postgres", "sink-clickhouse")


def _derived(
    name: str,
    aggregate: str,
    key: str,
    *,
    about: str,
    records: tuple[str, ...] = (),
    classification: Classification = Classification.CONFIDENTIAL,
    consumers: tuple[str, ...] = _SINKS,
) -> Topic:
    return Topic(
        name=name,
        kind=Kind.DERIVED,
        owner=PLATFORM,
        key=key,
        description=about,
        classification=classification,
        aggregate=aggregate,
        records=records,
        consumers=consumers,
        cleanup=Cleanup.COMPACT,
        max_bytes=_DERIVED_BYTES_MAX,
    )


ORDER_STATE = _derived(
    "derived.order-state.v1",
    "OrderState",
    "order id",
    records=("OrderState",),
    about="Header state of each order derived from its items, with the evidence.",
    consumers=("order-status", "reconciliation", "truth-health", *_SINKS),
)
ORDER_STATUS = MappingProxyType(
    {
        audience: _derived(
            f"derived.order-status-{audience}.v1",
            "OrderStatus",
            "order id",
            records=(f"OrderStatus{audience.capitalize()}",),
            about=f"What the audience {audience} may see of an order, and nothing else.",
        )
        for audience in AUDIENCES
    }
)
"""The status topics by audience."""
BILLING_HANDOFF = _derived(
    "derived.billing-handoff.v1",
    "BillingHandoffVerdict",
    "product instance and component, or charge",
    records=("BillingHandoffVerdict",),
    about="Whether what was delivered is billed as agreed, and what is at risk.",
    consumers=("cases", "truth-health", *_SINKS),
)
DRIFT_FINDINGS = _derived(
    "derived.drift-findings.v1",
    "DriftFinding",
    "finding id",
    records=("DriftFinding",),
    about="Differences between systems, by rule.",
    consumers=("cases", "truth-health", *_SINKS),
)
RECONCILIATION_CASES = _derived(
    "derived.reconciliation-cases.v1",
    "ReconciliationCase",
    "case id",
    records=("ReconciliationCase",),
    about="Findings as cases, from opening to closing.",
    consumers=("alerts", "reconciliation", "truth-health", *_SINKS),
)
TRUTH_HEALTH = _derived(
    "derived.truth-health.v1",
    "TruthHealth",
    "metric, scope and window",
    about="How well the truth is known.",
    classification=Classification.INTERNAL,
    consumers=("alerts", *_SINKS),
)
_READ_MODEL = ("sink-postgres",)
"""Views of single things, which analytics have no use for."""

ORDER_TIMELINE = _derived(
    "derived.order-timeline.v1",
    "OrderTimeline",
    "order, month and page",
    records=("OrderTimeline",),
    about="Every event about an order, in causal order, in pages of a calendar month.",
    consumers=_READ_MODEL,
)
ORDER_REFERENCES = _derived(
    "derived.order-references.v1",
    "OrderReference",
    "order and system",
    records=("OrderReference",),
    about="What other systems call an order, one record for each of them.",
    consumers=_READ_MODEL,
)
QUOTE_TIMELINE = _derived(
    "derived.quote-timeline.v1",
    "QuoteTimeline",
    "quote, month and page",
    records=("QuoteTimeline",),
    about="Every event about a quote, its prices, approvals and evidence, in causal order.",
    consumers=_READ_MODEL,
)
ACCOUNT_TIMELINE = _derived(
    "derived.account-timeline.v1",
    "AccountTimeline",
    "account and event",
    records=("AccountTimeline",),
    about="The material steps of an account's commercial life, one record for each.",
    consumers=_READ_MODEL,
)
QUOTE_VIEW = _derived(
    "derived.quote-view.v1",
    "QuoteView",
    "quote id",
    records=("QuoteView",),
    about="Quotes in the pipeline, with approvals, validation, evidence and what became of them.",
    consumers=_READ_MODEL,
)
QUOTE_DECISIONS = _derived(
    "derived.quote-decisions.v1",
    "QuoteDecisions",
    "quote id",
    records=("QuoteDecisions",),
    about="Who decided what about a quote, with what authority and evidence, and what is missing.",
    consumers=("placing",),
)
QUOTE_STALENESS = _derived(
    "derived.quote-staleness.v1",
    "QuoteStaleness",
    "catalog publication and quote",
    records=("QuoteStaleness",),
    about="Approved or presented quotes whose catalog publication another one supersedes.",
    consumers=("placing", "truth-health"),
)
PRICING_TRACE = _derived(
    "derived.pricing-trace.v1",
    "PricingTrace",
    "price calculation id",
    records=("PricingTrace",),
    about="How each price came about, step by step.",
    consumers=_READ_MODEL,
)
FULFILLMENT_PLAN = _derived(
    "derived.fulfillment-plan.v1",
    "FulfillmentPlanView",
    "order and page",
    records=("FulfillmentPlanView",),
    about="The delivery plan of an order and how far each task has come.",
    consumers=_READ_MODEL,
)
FALLOUT = _derived(
    "derived.fallout.v1",
    "FalloutView",
    "order and fallout",
    records=("FalloutView",),
    about="Each fallout of an order with its case, runbook, owner and repairs.",
    consumers=_READ_MODEL,
)
FULFILLMENT_EXCEPTIONS = _derived(
    "derived.fulfillment-exceptions.v1",
    "FulfillmentException",
    "order, kind and what it is about",
    records=("FulfillmentException",),
    about="What in deliveries stands and needs somebody.",
    consumers=_READ_MODEL,
)
ACCOUNT_VIEW = _derived(
    "derived.account-view.v1",
    "AccountView",
    "account id",
    records=("AccountView",),
    about="Accounts as known, without names and addresses.",
    consumers=_READ_MODEL,
)
ACCOUNT_HOLDINGS = _derived(
    "derived.account-holdings.v1",
    "AccountHoldings",
    "account and share",
    records=("AccountHoldings",),
    about="What accounts have, counted by kind and state, in shares.",
    consumers=_READ_MODEL,
)
ALERTS = _derived(
    "ops.alerts.v1",
    "Alert",
    "deduplication key",
    records=("Alert",),
    about="Alerts opened, updated and resolved.",
    consumers=("alerts", *_SINKS),
)
CLOCK = Topic(
    name="internal.clock.v1",
    kind=Kind.INTERNAL,
    owner=PLATFORM,
    key="tenant id",
    description="The platform clock of each tenant; each tick goes to every partition, so that every task reads it.",
    classification=Classification.INTERNAL,
    aggregate="Clock",
    consumers=("placing", *FOLD_APPS, "cases", "truth-health"),
    cleanup=Cleanup.COMPACT,
)


def rekeyed(app: str, purpose: str, source: Topic, *, key: str, about: str, consumers: tuple[str, ...]) -> Topic:
    """The internal topic on which `app` publishes the facts of `source` under another key.

    Everything is kept, because facts of one key are many. A fact has the headers of its original and where that lies.
    """
    return Topic(
        name=f"internal.{app}.{purpose}.v1",
        kind=Kind.INTERNAL,
        owner=PLATFORM,
        key=key,
        description=about,
        classification=source.classification,
        aggregate=source.aggregate,
        consumers=consumers,
        max_bytes=source.max_bytes + _ROOM_FOR_HEADERS,
    )


def _feed(app: str) -> Topic:
    return Topic(
        name=f"internal.placing.{app}.v1",
        kind=Kind.INTERNAL,
        owner=PLATFORM,
        key="group id",
        description=f"Copies of the owners' facts for {app}, each under the id of every group it belongs to.",
        classification=Classification.PII,
        consumers=(app,),
        max_bytes=VALUE_BYTES_MAX + _ROOM_FOR_HEADERS,
    )


FEEDS = MappingProxyType({app: _feed(app) for app in FOLD_APPS})
"""What feeds each application made of folds."""
INTERNAL_TOPICS: tuple[Topic, ...] = (CLOCK, *FEEDS.values())
DERIVED_TOPICS: tuple[Topic, ...] = (
    ORDER_STATE,
    *ORDER_STATUS.values(),
    BILLING_HANDOFF,
    DRIFT_FINDINGS,
    RECONCILIATION_CASES,
    TRUTH_HEALTH,
    ORDER_TIMELINE,
    ORDER_REFERENCES,
    QUOTE_TIMELINE,
    ACCOUNT_TIMELINE,
    QUOTE_VIEW,
    QUOTE_DECISIONS,
    QUOTE_STALENESS,
    PRICING_TRACE,
    FULFILLMENT_PLAN,
    FALLOUT,
    FULFILLMENT_EXCEPTIONS,
    ACCOUNT_VIEW,
    ACCOUNT_HOLDINGS,
    ALERTS,
)


def _changelog(app: str, store: str, classification: Classification) -> Topic:
    return Topic(
        name=f"internal.{app}.{store}.changelog.v1",
        kind=Kind.CHANGELOG,
        owner=PLATFORM,
        key="as in the store",
        description=f"Everything the {store} of {app} holds, for a successor to read.",
        classification=classification,
        consumers=(),  # only the application itself restores from it
        cleanup=Cleanup.COMPACT,
        max_bytes=_CHANGELOG_BYTES_MAX,
        extra_config=MappingProxyType(
            {
                # The active segment is never compacted: small ones keep restoring short.
                "segment.ms": str(10 * MINUTE_MS),
                "segment.bytes": str(32 * MIB),
                "min.cleanable.dirty.ratio": "0.2",
            }
        ),
    )


ORDER_STATE_CHANGELOG = _changelog("order-state", "store", Classification.PII)
PLACING_CHANGELOG = _changelog("placing", "store", Classification.INTERNAL)
FOLD_CHANGELOGS = MappingProxyType({app: _changelog(app, "store", Classification.PII) for app in FOLD_APPS})
"""The changelog of each application made of folds."""
CASES_CHANGELOG = _changelog("cases", "store", Classification.CONFIDENTIAL)
CHANGELOGS: tuple[Topic, ...] = (ORDER_STATE_CHANGELOG, PLACING_CHANGELOG, *FOLD_CHANGELOGS.values(), CASES_CHANGELOG)


def _dead_letters(source: Topic) -> Topic:
    return Topic(
        name=f"dlq.{source.name}",
        kind=Kind.DEAD_LETTER,
        owner=PLATFORM,
        key=f"as on {source.name}",
        description=f"Records of {source.name} that could not be read or applied, byte for byte, with the reason.",
        classification=source.classification,
        aggregate=source.aggregate,
        # Never compacted: two bad records of one key are two losses.
        cleanup=Cleanup.DELETE,
        max_bytes=source.max_bytes + _ROOM_FOR_HEADERS,
    )


DEAD_LETTERS = MappingProxyType(
    {
        source.name: _dead_letters(source)
        for source in (*OWNER_TOPICS, *DERIVED_TOPICS, *INTERNAL_TOPICS)
        if source.consumers
    }
)
"""The dead-letter topic of each consumed topic, by the name of the latter."""
