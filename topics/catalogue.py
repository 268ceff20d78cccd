"""Every topic there is, and the only place where one is named: everything else looks it up here."""

from __future__ import annotations

from domain.catalogue import RECORDS, RecordType
from domain.errors import ContractError
from topics.owner_topics import (
    ACCOUNTS,
    APPROVAL_CASES,
    ASSETS,
    BILLING_HANDOFFS,
    CASE_DECISIONS,
    CATALOG_PUBLICATIONS,
    CHARGES,
    CONSUMER_CHECKPOINTS,
    EVIDENCE_PACKAGES,
    FALLOUT_CASES,
    FULFILLMENT_PLANS,
    GOVERNANCE_RECORDS,
    NON_BILLING_REASONS,
    ORDER_CAPTURE,
    OWNER_TOPICS,
    PAYMENT_AUTHORIZATIONS,
    PRICE_CALCULATIONS,
    PRODUCT_ORDERS,
    PROVISIONING_RESULTS,
    QUOTES,
    RESERVATIONS,
)
from topics.platform_topics import (
    ACCOUNT_HOLDINGS,
    ACCOUNT_TIMELINE,
    ACCOUNT_VIEW,
    ALERTS,
    AUDIENCES,
    BILLING_HANDOFF,
    CASES_CHANGELOG,
    CHANGELOGS,
    CLOCK,
    DEAD_LETTERS,
    DERIVED_TOPICS,
    DRIFT_FINDINGS,
    FALLOUT,
    FEEDS,
    FOLD_APPS,
    FOLD_CHANGELOGS,
    FULFILLMENT_EXCEPTIONS,
    FULFILLMENT_PLAN,
    INTERNAL_TOPICS,
    ORDER_REFERENCES,
    ORDER_STATE,
    ORDER_STATE_CHANGELOG,
    ORDER_STATUS,
    ORDER_TIMELINE,
    PLACING_CHANGELOG,
    PRICING_TRACE,
    QUOTE_DECISIONS,
    QUOTE_STALENESS,
    QUOTE_TIMELINE,
    QUOTE_VIEW,
    RECONCILIATION_CASES,
    TRUTH_HEALTH,
)
from topics.topic import Kind, Topic

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_HOLDINGS",
    "ACCOUNT_TIMELINE",
    "ACCOUNT_VIEW",
    "ALERTS",
    "APPROVAL_CASES",
    "ASSETS",
    "AUDIENCES",
    "BILLING_HANDOFF",
    "BILLING_HANDOFFS",
    "CASES_CHANGELOG",
    "CASE_DECISIONS",
    "CATALOG_PUBLICATIONS",
    "CHANGELOGS",
    "CHARGES",
    "CLOCK",
    "CONSUMER_CHECKPOINTS",
    "DEAD_LETTERS",
    "DERIVED_TOPICS",
    "DRIFT_FINDINGS",
    "EVIDENCE_PACKAGES",
    "FALLOUT",
    "FALLOUT_CASES",
    "FEEDS",
    "FOLD_APPS",
    "FOLD_CHANGELOGS",
    "FULFILLMENT_EXCEPTIONS",
    "FULFILLMENT_PLAN",
    "FULFILLMENT_PLANS",
    "GOVERNANCE_RECORDS",
    "INTERNAL_TOPICS",
    "NON_BILLING_REASONS",
    "ORDER_CAPTURE",
    "ORDER_REFERENCES",
    "ORDER_STATE",
    "ORDER_STATE_CHANGELOG",
    "ORDER_STATUS",
    "ORDER_TIMELINE",
    "OWNER_TOPICS",
    "PAYMENT_AUTHORIZATIONS",
    "PLACING_CHANGELOG",
    "PRICE_CALCULATIONS",
    "PRICING_TRACE",
    "PRODUCT_ORDERS",
    "PROVISIONING_RESULTS",
    "QUOTES",
    "QUOTE_DECISIONS",
    "QUOTE_STALENESS",
    "QUOTE_TIMELINE",
    "QUOTE_VIEW",
    "RECONCILIATION_CASES",
    "RESERVATIONS",
    "TOPICS",
    "TRUTH_HEALTH",
    "Kind",
    "Topic",
    "changelog_of",
    "contracted_records",
    "dead_letters_of",
    "topic_named",
    "topic_of",
]

TOPICS: tuple[Topic, ...] = (*OWNER_TOPICS, *DERIVED_TOPICS, *INTERNAL_TOPICS, *CHANGELOGS, *DEAD_LETTERS.values())
"""The whole catalogue: owner topics, derived ones, internal ones, changelogs, dead letters."""

_BY_NAME = {t.name: t for t in TOPICS}
_BY_RECORD = {(t.owner, t.aggregate, r): t for t in TOPICS for r in t.records}


def topic_named(name: str) -> Topic:
    """The topic of this name. Raises `ContractError` when the catalogue has none."""
    topic = _BY_NAME.get(name)
    if topic is None:
        message = f"The catalogue has no topic named {name!r}."
        raise ContractError(message, remediation="`ordertruth topics list` shows those there are.")
    return topic


def topic_of(record: RecordType) -> Topic:
    """The topic a record is published on. Raises `ContractError` when it has none."""
    topic = _BY_RECORD.get((record.owner, record.aggregate, record.name))
    if topic is None:
        message = f"No topic carries {record.name} of {record.owner}."
        raise ContractError(message, remediation="Add it to its owner's topic in topics/.")
    return topic


def dead_letters_of(source: str) -> Topic:
    """Where records of a consumed topic go that cannot be applied. Raises `ContractError` when nobody consumes it."""
    topic = DEAD_LETTERS.get(source)
    if topic is None:
        message = f"The topic {source!r} has no dead letters."
        raise ContractError(message, remediation="Name its consumers in the catalogue.")
    return topic


def changelog_of(app: str, store: str) -> Topic:
    """The changelog of an application's store. Raises `ContractError` when the catalogue has none."""
    return topic_named(f"internal.{app}.{store}.changelog.v1")


def contracted_records() -> tuple[tuple[Topic, RecordType], ...]:
    """Every record with a contract, beside the topic it belongs to."""
    return tuple((topic_of(r), r) for r in RECORDS)
