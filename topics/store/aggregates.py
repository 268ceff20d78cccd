"""Aggregates in memory: what their events fold to, and a cache of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from domain.aggregate import AggregateType
from domain.errors import IntegrityError
from topics.store.chain import GENESIS
from topics.store.rows import AggregateKey, StoredEvent


@dataclass(frozen=True, slots=True)
class Folded:
    """An aggregate at a version: its state (None before the first event) and the hash its next event is chained to."""

    state: Any = None
    version: int = 0
    hash: bytes = GENESIS


def fold(aggregate: AggregateType[Any], aggregate_id: str, start: Folded, events: Iterable[StoredEvent]) -> Folded:
    """What an aggregate comes to when stored events are added.

    Raises `IntegrityError` when a version is missing or an event cannot be read.
    """
    state, version, hash_ = start.state, start.version, start.hash
    for event in events:
        if event.version != version + 1:
            message = f"Event {version + 1} of {aggregate_id} is missing; the next one stored is {event.version}."
            raise IntegrityError(message, remediation="Stop its writers and restore the events from a backup.")
        state = aggregate.evolve(state, _read(aggregate, aggregate_id, event))
        version, hash_ = event.version, event.hash
    return Folded(state, version, hash_)


def _read(aggregate: AggregateType[Any], aggregate_id: str, event: StoredEvent) -> Any:
    model = aggregate.events.get(event.name)
    if model is None:
        message = f"Event {event.version} of {aggregate_id} is a {event.name}, which {aggregate.name} does not know."
        raise IntegrityError(message, remediation="Run the release that wrote it, or a later one.")
    try:
        return model.model_validate(event.payload)
    except ValidationError as error:
        where = ", ".join(".".join(map(str, p["loc"])) for p in error.errors(include_input=False)[:5])
        message = f"Event {event.version} of {aggregate_id} does not fit {event.name}: {where}."
        raise IntegrityError(
            message, remediation="Restore the event from a backup; events are never rewritten."
        ) from None


class FoldCache:
    """The newest known fold of recently used aggregates.

    Safe with any number of writers, here and elsewhere: it is only ever filled with folds of *committed* events,
    those never change, and a reader always asks the database for the events after the cached version. So an entry
    can be short of events but never wrong, and what it is short of is loaded each time.
    """

    def __init__(self, size_max: int) -> None:
        self._size_max = size_max
        self._entries: OrderedDict[AggregateKey, Folded] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: AggregateKey) -> Folded:
        """The newest fold known, or the empty one."""
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                self._entries.move_to_end(key)
            return found or Folded()

    def keep(self, folds: Mapping[AggregateKey, Folded]) -> None:
        """Keep folds of committed events; an older one never replaces a newer one."""
        with self._lock:
            for key, folded in folds.items():
                held = self._entries.get(key)
                if folded.version and (held is None or held.version <= folded.version):
                    self._entries[key] = folded
                    self._entries.move_to_end(key)
            while len(self._entries) > self._size_max:
                self._entries.popitem(last=False)
