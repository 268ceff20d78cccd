"""The fold of space `aggregate`: the group is the event's own aggregate, every event of every owner belongs to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from domain.catalogue import RECORDS
from domain.drift.aggregate.authority import DECISIONS
from domain.drift.aggregate.course import Bound, altered, breaks, said_twice, stated
from domain.drift.aggregate.ill_formed import LATE, LINEAGE, NAME, PRODUCER, hours, ills
from domain.drift.aggregate.reading import Reading, Unreached, behind_since_us
from domain.drift.aggregate.seen import Seen, conflicts, gaps
from domain.drift.mismatch import Apart, Mismatch
from domain.drift.rules import Rule, RuleSet
from domain.drift.space import Check, Space, group_of, named
from domain.fold.facts import Entry, Facts
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.fold.joins import Least
from domain.ownership.questions import MATRIX, ownership_of_event

SPACE = "aggregate"
TWICE = "twice"
ILLS_MAX = 8
"""Ill-formed events of one kind that are remembered for each aggregate, the first ones."""

_CALLED = {"ProductOrder": "order", "Quote": "quote", "Account": "account", "Asset": "product"}
"""What findings call the identity of an aggregate they have a field for."""

KINDS = frozenset(event for row in MATRIX for event in row.events) & frozenset(record.name for record in RECORDS)


class Aggregate(NamedTuple):
    """One aggregate as its events show it."""

    kind: str
    identity: str
    facts: Facts

    def entry(self, name: str) -> Entry | None:
        """A register."""
        return self.facts.entry(self.identity, name)

    def ill(self, name: str) -> Iterator[tuple[list[Any], Entry]]:
        """Ill-formed events of a kind, as [version, time, id, what shows it], but those the owner has corrected."""
        entry = self.entry(name)
        corrected = self.entry("corrected")
        mended = {one[0] for one in corrected.value} if corrected else ()
        for one in entry.value if entry else ():
            if entry and one[2] not in mended:
                yield one, entry

    def mismatch(self, since_us: int, apart: tuple[Apart, ...], evidence: Entry | None, **names: str) -> Mismatch:
        """Something about this aggregate."""
        return Mismatch(
            entity_type=self.kind,
            entity_id=self.identity,
            since_us=since_us,
            apart=apart,
            evidence=(evidence,),
            names={"what": self.kind, _CALLED.get(self.kind, ""): self.identity, **names},
        )


def _places(event: Heard) -> Iterable[Place]:
    owned = ownership_of_event(event.kind).aggregate
    return (Place(f"{group_of(event, SPACE, event.subject)}/{owned}"),)


def _says(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "seen", Seen(event, stated(event))
    yield "bound", Bound(event)
    if twice := said_twice(event):
        yield TWICE, Least(ILLS_MAX, [event.version, event.time_us, event.event_id, twice])
    for name, what in ills(event):
        yield name, Least(ILLS_MAX, [event.version, event.time_us, event.event_id, what])
    if event.corrects:
        yield "corrected", Least(ILLS_MAX, [event.corrects])
    if event.kind in DECISIONS:
        yield "decision", DECISIONS[event.kind](event)
    if event.kind == "ConsumerCheckpointReported":
        reading = Reading.of(event.data)
        yield "reading", reading
        yield "unreached", Unreached(reading[3], reading[4], event.time_us)


def _view(place: Place, shared: Facts, _: Facts) -> Aggregate:
    identity, _separator, kind = named(place).rpartition("/")
    return Aggregate(kind, identity, shared)


def _version_gap(one: Aggregate, _: Rule) -> Iterator[Mismatch]:
    seen = one.entry("seen")
    found = list(gaps(seen.value)) if seen else []
    if found and seen:
        missing = ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last, _ in found)
        since_us = min(time_us for _, _, time_us in found)
        yield one.mismatch(since_us, (Apart("versions", missing, None),), seen, missing=missing)


def _conflicting(one: Aggregate, _: Rule) -> Iterator[Mismatch]:
    seen = one.entry("seen")
    found = list(conflicts(seen.value)) if seen else []
    if found and seen:
        which = "; ".join(sorted({what for what, _ in found}))
        since_us = min(time_us for _, time_us in found)
        yield one.mismatch(
            since_us, (Apart("events", "one content for each version and id", which),), seen, which=which
        )


def _breaks_course(one: Aggregate, _: Rule) -> Iterator[Mismatch]:
    seen, bound = one.entry("seen"), one.entry("bound")
    found = [*(breaks(seen.value) if seen else ()), *(altered(bound.value) if bound else ())]
    if found:
        which = "; ".join(what for what, _ in found)
        since_us = min(time_us for _, time_us in found)
        yield one.mismatch(since_us, (Apart("events", "each follows from the one before", which),), seen, which=which)


def _contradicts_itself(one: Aggregate, _: Rule) -> Iterator[Mismatch]:
    for (_, time_us, _, what), entry in one.ill(TWICE):
        fields = ", ".join(what)
        yield one.mismatch(time_us, (Apart("event", "one value for each field", fields),), entry, fields=fields)
        return


def _wrong_producer(one: Aggregate, _: Rule) -> Iterator[Mismatch]:
    for (_, time_us, _, what), entry in one.ill(PRODUCER):
        owner = ownership_of_event(entry.kind).publisher
        source = what[0] or "nobody"
        yield one.mismatch(time_us, (Apart("source", owner, source),), entry, source=source)
        return


def _command_shaped(one: Aggregate, _: Rule) -> Iterator[Mismatch]:
    for (_, time_us, _, what), entry in one.ill(NAME):
        yield one.mismatch(time_us, (Apart("type", "the name of a fact", what[0]),), entry, name=what[0])
        return


def _missing_lineage(one: Aggregate, _: Rule) -> Iterator[Mismatch]:
    for (_, time_us, _, what), entry in one.ill(LINEAGE):
        yield one.mismatch(time_us, tuple(Apart(name, "an id", None) for name in what), entry)
        return


def _late(one: Aggregate, rule: Rule) -> Iterator[Mismatch]:
    for (_, time_us, _, what), entry in one.ill(LATE):
        if what[0] > rule.bound_us:
            limit = hours(rule.bound_us)
            apart = Apart("hours until published", f"at most {limit}", hours(what[0]))
            yield one.mismatch(time_us + what[0], (apart,), entry, hours=hours(what[0]))
            return


def _without_authority(one: Aggregate, _: Rule) -> Iterator[Mismatch]:
    decision = one.entry("decision")
    if decision and decision.value:
        apart = tuple(Apart(*reason) for reason in decision.value)
        why = "; ".join(f"{a.field} is {a.actual}, and had to be {a.expected}" for a in apart)
        yield one.mismatch(decision.time_us, apart, decision, why=why)


def _consumer_missed(one: Aggregate, _: Rule) -> Iterator[Mismatch]:
    report, ends = one.entry("reading"), one.entry("unreached")
    if report is None or ends is None:
        return
    newest = Reading(*report.value)
    if newest.committed >= newest.end:
        return
    yield Mismatch(
        entity_type=one.kind,
        entity_id=one.identity,
        since_us=behind_since_us(ends.value, newest, report.time_us),
        apart=(Apart("committedOffset", str(newest.end), str(newest.committed)),),
        evidence=(report,),
        names={
            "consumer": newest.consumer,
            "topic": newest.topic,
            "partition": str(newest.partition),
            "behind": str(newest.end - newest.committed),
        },
        system=newest.consumer,
    )


CHECKS: dict[str, Check[Aggregate]] = {
    "event.version-gap": _version_gap,
    "event.conflicting-duplicate": _conflicting,
    "event.contradicts-itself": _contradicts_itself,
    "event.breaks-course": _breaks_course,
    "event.wrong-producer": _wrong_producer,
    "event.command-shaped": _command_shaped,
    "event.missing-lineage": _missing_lineage,
    "event.late": _late,
    "event.consumer-missed": _consumer_missed,
    "state.decided-without-authority": _without_authority,
}


def aggregate_space(rules: RuleSet) -> Space[Aggregate]:
    """The fold with these rules."""
    sayings = dict.fromkeys(KINDS, _says)
    return Space(SPACE, rules, places=_places, sayings=sayings, view=_view, checks=CHECKS)
