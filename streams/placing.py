"""Every fact to the groups it belongs to: the re-keyer that feeds the applications made of folds.

It hears what the folds listen to, asks each where the fact belongs (`Fold.places`), and copies it once for each group
of each application, under the group's id. Nothing is remembered: the same fact always goes to the same places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.errors import RecordError
from domain.fold.fold import Fold
from domain.fold.heard import Heard
from streams.engine.batch import RecordBatch
from streams.engine.processor import Counts, Output, State
from streams.engine.rekey import copy_of
from streams.hearing import Hearing, SchemaFinder

Routes = Mapping[str, Sequence[Fold]]
"""The folds of each application, by the internal topic that feeds it."""


class Placing:
    """A processor that publishes each fact on the topic of every application that has a group for it."""

    def __init__(self, schemas: SchemaFinder, routes: Routes) -> None:
        self._routes = {topic: tuple(folds) for topic, folds in routes.items()}
        kinds = frozenset[str]().union(*(fold.kinds for folds in routes.values() for fold in folds))
        self._hearing = Hearing(schemas, kinds)

    def process(self, batch: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        """See `Processor.process`; a fact that belongs nowhere is applied, knowingly."""
        counts = Counts(read=len(batch))
        for index, (_, event) in enumerate(self._hearing.of(batch)):
            counts.applied += 1
            if event is None:
                continue
            for topic, folds in self._routes.items():
                groups = _groups(folds, event)
                if groups:
                    _, copy = copy_of(batch, index, topic)
                    out += [copy.under(group) for group in groups]
        return counts


def _groups(folds: Sequence[Fold], event: Heard) -> list[str]:
    found: dict[str, None] = {}
    for fold in folds:
        if event.kind in fold.kinds:
            found.update(dict.fromkeys(place.group for place in fold.places(event)))
    for group in found:
        if not group.startswith(event.tenant + ":"):
            message = f"Event {event.event_id} of {event.subject} names {group!r}, which is no id of its tenant."
            raise RecordError(
                "BAD_JOIN_KEY", message, stage="apply", remediation="Find the producer and mend it; then replay."
            )
    return list(found)
