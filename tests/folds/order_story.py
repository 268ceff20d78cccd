"""The events of one order, told by hand: as many fields as a test needs, the rest missing as a foreign producer may."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.fold.facts import Facts
from domain.fold.fold import Settled, settle
from domain.fold.heard import Heard
from domain.order_status.fold import AGGREGATE_OF, ORDER_KINDS, OrderStatusFold, place_of

ORDER = "acme:order-1"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


class Story:
    """Events with rising versions; time passes by `wait`."""

    def __init__(self, order_id: str = ORDER) -> None:
        self.order_id = order_id
        self.now = START
        self.events: list[Heard] = []
        self._versions: Counter[str] = Counter()

    def wait(self, **duration: float) -> Story:
        self.now += timedelta(**duration)
        return self

    def order(self, short: str, /, **data: Any) -> Story:
        """An event of the order by its short name, such as ItemStarted."""
        fixed = {"orderNumber": "PO-1", "accountId": "acme:account-1", "quoteId": "acme:quote-1", "quoteVersion": 2}
        return self.say(f"ProductOrder{short}", self.order_id, **{**fixed, "state": "Draft", **data})

    def say(self, kind: str, subject: str, /, **data: Any) -> Story:
        """An event of any aggregate of the order; fields beginning with `ce_` are of its envelope."""
        self._versions[subject] += 1
        envelope = {name[3:]: data.pop(name) for name in list(data) if name.startswith("ce_")}
        version = envelope.pop("version", self._versions[subject])
        if kind not in ORDER_KINDS:
            data = {"orderId": self.order_id, **data}
        event_id = envelope.pop("event_id", f"{subject}/{version}")
        digest = hashlib.sha256(repr((event_id, kind, sorted(data.items(), key=str))).encode()).digest()
        defaults = {name: name for name in ("source", "correlation_id", "causation_id", "command_id")}
        defaults |= {"actor_id": "somebody", "actor_role": "order-manager", "policy_version": "p.v1"}
        self.events.append(
            Heard(
                kind=kind,
                subject=subject,
                aggregate=AGGREGATE_OF.get(kind, kind),
                version=version,
                event_id=event_id,
                content=int.from_bytes(digest[:8], "big") >> 2,
                time_us=micros(self.now),
                recorded_us=micros(self.now),
                data=data,
                topic=f"topic of {AGGREGATE_OF.get(kind, kind)}",
                offset=len(self.events),
                **{**defaults, **envelope},
            )
        )
        return self

    def task(self, short: str, task_id: str, /, **data: Any) -> Story:
        """An event of one task of the order's plan."""
        return self.say(f"FulfillmentTask{short}", f"{self.order_id}/plan", taskId=task_id, **data)

    def begun(self, *items: dict[str, Any], **dates: datetime) -> Story:
        """Captured, submitted, validated and accepted."""
        self.order("Created", items=list(items), intent="CUSTOMER_PURCHASE", dates=dates)
        self.wait(minutes=1).order("Submitted").order("ValidationStarted").order("Validated", findings=[])
        return self.order("Accepted", items=list(items), intent="CUSTOMER_PURCHASE")

    def facts(self) -> Facts:
        fold = OrderStatusFold()
        facts = Facts()
        place = place_of(self.order_id)
        for event in self.events:
            assert place in fold.places(event), event
            facts.hear(event, fold.says(event, place))
        return facts

    def settled(self, fold: OrderStatusFold | None = None, **later: float) -> Settled:
        """What follows once everything up to some time after the last event has come."""
        until = micros(self.now + timedelta(**later))
        return settle(fold or OrderStatusFold(), place_of(self.order_id), self.facts(), Facts(), until)

    def row(self, audience: str, **later: float) -> dict[str, Any]:
        """The row of an audience."""
        return self.rows(**later)[audience]

    def rows(self, **later: float) -> dict[str, dict[str, Any]]:
        """Every row by audience."""
        rows = self.settled(**later).derived.rows
        return {row.record.removeprefix("OrderStatus").lower(): dict(row.data) for row in rows}


def line(item_id: str, action: str = "ADD", **more: Any) -> dict[str, Any]:
    """One line of an order."""
    return {"itemId": item_id, "lineNumber": 1, "action": action, "offeringId": "acme:offer", **more}


def planned(task_id: str, item_id: str | None, kind: str = "PROVISION_SERVICE", **more: Any) -> dict[str, Any]:
    """One task of a plan."""
    return {"taskId": task_id, "itemId": item_id, "kind": kind, "performedBy": "provisioning", **more}
