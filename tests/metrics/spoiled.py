"""Events of a run with what seldom goes wrong gone wrong, so that every metric has something to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.fold.heard import Heard

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHANGES: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = {
    "QuoteAccepted": (("QuoteAccepted", {"signatureEnvelopeId": None}),),
    "ApprovalDecided": (("ApprovalDecided", {"justification": " ", "reasonCode": None}), ("ApprovalExpired", {})),
    "PolicyChanged": (("PolicyChanged", {"approvedBy": None}),),
    "BreakGlassAccessed": (("UnauthorizedMutationAttempted", {"resource": "a topic", "attempts": 3}),),
    "OrderCaptureAttempted": (
        ("OrderCaptureAttempted", {"outcome": "REFUSED", "code": "CONFLICT_PAYLOAD"}),
        ("OrderCaptureAttempted", {"outcome": "REPLAYED"}),
    ),
    "FalloutDetected": (("FalloutDetected", {}),),
    "ProductOrderDecomposed": (("ProductOrderDecompositionFailed", {}), ("ProductOrderRejected", {})),
    "ProductOrderSubmitted": (("ProductOrderFalloutRaised", {"repair": "HUMAN"}),),
}
"""What is added beside an event: a kind, and what differs from the event's own data."""
_MANY = frozenset({"OrderCaptureAttempted", "ProductOrderSubmitted", "QuoteAccepted", "BreakGlassAccessed"})
"""Of these every fifth is spoiled, of others each."""
_LATER_THAN_OFFERED = frozenset(
    {"QuoteAccepted", "QuoteConvertedToOrder", "QuoteExpired", "QuoteCancelled", "QuoteSuperseded"}
)
_FIRST_STEPS = frozenset({"ProductOrderCreated", "ProductOrderSubmitted"})


def spoiled(events: Iterable[Heard]) -> Iterator[Heard]:
    """The events, some of them left out, some without a cause, and others beside them."""
    for number, event in enumerate(events):
        if _left_out(event):
            continue
        yield replace(event, causation_id="", actor_role="") if number % 97 == 0 else event
        if event.kind in _MANY and number % 5:
            continue
        for step, (kind, change) in enumerate(_CHANGES.get(event.kind, ())):
            yield _beside(event, kind, change, 2 * number + step)


def _left_out(event: Heard) -> bool:
    """Of some quotes what follows the offer, of some orders what follows their submission."""
    if event.kind in _LATER_THAN_OFFERED:
        return sum(event.subject.encode()) % 4 == 0
    return event.kind.startswith("ProductOrder") and event.kind not in _FIRST_STEPS and event.subject.endswith("7")


def _beside(event: Heard, kind: str, change: Mapping[str, Any], number: int) -> Heard:
    again = {"caseId": f"{event.subject}/spoiled"} if kind == "FalloutDetected" else {}
    at_us = event.time_us + 1_500_000 + number
    if kind == "ApprovalExpired":
        at_us = (event.data["dueAt"] - _EPOCH) // timedelta(microseconds=1) + 3_600_000_000
    return replace(
        event,
        kind=kind,
        event_id=f"{event.event_id}/{kind}/{number}",
        subject=f"{event.subject}/spoiled" if again else event.subject,
        time_us=at_us,
        reason_code="",
        data={**event.data, **change, **again},
    )
