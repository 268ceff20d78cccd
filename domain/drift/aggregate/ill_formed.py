"""What is wrong with an event as its contract wants it: producer, name, lineage, lateness (R68-R79, R324, R414)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from domain.fold.heard import Heard
from domain.ownership.questions import ownership_of_event
from domain.tense import is_command, is_past_tense

LATE_US = 1_000_000
"""Events published later than this after they happened are remembered; the rule's bound says which are too late."""
_TYPE = re.compile(r"(?:^|\.)(?P<event>[a-z0-9-]+)\.v\d+$")
_HOUR_US = 3_600_000_000

PRODUCER, NAME, LINEAGE, LATE = "producer", "name", "lineage", "late"


def ills(event: Heard) -> Iterator[tuple[str, list[Any]]]:
    """Each thing that is wrong, with what shows it."""
    if event.source != ownership_of_event(event.kind).publisher:
        yield PRODUCER, [event.source]
    name = _imperative(event.event_type)
    if name:
        yield NAME, [name]
    lacking = [n for n, v in (("correlation", event.correlation_id), ("causation", event.causation_id)) if not v]
    if lacking:
        yield LINEAGE, lacking
    if event.recorded_us - event.time_us > LATE_US:
        yield LATE, [event.recorded_us - event.time_us]


@cache
def _imperative(event_type: str) -> str | None:
    """The event's name as its type says it, when it tells somebody to do something."""
    found = _TYPE.search(event_type)
    if found is None:
        return None
    camel = "".join(word.capitalize() for word in found["event"].split("-"))
    return camel if is_command(camel) and not is_past_tense(camel) else None


def hours(late_us: int) -> str:
    """How late, in whole hours."""
    return str(late_us // _HOUR_US)
