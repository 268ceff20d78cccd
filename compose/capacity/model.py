"""From a business to events, workers, partitions and storage. Every step is a line of the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from compose.capacity.costs import APPLICATIONS, COSTS

DAY_S = 86_400
WORKING_HOURS = 8
BUSY = 0.6
"""Share of a core a worker may use at the peak: the rest is for catching up after a restart."""
PARTITIONS_MIN = 12
EVENTS_PER_EDIT = 3
"""Configured, priced and validated; calculations come on top."""
EVENTS_PER_APPROVAL = 3
EVENTS_PER_REQUEST = 3
"""Attempted, created and submitted."""


@dataclass(frozen=True, slots=True)
class Business:
    """What is to be carried (R566-R577). Defaults of an order's size are those of the measured run."""

    orders_per_day: float
    sales_users: int = 0
    quote_edits_per_user_hour: float = 0.0
    quote_lines: float = 4.0
    quote_lines_max: int = 200
    pricings_per_edit: float = 1.0
    approvals_per_day: float = 0.0
    accepted_quotes_per_day: float | None = None
    order_lines: float = 1.74
    tasks_per_line: float = 3.8
    events_per_order: float | None = None
    peak_factor: float = 5.0
    partner_burst_per_s: float = 0.0
    open_days: float = 30.0
    replicas: int = 3
    retention_days: int = 365

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Workers:
    """How many processes of an application the peak takes, each with a core of its own."""

    app: str
    records_per_s: float
    cpu_us: float
    workers: int


@dataclass(frozen=True, slots=True)
class Need:
    """What the business needs; bytes are those of one copy unless they say otherwise."""

    events_per_order: float
    events_per_day: float
    events_per_s: float
    peak_events_per_s: float
    largest_quote_bytes: float
    workers: tuple[Workers, ...]
    cores: int
    partitions: int
    open_orders: float
    store_memory_bytes: float
    changelog_bytes: float
    restore_s: float
    log_bytes_per_day: float
    log_bytes_kept: float
    fact_bytes_kept: float

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def events_of_an_order(business: Business) -> float:
    """Events of an order from its quote to its invoices: what each order, line and task adds, or as was given."""
    if business.events_per_order is not None:
        return business.events_per_order
    line = COSTS["events_per_line"].value + business.tasks_per_line * COSTS["events_per_task"].value
    return COSTS["events_per_order"].value + business.order_lines * line


def need(business: Business) -> Need:
    """What a business needs. Raises `ValueError` for a business that makes no sense."""
    if business.orders_per_day <= 0 or business.peak_factor < 1 or business.replicas < 1:
        message = "a business has orders, a peak of at least its mean, and at least one copy"
        raise ValueError(message)
    each = events_of_an_order(business)
    edits = business.sales_users * business.quote_edits_per_user_hour * WORKING_HOURS
    accepted = business.accepted_quotes_per_day or business.orders_per_day
    unsold = max(0.0, accepted - business.orders_per_day) * COSTS["events_per_order"].value
    per_day = business.orders_per_day * each + edits * (EVENTS_PER_EDIT + business.pricings_per_edit) + unsold
    per_day += business.approvals_per_day * EVENTS_PER_APPROVAL
    drafts = edits * EVENTS_PER_EDIT * business.quote_lines * COSTS["line_bytes"].value
    log_per_day = (per_day * COSTS["event_bytes"].value + drafts) * business.replicas
    mean = per_day / DAY_S
    peak = mean * business.peak_factor + business.partner_burst_per_s * EVENTS_PER_REQUEST
    workers = tuple(_workers(app, peak * share, cost) for app, (share, cost) in APPLICATIONS.items())
    open_orders = business.orders_per_day * business.open_days
    restored = open_orders * COSTS["changelog_records"].value
    partitions = max(PARTITIONS_MIN, _even(max(w.workers for w in workers)))
    return Need(
        events_per_order=each,
        events_per_day=per_day,
        events_per_s=mean,
        peak_events_per_s=peak,
        largest_quote_bytes=business.quote_lines_max * COSTS["line_bytes"].value,
        workers=workers,
        cores=sum(w.workers for w in workers),
        partitions=partitions,
        open_orders=open_orders,
        store_memory_bytes=open_orders * COSTS["order_memory_bytes"].value,
        changelog_bytes=restored * COSTS["changelog_bytes"].value,
        restore_s=restored / COSTS["restore_records_s"].value / max(1, _workers_of(workers, "order-state")),
        log_bytes_per_day=log_per_day,
        log_bytes_kept=log_per_day * business.retention_days,
        fact_bytes_kept=per_day * COSTS["fact_bytes"].value * business.retention_days,
    )


def _workers(app: str, records_per_s: float, cost: str) -> Workers:
    cpu_us = COSTS[cost].value
    return Workers(app, records_per_s, cpu_us, max(1, math.ceil(records_per_s * cpu_us / 1e6 / BUSY)))


def _workers_of(workers: tuple[Workers, ...], app: str) -> int:
    return next(w.workers for w in workers if w.app == app)


def _even(count: int) -> int:
    """The next multiple of twelve: it divides among most numbers of workers."""
    return math.ceil(count / PARTITIONS_MIN) * PARTITIONS_MIN


def sources() -> Mapping[str, dict[str, Any]]:
    """Every unit cost with where it was measured."""
    return {name: asdict(cost) for name, cost in COSTS.items()}
