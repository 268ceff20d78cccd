"""What single things cost, each as it was measured, and where.

Measured anew they belong here, with their source: the model has no other numbers of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BENCH = "docs/performance.md"
RUN = "200 matters of `ordertruth simulate --seed 9 --faults mixed` on an embedded stack of 2 cores and 4 partitions"
CPU = "CPU seconds of a worker over the whole run, less those of a start with nothing to do"


@dataclass(frozen=True, slots=True)
class UnitCost:
    """One measured cost: a number, what it is for, and the measurement it is from."""

    value: float
    unit: str
    source: str


def _run(value: float, unit: str, what: str) -> UnitCost:
    return UnitCost(value, unit, f"{what}; {RUN}")


def _worker(cpu_s: float, records: int) -> UnitCost:
    return _run(cpu_s / records * 1e6, "CPU µs for a record read", f"{cpu_s} s for {records:,} records: {CPU}")


COSTS: Mapping[str, UnitCost] = {
    "events_per_order": _run(29.7, "events of an order without its lines", "11,589 events of 174 orders, less lines"),
    "events_per_line": _run(12.2, "events of a line without its tasks", "provisioning to invoices, 302 lines"),
    "events_per_task": _run(2.37, "events of a task", "2,729 events of plans with 1,150 tasks started"),
    "line_bytes": UnitCost(
        326, "bytes of a quote line in an event", "36,491 bytes of QuoteConfigured with 112 lines; `told(60, 3)`"
    ),
    "event_bytes": _run(391, "bytes of log for an owner's event", "4,526,376 bytes of log for 11,589 events"),
    "fact_bytes": _run(82, "bytes in ClickHouse for an event", "945,346 bytes of parts for 11,589 facts"),
    "order_state": UnitCost(77, "CPU µs for a record read", f"uniform, 13,000 events/s of one worker; {BENCH}"),
    "placing": _worker(1.79, 11_589),
    "order_status": _worker(8.22, 26_924),
    "reconciliation": _worker(9.74, 31_671),
    "cases": _worker(2.18, 3_262),
    "facts": _run(124, "CPU µs for a record read", "reading and digesting 11,589 events, the slower of two rounds"),
    "order_memory_bytes": UnitCost(1292, "bytes of memory for an order in a store", f"memory, at its end; {BENCH}"),
    "changelog_records": UnitCost(5, "changelog records of an order before compaction", f"restore; {BENCH}"),
    "changelog_bytes": UnitCost(680, "bytes of a changelog record", f"restore; {BENCH}"),
    "restore_records_s": UnitCost(466_177, "records restored in a second", f"restore, first start; {BENCH}"),
}

APPLICATIONS: Mapping[str, tuple[float, str]] = {
    "order-state": (2_232 / 11_589, "order_state"),
    "placing": (1.0, "placing"),
    "order-status": (26_924 / 11_589, "order_status"),
    "reconciliation": (31_671 / 11_589, "reconciliation"),
    "cases": (3_262 / 11_589, "cases"),
    "sink-clickhouse": (1.0, "facts"),
}
"""Records each application reads for an owner's event, counted in the same run, and what one costs it."""
