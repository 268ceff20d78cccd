"""One event of a log dropped, altered, repeated or forged, and what the derivations make of it.

Only the groups the event touches are folded again: an event is heard nowhere else.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from random import Random
from typing import Any, NamedTuple

from avro.contract import contract
from compose.derivations import DERIVATIONS
from domain.fold.facts import Facts
from domain.fold.fold import Fold, Place, settle
from domain.fold.heard import Heard

FOLDS: tuple[Fold, ...] = tuple(fold for folds in DERIVATIONS.values() for fold in folds)
FINDING = "DriftFinding"
DAY_US = 86_400_000_000
HOWS = ("drop", "alter", "repeat", "forge")
ENVELOPE = (
    *("time_us", "event_type", "source", "correlation_id", "causation_id", "command_id"),
    *("actor_id", "actor_role", "policy_version", "reason_code"),
)
"""What an event says outside its body; identity, version and subject are what it is known by."""

Rows = dict[tuple[str, str], Mapping[str, Any]]
Path = tuple[str | int, ...]


class Mutation(NamedTuple):
    """A log that differs in one event: `gone` is missing from it, `come` is new. `about` says what was done."""

    how: str
    about: str
    event: Heard
    gone: Heard | None
    come: Heard | None


def mutation(events: Sequence[Heard], how: str, random: Random) -> Mutation:
    """One of this kind, of an event drawn at random."""
    event = random.choice(events)
    if how == "drop":
        return Mutation(how, "", event, event, None)
    if how == "repeat":
        return Mutation(how, "", event, None, replace(event, offset=1 << 40))
    if how == "alter":
        about, altered = _altered(event, random)
        return Mutation(how, about, event, event, altered)
    about, forged = _forged(event, events, random)
    return Mutation(how, about, event, None, forged)


def _altered(event: Heard, random: Random) -> tuple[str, Heard]:
    leaves = [("body", path) for path, _ in _leaves(event.data)]
    leaves += [("header", (name,)) for name in ENVELOPE if getattr(event, name)]
    where, path = random.choice(leaves)
    if where == "header":
        name = str(path[0])
        value = getattr(event, name)
        return f"ce:{name}", replace(event, **{name: _other(value, (), random)})
    value = _at(event.data, path)
    data = _with(event.data, path, _other(value, _symbols(event.kind, path), random))
    return ".".join(str(step) for step in path if isinstance(step, str)), _restated(event, data)


def _forged(event: Heard, events: Sequence[Heard], random: Random) -> tuple[str, Heard]:
    """The event once more as something that was never decided."""
    about = random.choice(("by another system", "under its version", "as the next version", "of another aggregate"))
    made = replace(event, event_id=f"forged-{random.getrandbits(64):x}", offset=1 << 40)
    newest = max(e.version for e in events if e.subject == event.subject and e.aggregate == event.aggregate)
    match about:
        case "by another system":
            return about, _restated(replace(made, source="spreadsheet", version=newest + 1))
        case "under its version":
            return about, _restated(made)
        case "as the next version":
            return about, _restated(replace(made, version=newest + 1), {**event.data, "version": newest + 1})
    other = f"{event.subject}-forged"
    data = _renamed(event.data, event.subject, other)
    return about, _restated(replace(made, subject=other, version=1), {**data, "version": 1})


def _restated(event: Heard, data: Mapping[str, Any] | None = None) -> Heard:
    """The event with another body, and the content that goes with it."""
    told = event.data if data is None else data
    digest = hashlib.blake2b(f"{told!r}{event.event_id}".encode(), digest_size=8).digest()
    return replace(event, data=told, content=int.from_bytes(digest, "big") >> 2)


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, number))
    elif value is not None:
        yield path, value


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _with(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    step = path[0]
    if isinstance(value, Mapping):
        return {**value, step: _with(value[step], path[1:], new)}
    assert isinstance(step, int)
    return [_with(inner, path[1:], new) if n == step else inner for n, inner in enumerate(value)]


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, Mapping):
        return {name: _renamed(inner, old, new) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(inner, old, new) for inner in value]
    return new if value == old else value


def _other(value: Any, symbols: Sequence[str], random: Random) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() if value > 1 << 40:
            return value + random.choice((-1, 1)) * 20 * DAY_US
        case int():
            return value + random.choice((1, 7))
        case Decimal():
            return value + random.choice((Decimal(1), Decimal(25)))
        case datetime():
            return value + random.choice((-1, 1)) * timedelta(days=20)
    rest = [symbol for symbol in symbols if symbol != value]
    return random.choice(rest) if rest else f"{value}-x"


@cache
def _enums(record: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Symbols of enums of a record by the names on the way to them."""
    named: dict[str, Any] = {}
    found: dict[tuple[str, ...], tuple[str, ...]] = {}

    def walk(schema: Any, path: tuple[str, ...]) -> None:
        if isinstance(schema, list):
            for branch in schema:
                walk(branch, path)
        elif isinstance(schema, str):
            if schema in named:
                walk(named[schema], path)
        elif schema["type"] == "enum":
            named[schema["name"]] = schema
            found[path] = tuple(schema["symbols"])
        elif schema["type"] == "record":
            named[schema["name"]] = schema
            for each in schema["fields"]:
                walk(each["type"], (*path, each["name"]))
        elif schema["type"] == "array":
            walk(schema["items"], path)
        elif isinstance(schema["type"], dict | list):
            walk(schema["type"], path)

    walk(json.loads(contract(record).text), ())
    return found


def _symbols(record: str, path: Path) -> tuple[str, ...]:
    return _enums(record).get(tuple(step for step in path if isinstance(step, str)), ())


@dataclass
class Log:
    """A log with what every derivation makes of it, known group by group."""

    events: tuple[Heard, ...]
    until_us: int
    _clean: dict[tuple[int, str], Rows] = field(default_factory=dict)

    @cached_property
    def groups(self) -> list[dict[str, list[Heard]]]:
        """The events of each group, by fold."""
        found: list[dict[str, list[Heard]]] = []
        for fold in FOLDS:
            here: dict[str, list[Heard]] = defaultdict(list)
            for event in self.events:
                for group in _groups(fold, event):
                    here[group].append(event)
            found.append(here)
        return found

    def touched(self, done: Mutation) -> Iterator[tuple[int, str]]:
        """The groups a mutation is heard in, as (number of the fold, group)."""
        for number, fold in enumerate(FOLDS):
            yield from ((number, group) for group in sorted(_groups(fold, done.gone) | _groups(fold, done.come)))

    def before(self, number: int, group: str) -> Rows:
        """The rows of a group of the log."""
        key = number, group
        if key not in self._clean:
            self._clean[key] = rows_of(FOLDS[number], group, self.groups[number].get(group, ()), self.until_us)
        return self._clean[key]

    def after(self, number: int, group: str, done: Mutation) -> Rows:
        """The rows of the group of the log that was changed."""
        return rows_of(FOLDS[number], group, self.changed(number, group, done), self.until_us)

    def changed(self, number: int, group: str, done: Mutation) -> list[Heard]:
        """The events of the group in the log that was changed."""
        kept = [event for event in self.groups[number].get(group, ()) if event is not done.gone]
        return [*kept, done.come] if done.come and group in _groups(FOLDS[number], done.come) else kept


def rows_of(fold: Fold, group: str, events: Iterable[Heard], until_us: int) -> Rows:
    """What follows in one group when everything up to a time has come."""
    facts: dict[Place, Facts] = {}
    for event in events:
        for place in fold.places(event):
            if place.group == group:
                facts.setdefault(place, Facts()).hear(event, fold.says(event, place))
    nothing = Facts()
    shared = facts.get(Place(group), nothing)
    found: Rows = {}
    for place, own in facts.items():
        done = settle(fold, place, shared, own if place.member else nothing, until_us)
        found.update({(row.record, row.key): row.data for row in done.derived.rows})
    return found


def found_by(log: Log, done: Mutation) -> set[str]:
    """The rules, with verdicts, that find a mutation once everything has come and every window is over."""
    found: set[str] = set()
    for number, group in log.touched(done):
        if FINDING in FOLDS[number].records:
            found |= {_said(data) for (record, _), data in log.after(number, group, done).items() if record == FINDING}
    return found


def differing(log: Log, done: Mutation) -> set[str]:
    """The records of any derivation that are not what they were."""
    found: set[str] = set()
    for number, group in log.touched(done):
        before, after = log.before(number, group), log.after(number, group, done)
        for key in before.keys() | after.keys():
            old, new = before.get(key), after.get(key)
            if old is None or new is None:
                found.add(key[0])
            elif old != new:
                found |= {f"{key[0]}.{name}" for name in old if old[name] != new.get(name)}
    return found


def _said(data: Mapping[str, Any]) -> str:
    return f"{data['ruleId']} {data['verdict']}" if data["verdict"] else str(data["ruleId"])


def _groups(fold: Fold, event: Heard | None) -> set[str]:
    if event is None or event.kind not in fold.kinds:
        return set()
    return {place.group for place in fold.places(event)}
