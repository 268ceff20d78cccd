"""Why an order is as it is shown: from the events its timeline names, folded again by the rules that made its views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from console.answer import answered, require_fresh
from console.asking import Asked
from console.parameters import Freshly
from console.ports import EventPlace
from console.reading import Wanted, read_one, read_page
from console.views import ORDER_STATUS, ORDER_TIMELINE, ORDERS
from domain.access import Reader, Scope, Subject, require_reader, require_scope
from domain.errors import Refusal, UnavailableError
from domain.fold.facts import Facts
from domain.order_status.explain import ORDER_STATE_RECORD, explain
from domain.order_status.fold import OrderStatusFold, place_of
from domain.order_status.trouble import trouble
from domain.order_status.whitelist import ORDER_STATE, WHITELIST
from sinks.postgres.question import Narrowing

PAGES_MAX = 40
USUAL = ("state", "progressPercent", "items.state", "blockers.code")
"""What is explained of the order's state unless something else is asked for."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FOLD = OrderStatusFold()


class WhatToExplain(Freshly):
    """A field of a record about the order; without one the usual questions are answered."""

    record: Annotated[
        str, Field(pattern=r"^[A-Za-z]{1,60}$", description="OrderState, or a status such as OrderStatusSupport.")
    ] = ORDER_STATE_RECORD
    field: Annotated[
        str | None, Field(pattern=r"^[A-Za-z0-9.]{1,120}$", description="Path of a field, such as `items.state`.")
    ] = None
    item: Annotated[str | None, Field(min_length=1, max_length=200, description="Only what concerns this item.")] = None


class _Told(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class EventNamed(_Told):
    """One event, and where it lies."""

    kind: str
    event_id: str
    version: int
    topic: str
    partition: int
    offset: int
    at: datetime


class FieldExplained(_Told):
    """Why a field has its value; `changesAt` is the next moment at which it may change though nothing comes."""

    record: str
    field: str
    value: Any
    rule_id: str
    rule_version: str
    clause: str
    says: str
    events: tuple[EventNamed, ...]
    would_change: tuple[str, ...]
    changes_at: datetime | None


class ReasonTold(_Told):
    """One thing that is wrong."""

    code: str
    message: str
    remediation: str


class TroubleTold(_Told):
    """What is wrong with the order, what to do about it, and who must."""

    state: str
    stuck: bool
    reasons: tuple[ReasonTold, ...]
    remedy: tuple[str, ...]
    by: str | None
    events: tuple[EventNamed, ...]


class OrderExplained(_Told):
    """Why an order is as it is; `trouble` is null while nothing is wrong."""

    order_id: str
    trouble: TroubleTold | None
    fields: tuple[FieldExplained, ...]


async def show_explanation(asked: Asked, order_id: str, what: WhatToExplain) -> Response:
    """Explain fields of an order, and what is wrong with it. Raises `Refusal` for a field nobody shows."""
    require_reader(asked.reader, Subject.ORDER_STATE)
    fields = _fields(asked.reader, what)
    service = asked.service
    await require_fresh(ORDER_TIMELINE, what.max_staleness_ms, service.freshness, asked.now)
    order = await read_one(service.model, ORDERS, asked.reader, order_id)
    facts = await _facts(asked, order_id)
    reached_us = await _reached_us(asked, order_id)
    explained = [explain(_FOLD, order_id, facts, reached_us, what.record, field, what.item) for field in fields]
    wrong = trouble(_FOLD, order_id, facts, reached_us)
    told = OrderExplained(
        order_id=order_id,
        trouble=None if wrong is None else TroubleTold(**{**asdict(wrong), "events": _named(wrong.events)}),
        fields=tuple(
            FieldExplained(**{**asdict(one), "events": _named(one.events), "changes_at": _moment(one.changes_at_us)})
            for one in explained
            if one is not None
        ),
    )
    data = told.model_dump(mode="json", by_alias=True)
    return answered(data, ORDERS, service.freshness, asked.now, [order.rule_version])


def _fields(reader: Reader, what: WhatToExplain) -> tuple[str, ...]:
    if what.record != ORDER_STATE_RECORD:
        audience = what.record.removeprefix("OrderStatus").lower()
        known: Iterable[str] = WHITELIST.get(what.record, {})
        if audience in ORDER_STATUS:
            require_scope(reader, frozenset({Scope(audience)}), f"the status for {audience}")
    else:
        known = ORDER_STATE
    fields = (what.field,) if what.field is not None else tuple(name for name in USUAL if name in known)
    if not fields or not set(fields) <= set(known):
        message = f"{what.record} has no field {what.field or 'that is usually asked for'}."
        remediation = f"Name one of {', '.join(sorted(known)) or 'OrderState'}."
        raise Refusal("STRUCTURAL_PARAMETER", message, remediation=remediation)
    return fields


async def _facts(asked: Asked, order_id: str) -> Facts:
    """What the status of an order is derived from, out of the events its timeline names."""
    if asked.service.history is None:
        message = "Nothing can be explained here: this process does not read events."
        raise UnavailableError(message, remediation="Ask an API that was started with a broker.")
    whole = Reader(asked.reader.actor_id, asked.reader.tenant, asked.reader.scopes)
    wanted = Wanted(Narrowing({"order_id": order_id}), limit=PAGES_MAX)
    pages = await read_page(asked.service.model, ORDER_TIMELINE, whole, wanted)
    places = [_place(entry) for row in pages.rows for entry in row.cells["entries"].parsed()]
    facts, group = Facts(), place_of(order_id)
    for event in await asked.service.history.events(places):
        if event.kind in _FOLD.kinds and group in _FOLD.places(event):
            facts.hear(event, _FOLD.says(event, group))
    return facts


async def _reached_us(asked: Asked, order_id: str) -> int:
    """How far the order's time had come when its status was derived: a simulated tenant has a clock of its own."""
    table = ORDER_STATUS["support"].table
    found = await asked.service.model.find(table, asked.reader.tenant, order_id, columns=("derivation",))
    now = asked.now if found is None else datetime.fromisoformat(found.cells["derivation"].parsed()["calculatedAt"])
    return (now - _EPOCH) // _MICROSECOND


def _place(entry: Mapping[str, Any]) -> EventPlace:
    return entry["topic"], entry["partition"], entry["offset"]


def _named(events: Iterable[Any]) -> list[dict[str, Any]]:
    return [{**asdict(event), "at": _moment(event.at_us)} for event in events]


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + micros * _MICROSECOND
