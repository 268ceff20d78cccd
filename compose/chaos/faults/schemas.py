"""Faults of the contracts: writers of two releases at once, and a change nobody may make."""

from __future__ import annotations

from typing import Any, ClassVar

from compose.chaos.faults.fault import Fault
from topics.catalogue import PRODUCT_ORDERS


class SchemaEvolution(Fault):
    """From here on half of the events come from a later release, whose schema has a field more.

    Before, a change that would break readers is offered to the registry, which must refuse it.
    """

    name: ClassVar[str] = "schema-evolution"

    def inject(self) -> None:
        """Offer the one, register the other, and let both releases write."""
        records, refused = self.site.load.writers.register(PRODUCT_ORDERS.name)
        self.observed |= {"records": records, "incompatible_change": refused or "accepted"}
        if not refused:
            self.findings.append("The registry took an incompatible change.")
        self.site.load.wire.later_release = self.site.load.writers.wrote

    def outcome(self) -> dict[str, Any]:
        """How many events the later release has written."""
        return self.observed | {"events_of_later_release": self.site.load.wire.written_later}
