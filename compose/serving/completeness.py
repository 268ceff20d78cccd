"""Since when a table may lack something: followed from the table back to what the owners published.

A look at the platform says three things: how far each application has committed, then where each topic ends, then how
far each table has been filled. An application commits its offsets and its outputs in one transaction, so everything in
its inputs up to a committed offset is, if anything came of it, before the end its output has afterwards. A table is
therefore complete as of a moment when it holds its topic up to an end seen at some look, that look's commits cover the
inputs up to ends seen at an earlier look, and so on, until the ends are those of owners' topics: the moment of that
look is the answer. Looks are moments, so the answer is never better than true.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

_ROUNDS_MAX = 1

Offsets = Mapping[int, int]
"""Next offset by partition."""


class Stage(NamedTuple):
    """The application that fills a topic, which is the name of its consumer group, and the topics it reads."""

    group: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """The platform at one moment, in the order in which it was asked; `at` lies before any of `ends` was.

    `committed` by (group, topic), `ends` and `stored` by topic; a partition nobody has reached is missing.
    """

    at: datetime
    committed: Mapping[tuple[str, str], Offsets]
    ends: Mapping[str, Offsets]
    stored: Mapping[str, Offsets]


class Completeness:
    """What follows from the looks so far.

    `stages` says of each derived or internal topic what fills it, `sources` which topics are filled by owners; of any
    other nothing is known.

    Looks older than `dense` are kept only every `sparse`, and forgotten after `memory`: a table that is further behind
    than that is of unknown age.
    """

    def __init__(
        self,
        stages: Mapping[str, Stage],
        sources: Collection[str],
        *,
        dense: timedelta = timedelta(minutes=2),
        sparse: timedelta = timedelta(seconds=20),
        memory: timedelta = timedelta(hours=1),
    ) -> None:
        self._stages, self._sources = stages, frozenset(sources)
        self._dense, self._sparse, self._memory = dense, sparse, memory
        self._looks: list[Look] = []
        self._known: dict[str, datetime | None] = {}

    def add(self, look: Look) -> None:
        """Take a look into account; looks come in the order of their moments."""
        self._looks.append(look)
        self._thin(look.at)
        self._known = {}

    def complete_as_of(self, topic: str) -> datetime | None:
        """The newest moment as of which the table of a topic is known to be complete; None when none is known."""
        known = self._known
        if topic not in known:
            known[topic] = self._complete_as_of(topic)
        return known[topic]

    def _complete_as_of(self, topic: str) -> datetime | None:
        if not self._looks:
            return None
        # a topic nothing was ever published on is in no table, and nothing of it is missing
        look = self._last_covered(topic, self._looks[-1].stored.get(topic, {}), len(self._looks) - 1)
        return None if look is None else self._traced(topic, look)

    def _traced(self, topic: str, look: int, through: tuple[str, ...] = ()) -> datetime | None:
        """As of when the topic, up to its end at a look, is complete. `through` are the topics on the way to the table.

        Some records are fed back to the application that made them. What goes round once is followed, and nothing
        goes round twice: records that are fed back do not follow from themselves.
        """
        if topic in self._sources:
            return self._looks[look].at
        stage = self._stages.get(topic)
        if stage is None:
            return None
        found: list[datetime] = []
        for source in stage.inputs:
            if through.count(source) > _ROUNDS_MAX:
                continue
            committed = self._looks[look].committed.get((stage.group, source))
            earlier = None if committed is None else self._last_covered(source, committed, look)
            moment = None if earlier is None else self._traced(source, earlier, (*through, topic))
            if moment is None:
                return None
            found.append(moment)
        return min(found, default=self._looks[look].at)

    def _last_covered(self, topic: str, reached: Offsets, newest: int) -> int | None:
        """The newest look, not after `newest`, whose end of the topic lies within `reached`."""
        # ends only grow, so the looks that are covered are the first ones
        covered = bisect_right(self._looks, 0, hi=newest + 1, key=lambda look: _lacks(look.ends.get(topic), reached))
        return covered - 1 if covered else None

    def _thin(self, now: datetime) -> None:
        old = bisect_right(self._looks, now - self._dense, key=lambda look: look.at)
        kept = _spaced(self._looks[:old], self._sparse)
        forgotten = bisect_right(kept, now - self._memory, key=lambda look: look.at)
        self._looks = [*kept[forgotten:], *self._looks[old:]]


def _lacks(ends: Offsets | None, reached: Offsets) -> int:
    """0 when everything up to the ends was reached, else 1. A topic nobody has seen the end of is never covered."""
    if ends is None:
        return 1
    return int(any(end > reached.get(partition, 0) for partition, end in ends.items()))


def _spaced(looks: Sequence[Look], apart: timedelta) -> list[Look]:
    kept: list[Look] = []
    for look in looks:
        if not kept or look.at - kept[-1].at >= apart:
            kept.append(look)
    return kept
