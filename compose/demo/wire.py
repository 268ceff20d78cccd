"""A careless network between outbox and topic: some events arrive twice, and neighbours change places."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence
from random import Random

from topics.relay.delivery import Carrier, Framed, Report

DUPLICATED_PER_MILLE = 50
SWAPPED_PER_MILLE = 100


class CarelessCarrier:
    """Repeats one event in twenty, and lets one in ten change places with its successor.

    Which ones is decided by the event's id, so that the same events suffer however they are batched.
    """

    def __init__(self, honest: Carrier, seed: int) -> None:
        self._honest = honest
        self._seed = seed
        self.duplicated = 0
        self.swapped = 0

    def deliver(self, batch: Sequence[Framed], stop: threading.Event) -> Report:
        """Publish the batch as the network delivers it."""
        return self._honest.deliver(self.disturbed(batch), stop)

    def close(self) -> None:
        """Close the honest carrier."""
        self._honest.close()

    def disturbed(self, batch: Sequence[Framed]) -> list[Framed]:
        """The batch in the order and as often as it arrives."""
        sent = list(batch)
        index = 0
        while index + 1 < len(sent):
            if self._chance(sent[index], "swap") < SWAPPED_PER_MILLE:
                sent[index], sent[index + 1] = sent[index + 1], sent[index]
                self.swapped += 1
                index += 1  # it has moved once; what it passed is not moved back
            index += 1
        again = [m for m in batch if self._chance(m, "duplicate") < DUPLICATED_PER_MILLE]
        self.duplicated += len(again)
        return [*sent, *again]

    def _chance(self, framed: Framed, what: str) -> int:
        return Random(zlib.crc32(f"{self._seed}/{what}/{framed.message.event_id}".encode())).randrange(1000)
