"""The derived record of an order in the shape its contract gives it (`OrderState`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from domain.derivation import Authority
from domain.order_state.derive import ItemView, OrderView, blockers, cancelled_items, derive, progress_percent
from domain.order_state.facts import OrderFacts
from domain.order_state.policy import HeaderPolicy
from domain.order_state.tmf622 import V4, V5

RULE_ID = "header-state"
AUTHORITATIVE_FOR = ("orderSearch", "supportSummary")
NOT_AUTHORITATIVE_FOR = ("orderState", "fulfillmentState", "billing", "commercialTerms")

# One event with an absurd version must not make a record that fills the memory.
GAPS_SHOWN_MAX = 1000

VOLATILE_DERIVATION_FIELDS = frozenset({"calculatedAt", "validUntil", "sourceLagMs"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def build(order_id: str, facts: OrderFacts, policy: HeaderPolicy, calculated_at: datetime) -> dict[str, Any]:
    """The record of one order by its wire names; `calculated_at` is platform time.

    Raises `ValueError` for facts that hold no event yet: they have no record.
    """
    newest = facts.newest
    if newest is None:
        message = f"order {order_id} has no event"
        raise ValueError(message)
    view = derive(facts, policy)
    version = newest.version
    return {
        "orderId": order_id,
        "orderNumber": newest.order_number,
        "accountId": newest.account_id,
        "quoteId": newest.quote_id,
        "quoteVersion": newest.quote_version,
        "state": view.state.value,
        "declaredState": view.declared.value,
        "publishedState": newest.state,
        "policyId": policy.policy_id,
        "clause": view.clause,
        "tmf622V4State": V4[view.state],
        "tmf622V5State": V5[view.state],
        "progressPercent": progress_percent(view),
        "cancelledItems": cancelled_items(view),
        "items": [_item(item) for item in view.items],
        "blockers": _blockers(facts, view),
        "version": version,
        "versionGaps": version_gaps(facts),
        "conflictingVersions": sorted(facts.conflicts),
        "lastEventAt": _time(newest.time_us),
        "derivation": {
            "inputs": _inputs(facts),
            "ruleId": RULE_ID,
            "ruleVersion": policy.policy_id,
            "calculatedAt": calculated_at,
            "validUntil": None,
            "authority": Authority.INFORMATIONAL.value,
            "authoritativeFor": list(AUTHORITATIVE_FOR),
            "notAuthoritativeFor": list(NOT_AUTHORITATIVE_FOR),
            "sourceLagMs": max(0, int((calculated_at - _time(newest.recorded_us)) / timedelta(milliseconds=1))),
        },
    }


def version_gaps(facts: OrderFacts) -> list[int]:
    """Versions below the highest that were not read, the lowest first, at most `GAPS_SHOWN_MAX`."""
    highest = facts.newest.version if facts.newest else 0
    if len(facts.versions) == highest:
        return []
    return list(islice((v for v in range(1, highest) if v not in facts.versions), GAPS_SHOWN_MAX))


def canonical(record: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a record that any order of arrival must agree on: without places, clock and lag."""
    derivation = {k: v for k, v in record["derivation"].items() if k not in VOLATILE_DERIVATION_FIELDS}
    derivation["inputs"] = [
        {k: v for k, v in reference.items() if k not in ("partition", "offset")} for reference in derivation["inputs"]
    ]
    return {**record, "derivation": derivation}


def _item(item: ItemView) -> dict[str, Any]:
    definition, work = item.definition, item.work
    return {
        "itemId": item.item_id,
        "state": item.state.value,
        "action": definition.action if definition else None,
        "parentItemId": definition.parent_item_id if definition else None,
        "offeringId": definition.offering_id if definition else None,
        "productInstanceId": definition.product_instance_id if definition else None,
        "since": _time(work.since_us) if work else None,
        "causedBy": work.caused_by if work else None,
    }


def _blockers(facts: OrderFacts, view: OrderView) -> list[dict[str, Any]]:
    return [
        {
            "kind": blocker.kind,
            "itemId": blocker.item_id,
            "code": blocker.code,
            "repair": blocker.repair,
            "since": _time(blocker.since_us),
        }
        for blocker in blockers(facts, view)
    ]


def _inputs(facts: OrderFacts) -> list[dict[str, Any]]:
    return [
        {
            "eventId": cited.event_id,
            "eventType": kind,
            "version": cited.version,
            "topic": cited.topic,
            "partition": cited.partition,
            "offset": cited.offset,
        }
        for kind, cited in sorted(facts.inputs.items())
    ]


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
