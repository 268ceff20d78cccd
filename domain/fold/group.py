"""A fold run over events in memory: what verification and tests hold the running platform against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from domain.fold.facts import Facts
from domain.fold.fold import Fold, Place, Row, Settled, settle
from domain.fold.heard import Heard


@dataclass(slots=True)
class Groups:
    """The facts of every place of a fold."""

    fold: Fold
    facts: dict[Place, Facts] = field(default_factory=dict)

    def hear(self, events: Iterable[Heard]) -> None:
        """Remember what events say, in whatever order they come."""
        for event in events:
            if event.kind not in self.fold.kinds:
                continue
            for place in self.fold.places(event):
                facts = self.facts.setdefault(place, Facts())
                facts.hear(event, self.fold.says(event, place))

    def settled(self, until_us: int) -> Iterator[tuple[Place, Settled]]:
        """What each place comes to when everything up to `until_us` is known to have come, by place."""
        nothing = Facts()
        for place in sorted(self.facts):
            own = self.facts[place]
            if place.member:
                yield place, settle(self.fold, place, self.facts.get(Place(place.group), nothing), own, until_us)
            else:
                yield place, settle(self.fold, place, own, nothing, until_us)


def rows_of(fold: Fold, events: Iterable[Heard], until_us: int) -> dict[tuple[str, str], Row]:
    """Every row that follows from the events, by (record, key), when the time `until_us` has been reached."""
    groups = Groups(fold)
    groups.hear(events)
    return {(row.record, row.key): row for _, done in groups.settled(until_us) for row in done.derived.rows}
