"""What a fold remembers: last-writer-wins registers for each aggregate, so that order of arrival does not matter.

A register keeps what the highest version that wrote it said; of two events that claim one version the smaller content
hash wins, and of one event read twice the smallest place is cited. Joining is commutative, associative and
idempotent: any permutation and any duplication of the events leaves the same facts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Self

from domain.fold.heard import Heard


class Outcome(StrEnum):
    """What an event did to the facts: every record counts as exactly one of these."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    STALE = "stale"


class Entry(NamedTuple):
    """What a register holds, and which event said so. `value` is plain data (texts, numbers, lists, dictionaries)."""

    version: int
    content: int
    kind: str
    event_id: str
    time_us: int
    recorded_us: int
    topic: str
    partition: int
    offset: int
    value: Any

    @property
    def place(self) -> tuple[str, int, int]:
        """Where the event was read."""
        return self.topic, self.partition, self.offset


class Joined(ABC):
    """What an event adds to a register instead of replacing what it holds, such as one more of the versions seen."""

    @abstractmethod
    def joined(self, held: Any) -> Any:
        """What the register holds from now on; `held` is None at first and is never changed in place.

        Plain data with lists for tuples, as it comes back from where it is kept. Must be commutative, associative and
        idempotent, whatever else is added: facts converge because of it.
        """
        ...


class Facts:
    """The registers of everything a group of events is about: aggregate id → name → entry.

    Two kinds of aggregate may share an id, as a handoff and a reason not to bill do: a fold that hears both gives
    their registers different names.
    """

    __slots__ = ("_aggregates",)

    def __init__(self, aggregates: Mapping[str, dict[str, Entry]] | None = None) -> None:
        self._aggregates: dict[str, dict[str, Entry]] = dict(aggregates or {})

    def hear(self, event: Heard, said: Iterable[tuple[str, Any]]) -> Outcome:
        """Write what an event says, as (register, value); what that did is the return value.

        An event that says nothing new because it was heard before is a DUPLICATE, one of which newer events have
        said more already is STALE.
        """
        registers = self._aggregates.setdefault(event.subject, {})
        applied = known = False
        for name, what in said:
            held, value = registers.get(name), what
            if isinstance(what, Joined):
                value = what.joined(None if held is None else held.value)
                if held is not None and value != held.value:
                    held = registers[name] = held._replace(value=value)
                    applied = True
            if held is not None and (held.version, -held.content) > (event.version, -event.content):
                continue
            if held is not None and (held.version, held.content) == (event.version, event.content):
                known = True
                if held.place <= (event.topic, event.partition, event.offset):
                    continue
            else:
                applied = True
            registers[name] = _entry(event, value)
        if not registers:
            del self._aggregates[event.subject]
        return Outcome.APPLIED if applied else Outcome.DUPLICATE if known else Outcome.STALE

    def __bool__(self) -> bool:
        return bool(self._aggregates)

    @property
    def aggregates(self) -> Iterable[str]:
        """Ids of the aggregates anything is known of, in their order."""
        return sorted(self._aggregates)

    @property
    def version(self) -> int:
        """A number that only rises as more becomes known: the highest versions of all aggregates, added up."""
        return sum(max(e.version for e in registers.values()) for registers in self._aggregates.values())

    def entry(self, aggregate_id: str, name: str) -> Entry | None:
        """A register of one aggregate."""
        return self._aggregates.get(aggregate_id, {}).get(name)

    def value(self, aggregate_id: str, name: str, default: Any = None) -> Any:
        """What a register of one aggregate holds."""
        entry = self.entry(aggregate_id, name)
        return default if entry is None else entry.value

    def each(self, name: str) -> Iterator[tuple[str, Entry]]:
        """The register of this name of every aggregate that has one, by aggregate id."""
        for aggregate_id in sorted(self._aggregates):
            entry = self._aggregates[aggregate_id].get(name)
            if entry is not None:
                yield aggregate_id, entry

    def starting_with(self, prefix: str) -> Iterator[tuple[str, str, Entry]]:
        """Registers whose names begin alike, as (aggregate id, rest of the name, entry), in order."""
        for aggregate_id in sorted(self._aggregates):
            registers = self._aggregates[aggregate_id]
            for name in sorted(registers):
                if name.startswith(prefix):
                    yield aggregate_id, name[len(prefix) :], registers[name]

    def newest(self, names: Iterable[str]) -> Entry | None:
        """Of registers of any aggregate, the one that was written last by the time of its event."""
        wanted = frozenset(names)
        found = [e for registers in self._aggregates.values() for n, e in registers.items() if n in wanted]
        return max(found, key=_age, default=None)

    def entries(self) -> Iterator[Entry]:
        """Every register's entry, in no order."""
        for registers in self._aggregates.values():
            yield from registers.values()

    def to_plain(self) -> dict[str, dict[str, list[Any]]]:
        """For keeping: aggregate id → name → the entry's fields, in one order whatever the order of arrival."""
        return {
            aggregate: {name: list(entry) for name, entry in sorted(registers.items())}
            for aggregate, registers in sorted(self._aggregates.items())
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Mapping[str, list[Any]]]) -> Self:
        """The inverse of `to_plain`."""
        return cls({a: {name: Entry(*fields) for name, fields in found.items()} for a, found in plain.items()})


def _entry(event: Heard, value: Any) -> Entry:
    return Entry(
        event.version,
        event.content,
        event.kind,
        event.event_id,
        event.time_us,
        event.recorded_us,
        event.topic,
        event.partition,
        event.offset,
        value,
    )


def _age(entry: Entry) -> tuple[int, int, str]:
    return entry.time_us, entry.version, entry.event_id
