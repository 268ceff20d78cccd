"""How far the inputs of a partition are complete: the time before which nothing is expected to come any more.

Complete means read, not merely late enough: a watermark is the platform clock of a moment at which an input's end was
asked for, once everything up to that end has been applied. So an outage, a lag or a rebuild holds it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from domain.errors import RecordError
from streams.engine.store import RESERVED

Clocks = dict[str, int]
"""Microseconds since the epoch by clock (`streams.clock`): LIVE, and each simulated tenant."""

WATERMARK_PREFIX = RESERVED + b"watermark" + RESERVED
"""Keys of the records by which an application tells the readers of a topic it feeds how complete it is."""
WATERMARK_HEADER = ("ot_control", b"watermark")


def lowest(fronts: Iterable[Mapping[str, int]]) -> Clocks:
    """The lowest of each clock; one that some front does not know is not known."""
    result: Clocks | None = None
    for front in fronts:
        result = dict(front) if result is None else {n: min(us, front[n]) for n, us in result.items() if n in front}
    return result or {}


def advanced(have: Mapping[str, int], to: Mapping[str, int]) -> Clocks:
    """Each clock at the later of the two: a watermark never goes back."""
    return {**have, **{name: max(us, have.get(name, us)) for name, us in to.items()}}


class Observation(NamedTuple):
    """What the clocks showed before the inputs were asked for their ends, and those ends as written."""

    clocks: Clocks
    ends: dict[str, int]


@dataclass(slots=True)
class Completeness:
    """How far the inputs that others own are read, in one partition."""

    reached: Clocks = field(default_factory=dict)
    _pending: Observation | None = None
    _end_marks: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def wants_observation(self) -> bool:
        """Whether the last one was reached; a newer one in its place could, under load, be put off for ever."""
        return self._pending is None

    def observe(self, observation: Observation) -> None:
        """Wait for these ends to be reached."""
        self._pending = observation

    def mark_end(self, topic: str, after: int, end: int) -> None:
        """Nothing that can be read lies between `after`, where the last batch ended, and `end`.

        What lies there are the marks of transactions, and records that were taken back.
        """
        self._end_marks[topic] = (after, end)

    def settle(self, offsets: Mapping[str, int]) -> Clocks:
        """How far the inputs are complete, now that what lies before these offsets is applied."""
        pending = self._pending
        if pending is not None and all(self._read_to(topic, offsets) >= end for topic, end in pending.ends.items()):
            self.reached = advanced(self.reached, pending.clocks)
            self._pending = None
        return self.reached

    def _read_to(self, topic: str, offsets: Mapping[str, int]) -> int:
        applied = offsets.get(topic, 0)
        after, end = self._end_marks.get(topic, (0, 0))
        return max(applied, end) if applied >= after else applied


def watermark_key(app: str, partition: int) -> bytes:
    """Key of the watermark record that a partition of an application writes."""
    return WATERMARK_PREFIX + _feeder(app, partition).encode()


def to_value(clocks: Mapping[str, int]) -> bytes:
    """The value of a watermark record."""
    return orjson.dumps(clocks, option=orjson.OPT_SORT_KEYS)


def is_watermark(key: bytes | None) -> bool:
    """Whether this is the key of a watermark record, which is no fact."""
    return key is not None and key.startswith(WATERMARK_PREFIX)


@dataclass(slots=True)
class Feeds:
    """What the applications that feed this partition's internal inputs have said, by topic and feeder."""

    heard: dict[str, dict[str, Clocks]] = field(default_factory=dict)

    def hear(self, topic: str, key: bytes, value: bytes | None) -> None:
        """Take a watermark record in. Raises `RecordError` when it cannot be read."""
        try:
            said = orjson.loads(value or b"")
            clocks = {str(name): int(us) for name, us in said.items()}
        except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError) as error:
            message = f"The watermark record {key!r} cannot be read: {error}."
            raise RecordError("BAD_WATERMARK", message, stage="decode") from error
        feeder = key[len(WATERMARK_PREFIX) :].decode(errors="backslashreplace")
        feeders = self.heard.setdefault(topic, {})
        feeders[feeder] = advanced(feeders.get(feeder, {}), clocks)

    def fronts(self, topic: str, apps: Iterable[str], partitions: int) -> list[Clocks]:
        """What each feeder of the topic said last; of one that was never heard, that it knows no time."""
        heard = self.heard.get(topic, {})
        return [heard.get(_feeder(app, p), {}) for app in apps for p in range(partitions)]


def _feeder(app: str, partition: int) -> str:
    return f"{app}/{partition}"
