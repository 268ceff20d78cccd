"""Two small folds: one with a deadline, one whose members look at what their group shares."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.drift.finding import finding_id
from domain.fold.facts import Facts
from domain.fold.fold import Derived, Place, Row
from domain.fold.heard import Heard

DAY_US = 86_400_000_000


def finding(rule: str, entity_type: str, entity_id: str, since_us: int, **fields: Any) -> Row:
    """A row with everything a finding needs."""
    identity = finding_id(rule, entity_type, entity_id)
    since = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=since_us)
    data = {
        "findingId": identity,
        "kind": "state",
        "ruleId": rule,
        "ruleVersion": "1",
        "verdict": None,
        "entityType": entity_type,
        "entityId": entity_id,
        "orderId": None,
        "itemId": None,
        "quoteId": None,
        "accountId": None,
        "productInstanceId": None,
        "componentId": None,
        "correctedBy": "oms",
        "since": since,
        "settleDeadline": since,
        "differences": [],
        "summary": "Something is wrong.",
        "nextAction": "Mend it.",
        "leakage": None,
        "overbilling": None,
        "regulated": False,
        "cause": "none",
        "alsoFound": [],
    }
    return Row("DriftFinding", identity, {**data, **fields})


class Unfinished:
    """Orders that were accepted and are not completed ten days later."""

    space = "order"
    rule_id = "test.unfinished"
    rule_version = "1"
    records = frozenset({"DriftFinding"})
    kinds = frozenset({"ProductOrderAccepted", "ProductOrderCompleted", "ProductOrderCancelled"})

    def places(self, event: Heard) -> Iterable[Place]:
        return (Place(f"{event.tenant}:order/{event.data['orderId']}"),)

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        return ((event.kind, event.data["accountId"]),)

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        accepted = shared.newest(["ProductOrderAccepted"])
        if accepted is None or shared.newest(["ProductOrderCompleted", "ProductOrderCancelled"]):
            return Derived()
        deadline = accepted.time_us + 10 * DAY_US
        if reached_us < deadline:
            return Derived(wake_us=deadline)
        order = place.group.partition("/")[2]
        row = finding("test.unfinished", "ProductOrder", order, deadline, orderId=order, accountId=accepted.value)
        return Derived((row,))


class OfChangedAccount:
    """Orders of accounts that were changed: the account is shared, each order a member."""

    space = "account"
    rule_id = "test.of-changed-account"
    rule_version = "1"
    records = frozenset({"DriftFinding"})
    kinds = frozenset({"AccountCreated", "AccountUpdated", "ProductOrderCreated"})

    def places(self, event: Heard) -> Iterable[Place]:
        order = event.data.get("orderId", "")
        return (Place(f"{event.tenant}:account/{event.data['accountId']}", order),)

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        return ((event.kind, None),)

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        changed = shared.newest(["AccountUpdated"])
        if not place.member or changed is None:
            return Derived()
        return Derived((finding("test.of-changed-account", "ProductOrder", place.member, changed.time_us),))
