"""Claims every application must hold to: whatever happens on the way, it ends in the same records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import Any

from domain.difference import differences
from streams.engine.processor import Processor, TimedProcessor
from streams.testing.harness import Harness, newest_by_topic
from streams.testing.poison import poisons
from streams.testing.records import Record
from streams.testing.schedule import Records, Schedule, arrivals, random_schedule

SHOWN_MAX = 20

Canonical = Callable[[bytes], Any]
"""What of an output's value must come out the same; leave out what may differ, such as the time of calculation."""


def assert_convergent(
    make: Callable[[], Processor | TimedProcessor],
    records: Records | Schedule,
    canonical: Canonical = bytes,
    *,
    expected: Mapping[str, Any] | None = None,
    inputs: tuple[str, ...] = ("input",),
    partitions: int = 1,
    watermark: datetime | None = None,
    tries: int = 30,
    seed: int = 0,
    keep_order: bool = False,
    duplicates: bool = True,
) -> None:
    """Check that a processor ends in the same records however its input arrives and whatever happens meanwhile.

    Given records, `tries` schedules drawn from `seed` are played: permuted, repeated, cut into batches, with aborts
    and crashes. Given a schedule, as `streams.testing.strategies.schedules` draws them, that one is. The newest value
    of each key must be what one undisturbed batch in the order of publishing gives, or `expected`: records by key.
    Every record that arrived must be counted exactly once. With a `watermark` the timers due by then fire: undisturbed
    when everything is read, otherwise before each commit too, when facts are still to come. `keep_order` and
    `duplicates`: see `random_schedule`.

    Raises `AssertionError` with the fields that differ, and the seed that leads there.
    """
    if isinstance(records, Schedule):
        played, published = [(0, records)], records.published
    else:
        published = arrivals(records)
        options = {"keep_order": keep_order, "duplicates": duplicates}
        played = [(s, random_schedule(records, Random(s), **options)) for s in range(seed, seed + tries)]
    wanted = {"": dict(expected)} if expected is not None else None
    if wanted is None:
        undisturbed = Harness(make, inputs=inputs, partitions=partitions)
        undisturbed.play(Schedule(published, published), watermark=watermark)
        wanted = _canonical(undisturbed, canonical)
    for number, schedule in played:
        harness = Harness(make, inputs=inputs, partitions=partitions)
        harness.play(schedule, watermark=watermark)
        found = _canonical(harness, canonical)
        if expected is not None:
            found = {"": {key: record for of_topic in found.values() for key, record in of_topic.items()}}
        _require_equal(wanted, found, f"after schedule {number}: {_told(schedule)}")
        assert harness.counts.read == len(schedule.arrived), (
            f"{len(schedule.arrived)} records arrived and {harness.counts.read} were counted: {_told(schedule)}"
        )


def assert_poison_is_set_aside(
    make: Callable[[], Processor | TimedProcessor],
    records: Records,
    canonical: Canonical = bytes,
    *,
    inputs: tuple[str, ...] = ("input",),
    seed: int = 0,
) -> None:
    """Check that no bad record takes a neighbour along: each is dead-lettered once, byte for byte, the rest applies.

    Every way to spoil a record (`streams.testing.poison`) is strewn among the records, which stay as they are.
    """
    random = Random(seed)
    published = arrivals(records)
    arriving = list(published)
    bad: list[Record] = []
    for source in random.sample(published, min(3, len(published))):
        for spoiled in poisons(source.record).values():
            bad.append(spoiled)
            arriving.insert(random.randint(0, len(arriving)), source._replace(record=spoiled))
    calm, disturbed = Harness(make, inputs=inputs), Harness(make, inputs=inputs)
    calm.play(Schedule(published, published))
    disturbed.play(Schedule(published, tuple(arriving)))
    _require_equal(_canonical(calm, canonical), _canonical(disturbed, canonical), "among bad records")
    letters = Counter((d.key, d.value) for d in disturbed.dead_letters)
    ought = Counter((r.key, r.value) for r in bad)
    assert letters == ought, f"dead-lettered too often: {letters - ought}; not dead-lettered: {ought - letters}"
    assert disturbed.counts.dead_lettered == len(bad), f"{len(bad)} were spoiled: {disturbed.counts}"


def _canonical(harness: Harness, canonical: Canonical) -> dict[str, dict[str, Any]]:
    return {
        topic: {key.decode(errors="backslashreplace"): canonical(value) for key, value in newest.items()}
        for topic, newest in newest_by_topic(harness).items()
    }


def _require_equal(wanted: Mapping[str, Any], found: Mapping[str, Any], when: str) -> None:
    lines = []
    for topic in sorted({*wanted, *found}):
        ought, there = wanted.get(topic, {}), found.get(topic, {})
        for key in sorted({*ought, *there}):
            if key not in there:
                lines.append(f"{topic} {key}: no record")
            elif key not in ought:
                lines.append(f"{topic} {key}: a record nobody expected")
            else:
                lines += [f"{topic} {key}: {difference}" for difference in differences(ought[key], there[key])]
    if lines:
        more = [f"… and {len(lines) - SHOWN_MAX} more"] if len(lines) > SHOWN_MAX else []
        raise AssertionError("\n  ".join([f"The records differ {when}", *lines[:SHOWN_MAX], *more]))


def _told(schedule: Schedule) -> str:
    turns = ", ".join(f"{turn.records} then {turn.after.value}" for turn in schedule.turns)
    return f"{len(schedule.arrived)} arrivals of {len(schedule.published)} records; batches: {turns or 'one'}"
