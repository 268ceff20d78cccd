"""An event as a timeline remembers it, and the entry it becomes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.fold.facts import Entry
from domain.fold.heard import Heard
from domain.fold.reading import moment, text
from domain.timeline.delivering import ASSETS, FULFILLMENT_EVENTS, SETTLEMENT
from domain.timeline.ordering import GOVERNANCE, ORDERS
from domain.timeline.selling import ACCOUNTS, QUOTES

TELLINGS = {**ACCOUNTS, **QUOTES, **ORDERS, **GOVERNANCE, **FULFILLMENT_EVENTS, **ASSETS, **SETTLEMENT}
"""How every kind of event is told."""


def kinds_of(aggregate: str) -> frozenset[str]:
    """The events of one kind of aggregate."""
    return frozenset(kind for kind, telling in TELLINGS.items() if telling.aggregate == aggregate)


_FIELDS = ("itemId", "productInstanceId", "componentId", "fromState", "toState")
_TEMPLATES = {
    kind: {
        "eventType": kind,
        "aggregate": telling.aggregate,
        "sentence": telling.sentence,
        "customerSentence": telling.customer,
        "audiences": list(telling.told_to),
    }
    for kind, telling in TELLINGS.items()
}


def register_of(event: Heard) -> str:
    """One register for each event: an id that comes with two contents is one event all the same."""
    return event.event_id or f"version {event.version}"


def remembered(event: Heard) -> list[Any]:
    """What of an event its entry needs, beside what every register keeps."""
    data = event.data
    return [
        event.actor_id or None,
        event.actor_role or None,
        event.reason_code or None,
        event.source or None,
        event.correlation_id or None,
        event.causation_id or None,
        event.command_id or None,
        event.corrects or None,
        *(text(data, name) for name in _FIELDS),
        {name: said for name in TELLINGS[event.kind].details if (said := _said(data.get(name))) is not None},
    ]


def causation_of(kept: list[Any]) -> str | None:
    """What caused the event of a register."""
    found: str | None = kept[5]
    return found


def entry_of(aggregate_id: str, entry: Entry) -> dict[str, Any]:
    """A register as an entry of a timeline, by wire names."""
    actor, role, reason, source, correlation, causation, command, corrects, *rest = entry.value[:13]
    item, instance, component, from_state, to_state = rest
    return {
        **_TEMPLATES[entry.kind],
        "at": moment(entry.time_us),
        "recordedAt": moment(entry.recorded_us),
        "eventId": entry.event_id,
        "aggregateId": aggregate_id,
        "version": entry.version,
        "details": entry.value[13],
        "fromState": from_state,
        "toState": to_state,
        "itemId": item,
        "productInstanceId": instance,
        "componentId": component,
        "actorId": actor,
        "actorRole": role,
        "reasonCode": reason,
        "source": source,
        "correlationId": correlation,
        "causationId": causation,
        "commandId": command,
        "corrects": corrects,
        "topic": entry.topic,
        "partition": entry.partition,
        "offset": entry.offset,
    }


def _said(value: object) -> str | None:
    """A field as text; what is nested is not told."""
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return value or None
        case int() | Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case _:
            return None
