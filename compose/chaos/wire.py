"""A network at its worst between outbox and topic: events arrive again, and those of one aggregate in any order."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Sequence
from random import Random

from topics.outbox import OutboxMessage

REPEATED_PER_MILLE = 100
REVERSED_PER_MILLE = 300
GATHER_SECONDS = 0.3
"""While it reorders the wire holds each batch so long: the next one then has several events of an aggregate."""


class RoughWire:
    """Repeats one event in ten and permutes the events of each aggregate within a batch, once told to.

    Chance is decided by the event's id and the seed, so that the same events suffer however they are batched. Three in
    ten aggregates of a batch come backwards, the terminal event first; the others are shuffled.
    """

    def __init__(self, seed: int, stop: threading.Event) -> None:
        self._seed = seed
        self._stop = stop
        self.duplicating = False
        self.reordering = False
        self.repeated: set[str] = set()
        """Ids of the events that were handed over twice."""
        self.displaced = 0
        self.later_release: Callable[[OutboxMessage], OutboxMessage] | None = None
        """Makes of an event what a later release of its writer would have written; half of them are given to it."""
        self.written_later = 0
        self.newest: dict[str, OutboxMessage] = {}
        """The event of each topic that passed last."""

    def __call__(self, messages: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
        """The messages as the network delivers them."""
        self.newest.update({message.topic: message for message in messages})
        messages = [self._written(message) for message in messages]
        sent = list(messages)
        if self.reordering:
            self._stop.wait(GATHER_SECONDS)
            sent = self._permuted(sent)
            self.displaced += sum(one.seq != other.seq for one, other in zip(messages, sent, strict=True))
        if not self.duplicating:
            return sent
        again = [m for m in messages if self._random("repeat", m).randrange(1000) < REPEATED_PER_MILLE]
        self.repeated.update(m.event_id for m in again)
        return [*sent, *again]

    def _written(self, message: OutboxMessage) -> OutboxMessage:
        if self.later_release is None or self._random("writer", message).randrange(2):
            return message
        self.written_later += 1
        return self.later_release(message)

    def _permuted(self, messages: list[OutboxMessage]) -> list[OutboxMessage]:
        places: dict[tuple[str, str], list[int]] = {}
        for place, message in enumerate(messages):
            places.setdefault((message.topic, message.key), []).append(place)
        permuted = list(messages)
        for where in places.values():
            random = self._random("permute", messages[where[0]])
            moved = [messages[place] for place in where]
            if random.randrange(1000) < REVERSED_PER_MILLE:
                moved.reverse()
            else:
                random.shuffle(moved)
            for place, message in zip(where, moved, strict=True):
                permuted[place] = message
        return permuted

    def _random(self, what: str, message: OutboxMessage) -> Random:
        return Random(zlib.crc32(f"{self._seed}/{what}/{message.event_id}".encode()))


def await_traffic(wire: RoughWire, topic: str, timeout_seconds: float) -> OutboxMessage | None:
    """An event of `topic` that has passed; None when none did within the timeout."""
    deadline = time.monotonic() + timeout_seconds
    while topic not in wire.newest and time.monotonic() < deadline:
        time.sleep(0.1)
    return wire.newest.get(topic)
