"""The billing invariant, checked without the fold (R237-R239).

Each completed billable recurring component is charged by what was agreed, or excused by an approved reason, or not due
or still awaited, or a case on its row is open. This module takes plain records and imports nothing of what derives
them, so that a mistake there cannot hide itself here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

RULE_ID = "billing.handoff"
_CHARGED = frozenset({"MATCHED", "MATCHED_WITHIN_TOLERANCE"})
_IN_ORDER = _CHARGED | {"WAIVED", "NOT_BILLABLE", "NOT_DUE", "AWAITING"}
_NOT_BILLED = frozenset({"INTERNAL_MIGRATION"})
_CLOSED = frozenset({"RESOLVED", "WAIVED", "CONVERGED"})

Event = Mapping[str, Any]
"""An event's or record's fields by wire names."""


class Completed(NamedTuple):
    """A component that was delivered with an item and is billed again and again."""

    order_id: str
    item_id: str
    product_instance_id: str
    component_id: str

    @property
    def row_key(self) -> str:
        """The row that must account for it."""
        return f"{self.product_instance_id}/{self.component_id}"


class Violation(NamedTuple):
    """A delivered component nobody answers for, and why."""

    completed: Completed
    why: str


def completed_components(accepted: Iterable[Event], done: Iterable[Event]) -> Iterator[Completed]:
    """What the invariant is about: of accepted orders (`ProductOrderAccepted`) the items that were completed.

    `done` are `ProductOrderItemCompleted`. Repeated events count once; the last acceptance of an order counts.
    """
    orders = {event["orderId"]: event for event in accepted}
    for order_id, item_id in sorted({(event["orderId"], event["itemId"]) for event in done}):
        order = orders.get(order_id)
        if order is None or order["intent"] in _NOT_BILLED:
            continue
        for item in order["items"]:
            if item["itemId"] != item_id or item["action"] == "NO_CHANGE":
                continue
            for component in item["priceComponents"]:
                if component["kind"] == "RECURRING" and component["billedThroughItemId"] is None:
                    yield Completed(order_id, item_id, item["productInstanceId"], component["componentId"])


def newest(events: Iterable[Event], identity: str) -> dict[str, Event]:
    """Of the events of each aggregate the one of the highest version, by the aggregate's id in the field named."""
    found: dict[str, Event] = {}
    for event in events:
        held = found.get(event[identity])
        if held is None or held["version"] < event["version"]:
            found[event[identity]] = event
    return found


def open_cases(cases: Iterable[Event]) -> frozenset[str]:
    """Keys of the rows with a case of this rule that is not closed."""
    return frozenset(c["entityId"] for c in cases if c["ruleId"] == RULE_ID and c["status"] not in _CLOSED)


def violations(
    completed: Iterable[Completed],
    rows: Mapping[str, Event],
    cases: Collection[str],
    charges: Mapping[str, Event],
    reasons: Mapping[str, Event],
    now: datetime,
) -> Iterator[Violation]:
    """Every delivered component nobody answers for.

    `rows` are published rows by their keys, `cases` the keys of rows with an open case, `charges` and `reasons` the
    `newest` events by charge and reason id; a row that claims a charge or a reason must find it there. `now` is the
    platform's time, at which no wait may be overdue.
    """
    for component in completed:
        row = rows.get(component.row_key)
        if row is None:
            yield Violation(component, "it has no row")
        elif component.row_key not in cases:
            why = _unanswered(component, row, charges, reasons, now)
            if why is not None:
                yield Violation(component, why)


def _unanswered(
    component: Completed, row: Event, charges: Mapping[str, Event], reasons: Mapping[str, Event], now: datetime
) -> str | None:
    """Why a row without a case does not answer for its component; None when it does."""
    verdict = row["verdict"]
    if verdict not in _IN_ORDER:
        return f"its row says {verdict}, and no case is open"
    if verdict == "AWAITING" and row["settleDeadline"] is not None and row["settleDeadline"] <= now:
        return f"its row has waited since {row['settleDeadline'].isoformat()} and still does"
    if verdict == "WAIVED":
        reason = reasons.get(str(row["nonBillingReasonId"]))
        return None if reason is not None and reason["state"] == "APPROVED" else "no approved reason excuses it"
    return _uncharged(component, row, charges) if verdict in _CHARGED else None


def _uncharged(component: Completed, row: Event, charges: Mapping[str, Event]) -> str | None:
    """Why the charge a row claims is none."""
    charge = charges.get(str(row["chargeId"]))
    if charge is None:
        return f"its row says {row['verdict']}, and there is no charge {row['chargeId']}"
    if charge["state"] not in ("ACTIVE", "SUSPENDED", "TERMINATED"):
        return f"charge {row['chargeId']} is {charge['state']}"
    if (charge["productInstanceId"], charge["componentId"]) != (component.product_instance_id, component.component_id):
        return f"charge {row['chargeId']} is for {charge['productInstanceId']}/{charge['componentId']}"
    return None
