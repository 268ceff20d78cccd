"""The derived record of an order in the shape its contract gives it (`OrderState`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from domain.derivation import Authority
from domain.order_state.derive import ItemView, OrderView, blockers, derive, progress_percent
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

    Facts that hold no event yet have no record: the caller must have applied at least one.
    """
    view = derive(facts, policy)
    time_us, recorded_us, number, account, quote, quote_version, published = facts.newest[2:]
    version = facts.newest[0]
    return {
        "orderId": order_id,
        "orderNumber": number,
        "accountId": account,
        "quoteId": quote,
        "quoteVersion": quote_version,
        "state": view.state.value,
        "declaredState": view.declared.value,
        "publishedState": published,
        "policyId": policy.policy_id,
        "clause": view.clause,
        "tmf622V4State": V4[view.state],
        "tmf622V5State": V5[view.state],
        "progressPercent": progress_percent(view),
        "cancelledItems": sum(i.executable and i.state.value == "CANCELLED" for i in view.items),
        "items": [_item(item) for item in view.items],
        "blockers": _blockers(facts, view),
        "version": version,
        "versionGaps": list(islice((v for v in range(1, version) if v not in facts.versions), GAPS_SHOWN_MAX)),
        "conflictingVersions": sorted(facts.conflicts),
        "lastEventAt": _time(time_us),
        "derivation": {
            "inputs": _inputs(facts),
            "ruleId": RULE_ID,
            "ruleVersion": policy.policy_id,
            "calculatedAt": calculated_at,
            "validUntil": None,
            "authority": Authority.INFORMATIONAL.value,
            "authoritativeFor": list(AUTHORITATIVE_FOR),
            "notAuthoritativeFor": list(NOT_AUTHORITATIVE_FOR),
            "sourceLagMs": max(0, int((calculated_at - _time(recorded_us)) / timedelta(milliseconds=1))),
        },
    }


def canonical(record: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a record that any order of arrival must agree on: without places, clock and lag."""
    derivation = {k: v for k, v in record["derivation"].items() if k not in VOLATILE_DERIVATION_FIELDS}
    derivation["inputs"] = [
        {k: v for k, v in reference.items() if k not in ("partition", "offset")} for reference in derivation["inputs"]
    ]
    return {**record, "derivation": derivation}


def _item(item: ItemView) -> dict[str, Any]:
    return {
        "itemId": item.item_id,
        "state": item.state.value,
        "action": item.action,
        "parentItemId": item.parent_item_id,
        "offeringId": item.offering_id,
        "productInstanceId": item.product_instance_id,
        "since": _time(item.base[3]) if item.base else None,
        "causedBy": item.base[4] if item.base else None,
    }


def _blockers(facts: OrderFacts, view: OrderView) -> list[dict[str, Any]]:
    return [{**blocker, "since": _time(blocker["since"])} for blocker in blockers(facts, view)]


def _inputs(facts: OrderFacts) -> list[dict[str, Any]]:
    return [
        {
            "eventId": register[2],
            "eventType": kind,
            "version": register[0],
            "topic": register[3],
            "partition": register[4],
            "offset": register[5],
        }
        for kind, register in sorted(facts.inputs.items())
    ]


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
