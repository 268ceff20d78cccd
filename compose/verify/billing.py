"""The billing invariant over everything there is: what was delivered is billed, excused, awaited or in a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.billing_verdict import invariant
from domain.billing_verdict.invariant import Completed, Violation
from domain.fold.heard import Heard

Event = Mapping[str, Any]
_REASONS = frozenset({"NonBillingReasonRequested", "NonBillingReasonApproved", "NonBillingReasonRevoked"})


@dataclass(slots=True)
class Evidence:
    """What of the owners' events the invariant is checked with."""

    accepted: dict[str, Event] = field(default_factory=dict)
    done: set[tuple[str, str]] = field(default_factory=set)
    charges: dict[str, tuple[int, Event]] = field(default_factory=dict)
    reasons: dict[str, tuple[int, Event]] = field(default_factory=dict)

    def hear(self, event: Heard) -> None:
        """Take an event in; most of them have nothing to do with it."""
        if event.kind == "ProductOrderAccepted":
            self.accepted[event.subject] = event.data
        elif event.kind == "ProductOrderItemCompleted":
            self.done.add((event.data["orderId"], event.data["itemId"]))
        elif event.kind.startswith("Charge"):
            _keep(self.charges, event)
        elif event.kind in _REASONS:
            _keep(self.reasons, event)

    def completed(self) -> list[Completed]:
        """The delivered components that are billed again and again."""
        done = ({"orderId": order, "itemId": item} for order, item in self.done)
        return list(invariant.completed_components(self.accepted.values(), done))

    def violations(self, rows: Mapping[str, Event], cases: Iterable[Event], now: datetime) -> list[Violation]:
        """Every delivered component nobody answers for at a time."""
        return list(
            invariant.violations(
                self.completed(),
                rows,
                invariant.open_cases(cases),
                {key: data for key, (_, data) in self.charges.items()},
                {key: data for key, (_, data) in self.reasons.items()},
                now,
            )
        )


def _keep(newest: dict[str, tuple[int, Event]], event: Heard) -> None:
    held = newest.get(event.subject)
    if held is None or held[0] < event.version:
        newest[event.subject] = event.version, event.data
