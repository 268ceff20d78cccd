"""Streams of events as the fold reads them: those real aggregates leave, and arbitrary ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from compose.demo.stories import Sent, stories
from domain.errors import Refusal
from domain.order_state.facts import Fact
from domain.order_state.states import Action, HeaderState, ItemState, Repair
from domain.product_order.aggregate import claims, decide
from domain.product_order.events import EVENTS, ProductOrderEvent
from domain.product_order.order import ProductOrder, evolve

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ORDER = "acme:order-1"
KINDS = tuple(event.__name__ for event in EVENTS)
TOPIC = "oms.product-orders.v1"
STORIES = 120


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def content(value: Any) -> int:
    digest = hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 2


def fact_of(event: ProductOrderEvent, offset: int = 0) -> Fact:
    """A published event as a consumer reads it: its values as they come from the wire."""
    payload = event.model_dump(mode="json", by_alias=True)
    time = microseconds(event.occurred_at)
    event_id = f"event-{event.order_id}-{event.version}"
    kind = type(event).__name__
    return Fact(kind, event.version, event_id, content([event_id, payload]), time, time, payload, TOPIC, 0, offset)


def moved(fact: Fact, partition: int, offset: int) -> Fact:
    """The same event read at another place."""
    return Fact(
        fact.kind,
        fact.version,
        fact.event_id,
        fact.content_hash,
        fact.time_us,
        fact.recorded_us,
        fact.payload,
        fact.topic,
        partition,
        offset,
    )


def carried_out(story: Sequence[Sent]) -> tuple[ProductOrder | None, list[ProductOrderEvent]]:
    """The order a store would hold: claims and expected versions are checked as the command envelope promises."""
    order: ProductOrder | None = None
    events: list[ProductOrderEvent] = []
    claimed: dict[str, str] = {}
    for command, at in story:
        keys = claims(command)
        if any(claimed.get(claim.key) is not None for claim in keys):
            continue
        if command.expected_version not in (None, order.version if order else 0):
            continue
        try:
            decided = decide(order, command, at)
        except Refusal:
            continue
        claimed |= {claim.key: claim.fingerprint for claim in keys}
        for event in decided:
            order = evolve(order, event)
        events += decided
    return order, events


def real_orders(number: int = STORIES, seed: int = 7) -> list[list[ProductOrderEvent]]:
    """The events of every order of a demonstration."""
    return [events for _, events in map(carried_out, stories(number, seed)) if events]


ITEM_IDS = ("a", "b", "c")
_item_id = st.sampled_from(ITEM_IDS)
_text = st.sampled_from(("BROKEN", "LATE", "carrier"))


def _line(item_id: str, action: Action) -> dict[str, Any]:
    return {"itemId": item_id, "action": action.value, "offeringId": f"offer-{item_id}"}


@st.composite
def _lines(draw: st.DrawFn) -> list[dict[str, Any]]:
    chosen = draw(st.lists(_item_id, unique=True, max_size=3))
    actions = st.sampled_from((Action.ADD, Action.NO_CHANGE, Action.MODIFY))
    return [_line(item_id, draw(actions)) for item_id in chosen]


@st.composite
def facts(draw: st.DrawFn, versions: st.SearchStrategy[int]) -> Fact:
    """An event with fields of its own kind, whatever sense it makes after the others."""
    kind = draw(st.sampled_from(KINDS))
    short = kind.removeprefix("ProductOrder")
    version = draw(versions)
    payload: dict[str, Any] = {
        "orderNumber": "PO-1",
        "accountId": draw(st.sampled_from(("acc-1", "acc-2"))),
        "state": draw(st.sampled_from(HeaderState)).value,
    }
    if short in ("Created", "Accepted", "Amended"):
        payload["items"] = draw(_lines())
    if short.startswith("Item"):
        payload["itemId"] = draw(_item_id)
    if short == "ItemPendingExternal":
        payload["waitingFor"] = draw(_text)
    if short in ("FalloutRaised", "FalloutResolved"):
        payload |= {"falloutId": draw(st.sampled_from(("f-1", "f-2"))), "itemId": draw(st.none() | _item_id)}
    if short in ("ItemFailed", "FalloutRaised"):
        payload |= {"repair": draw(st.sampled_from(Repair)).value, "failureCode": draw(_text)}
    if short == "FalloutResolved" and payload["itemId"] is not None:
        payload["itemState"] = draw(st.none() | st.sampled_from(ItemState).map(lambda s: s.value))
    if short in ("CancellationRequested", "CancellationRefused"):
        payload["itemIds"] = draw(st.lists(_item_id, unique=True, max_size=2))
    moment = 1_000_000 * version
    event_id = f"event-{version}-{draw(st.sampled_from('pq'))}"
    offset = draw(st.integers(0, 99))
    return Fact(kind, version, event_id, content([kind, event_id, payload]), moment, moment, payload, TOPIC, 0, offset)


streams = st.lists(facts(st.integers(1, 9)), min_size=1, max_size=14)
"""Any events: gaps, repeats and several contents under one version."""

sound_streams = st.lists(facts(st.integers(1, 30)), min_size=1, max_size=14, unique_by=lambda f: f.version)
"""Any events of which no two claim the same version."""
