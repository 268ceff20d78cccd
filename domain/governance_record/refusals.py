"""Refusals of a broker as commands of the ledger: few of them, however many there were (R345).

The refusals of one principal, thing and operation within one minute are a group. Its first refusal becomes a record at
once; when the minute is over, a second record counts the others. Which they are and what they are called follows from
the refusals alone, so that reading them again asks for the same records, and the store answers from memory.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.command import Actor, Origin, fingerprint
from domain.governance_record.commands import RecordUnauthorizedMutation

TENANT = "ordertruth"
"""A refusal is about a topic, which all tenants share; the platform's own tenant stands for them."""
OBSERVER = Actor(actor_id="broker-observer", role="broker-observer", system="governance")
MINUTE = timedelta(minutes=1)
GRACE = timedelta(seconds=5)
"""How long after its end a minute may still be written about."""
THINGS_MAX = 100
"""So many things for each principal and minute have records of their own; names are free, so there may be millions."""
OTHERS = "*"
"""The name of all the others together."""


@dataclass(frozen=True, slots=True)
class Denial:
    """One refusal: when, who tried to do what to which thing, and from where."""

    at: datetime
    principal: str
    operation: str
    resource_type: str
    resource: str
    host: str


@dataclass(frozen=True, slots=True)
class Group:
    """What is recorded together."""

    minute: datetime
    principal: str
    operation: str
    resource_type: str
    resource: str


@dataclass(slots=True)
class _Further:
    first: Denial | None = None
    count: int = 0


class Refusals:
    """Makes commands of refusals that are read in the order they were written; `denied_by` is who refused."""

    def __init__(self, denied_by: str) -> None:
        self._denied_by = denied_by
        self._open: dict[Group, _Further] = {}
        self._things: Counter[tuple[datetime, str]] = Counter()
        self._due: list[RecordUnauthorizedMutation] = []

    def add(self, denial: Denial) -> None:
        """Take a refusal into account."""
        group = self._group_of(denial)
        further = self._open.get(group)
        if further is None:
            self._open[group] = _Further()
            self._due.append(self._record(group, denial, 1, further=False))
            return
        further.first = further.first or denial
        further.count += 1

    def due(self, now: datetime) -> list[RecordUnauthorizedMutation]:
        """What is to be recorded by now and was not asked for before; forgets the minutes that are over."""
        for group in [g for g in self._open if g.minute + MINUTE + GRACE <= now]:
            further = self._open.pop(group)
            self._things.pop((group.minute, group.principal), None)
            if further.first is not None:
                self._due.append(self._record(group, further.first, further.count, further=True))
        due, self._due = self._due, []
        return due

    def _group_of(self, denial: Denial) -> Group:
        minute = denial.at.replace(second=0, microsecond=0)
        group = Group(minute, denial.principal, denial.operation, denial.resource_type, denial.resource)
        if group in self._open:
            return group
        things = minute, denial.principal
        if self._things[things] >= THINGS_MAX:
            return replace(group, resource=OTHERS)
        self._things[things] += 1
        return group

    def _record(self, group: Group, denial: Denial, attempts: int, *, further: bool) -> RecordUnauthorizedMutation:
        name = fingerprint(
            {
                "minute": group.minute.isoformat(),
                "principal": group.principal,
                "operation": group.operation,
                "thing": [group.resource_type, group.resource],
                "denied_by": self._denied_by,
            }
        )
        record_id = f"{TENANT}:refused-{name[:32]}"
        own_id = f"{record_id}-further" if further else record_id
        return RecordUnauthorizedMutation(
            **Origin(OBSERVER, correlation_id=record_id).envelope(own_id, RecordUnauthorizedMutation),
            principal=group.principal,
            resource_type=group.resource_type,
            resource=group.resource,
            operation=group.operation,
            denied_by=self._denied_by,
            host=denial.host,
            observed_at=denial.at,
            attempts=attempts,
        )
