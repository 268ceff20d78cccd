"""What the API shows: each table with whose decisions it repeats, and what lists leave out."""

from __future__ import annotations

from dataclasses import dataclass

from domain.fold.uses import Uses, uses_of
from domain.ownership.questions import ownership
from sinks.table import Table
from sinks.tables import ORDER_STATE


@dataclass(frozen=True)
class View:
    """A table as it is shown. `aggregates` are those whose owners decide what it only repeats.

    `details` are columns for whoever looks at one row; a list of many has no room for them.
    """

    table: Table
    aggregates: tuple[str, ...]
    details: tuple[str, ...] = ()

    @property
    def uses(self) -> Uses:
        """What the view may be used for, and what must be asked of the owner (R225, R226)."""
        return uses_of(self.table.model.__name__)

    @property
    def owners(self) -> list[dict[str, str]]:
        """Who decides, and where the record is kept (R217)."""
        rows = [ownership(aggregate) for aggregate in self.aggregates]
        return [{"aggregate": row.aggregate, "system": row.owner, "record": row.record} for row in rows]

    @property
    def listed(self) -> tuple[str, ...]:
        """The columns of a list."""
        return tuple(c.name for c in self.table.columns if c.name not in self.details)


ORDERS = View(
    ORDER_STATE,
    ("ProductOrder",),
    details=("items", "version_gaps", "conflicting_versions", "derivation"),
)
VIEWS: tuple[View, ...] = (ORDERS,)
"""Every view there is."""
