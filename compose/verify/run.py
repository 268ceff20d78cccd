"""The whole check over a running platform (R229, R582)."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from avro.names import snake
from avro.registry import Registry
from compose.derivations import DERIVATIONS
from compose.stack.endpoints import Endpoints
from compose.verify import accounting
from compose.verify.compare import Mismatch, compare
from compose.verify.derivation import Records, behind, canonical_records, check, order_state
from compose.verify.folds import check_folds
from compose.verify.rest import POLL_SECONDS, await_rest, in_flight
from domain.billing_verdict.invariant import Violation
from domain.billing_verdict.record import BillingHandoffVerdict
from domain.drift.finding import DriftFinding
from domain.errors import UnavailableError
from domain.fold.canonical import canonical_row
from sinks.clickhouse.connection import connect
from sinks.clickhouse.reader import read_order_states as read_analytics
from sinks.postgres.reader import read_order_states as read_model
from sinks.postgres.reader import read_records
from sinks.tables import RECONCILIATION_CASES, tables_of
from topics.catalogue import PRODUCT_ORDERS

__all__ = ["CONSUMER", "POLL_SECONDS", "Report", "in_flight", "verify"]

CONSUMER = order_state().consumer
BILLING_ROW = BillingHandoffVerdict.__name__


@dataclass(slots=True)
class Report:
    """What the check found; `mismatches` is empty when every copy equals the fold of the raw events.

    `lost` counts records that were left out and orders a copy lacks or holds at an older version, `double_counted`
    records that were taken more often than they are there; both are 0 unless `mismatches` says more.
    """

    mismatches: list[Mismatch]
    events: int
    orders: int
    derived: int
    read_model: int
    analytics: int | None
    dead_letters: int
    accounting: dict[str, Any]
    seconds: float
    lost: int = 0
    double_counted: int = 0
    omitted: int = 0
    notes: list[str] = field(default_factory=list)
    checked: int = 0
    """Delivered components the billing invariant was checked of."""
    violations: list[Violation] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)
    """How many rows stand of each record derived by folds."""

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "mismatches": len(self.mismatches),
            "details": [m._asdict() for m in self.mismatches[:100]],
            "events": self.events,
            "orders": self.orders,
            "derived": {"order_state": self.derived, **{snake(name): n for name, n in self.records.items()}},
            "read_model": {"order_state": self.read_model},
            "analytics": {"order_state": self.analytics},
            "dead_letters": self.dead_letters,
            "billing_invariant": {
                "checked": self.checked,
                "violations": len(self.violations),
                "details": [f"{v.completed.row_key}: {v.why}" for v in self.violations[:100]],
            },
            "accounting": self.accounting,
            "lost": self.lost,
            "double_counted": self.double_counted,
            "omitted": self.omitted,
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }


def verify(
    endpoints: Endpoints,
    *,
    settle_seconds: float = 60.0,
    omit_event: str | None = None,
    apps: Collection[str] = tuple(DERIVATIONS),
) -> Report:
    """Recompute and compare, in this order; `apps` are the applications made of folds that take part:

    1. wait until everything published has been derived and has arrived in the copies;
    2. check the derivation from its topics, with a consumer, a registry client and rules of its own (see
       `derivation.check`): derived records, cited inputs, accounting;
    3. compare the newest record of each order in PostgreSQL and in ClickHouse with the same fold, field by field.

    ClickHouse being away is a note, not a mismatch: it is no authority. Raises `UnavailableError` when another part
    is away or the platform does not come to rest within `settle_seconds`.
    """
    began = time.monotonic()
    notes = await_rest(endpoints, settle_seconds, apps)
    with Registry(endpoints.registry_url) as registry:
        checked = check(endpoints.kafka_config(), registry.schema_for_id, order_state(), omit_event=omit_event)
        folds = check_folds(endpoints.kafka_config(), registry, apps, omit_event=omit_event)
    with psycopg.connect(endpoints.database_url) as connection:
        model = dict(read_model(connection))
        rows = [*_copied(connection, folds.records)]
        cases = dict(read_records(connection, RECONCILIATION_CASES)) if apps else {}
    analytics = _analytics(endpoints, notes)
    expected = checked.expected
    copies = [
        *compare("postgres", expected.records, canonical_records(model)),
        *([] if analytics is None else compare("clickhouse", expected.records, canonical_records(analytics))),
    ]
    return Report(
        [*checked.mismatches, *copies, *folds.mismatches, *rows, *_uncovered(folds.records, cases)],
        events=expected.read.total(),
        orders=len(expected.records),
        derived=len(checked.derived),
        read_model=len(model),
        analytics=None if analytics is None else len(analytics),
        dead_letters=checked.dead_letters,
        accounting=accounting.table(PRODUCT_ORDERS.name, checked.positions),
        lost=checked.balance.lost + behind(copies),
        double_counted=checked.balance.double_counted,
        seconds=time.monotonic() - began,
        omitted=expected.omitted,
        notes=notes,
        records={record: len(found) for record, found in sorted(folds.records.items())},
        checked=len(folds.billing.completed()),
        violations=folds.billing.violations(
            folds.records.get(BILLING_ROW, {}), cases.values(), _newest_moment(folds.records)
        ),
    )


def _uncovered(derived: Mapping[str, Records], cases: Records) -> Iterator[Mismatch]:
    """Findings without a case that says so, and open cases whose mismatch is said to stand and does not."""
    findings = derived.get(DriftFinding.__name__, {})
    for key in sorted({*findings, *(k for k, case in cases.items() if case["standing"])}):
        case = cases.get(key)
        if case is None:
            yield Mismatch("cases", key, "(record)", "a case of the finding", None)
        elif case["standing"] != (key in findings):
            yield Mismatch("cases", key, "standing", key in findings, case["standing"])
        elif (case["ruleId"], case["verdict"]) != (findings[key]["ruleId"], findings[key]["verdict"]):
            yield Mismatch("cases", key, "verdict", findings[key]["verdict"], case["verdict"])


def _newest_moment(derived: Mapping[str, Records]) -> datetime:
    """The newest time any row began: no wait may have been over before, as rows change when theirs is."""
    found = (row["since"] for row in derived.get(BILLING_ROW, {}).values())
    return max(found, default=datetime.min.replace(tzinfo=UTC))


def _copied(connection: psycopg.Connection[Any], derived: Mapping[str, Records]) -> Iterator[Mismatch]:
    """Where a table of the read model is not what its derived topic holds, which was compared with the fold."""
    for table in tables_of("postgres"):
        record = table.model.__name__
        if record in derived:
            rows = {key: canonical_row(row) for key, row in read_records(connection, table)}
            yield from compare(f"postgres {table.name}", derived[record], rows)


def _analytics(endpoints: Endpoints, notes: list[str]) -> Records | None:
    try:
        client = connect(endpoints.clickhouse_dsn)
        try:
            return dict(read_analytics(client))
        finally:
            client.close()
    except UnavailableError as error:
        notes.append(f"analytics not compared: {error.message}")
        return None
