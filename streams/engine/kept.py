"""The stores of one application in one process: those at work, and those kept for the partition's return."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import structlog

from streams.engine.restore import Partition, read_back
from streams.engine.store import Store

log = structlog.get_logger(__name__)

KEPT_SECONDS_MAX = 600.0
"""How long a store in memory waits for its partition: a worker that was replaced or a group that settles is back
within minutes, and after ten of them the memory is worth more than reading the changelog again."""


@dataclass(slots=True)
class _Kept:
    store: Store
    since: float


class Stores:
    """Opens the stores of partitions, brings them up to date, and takes them back.

    A store is here between the end of its restore and its adoption, and after its partition was given up; never while
    batches are applied to it. What is here holds nothing but committed records, so restoring goes on from its mark.
    """

    def __init__(self, open_store: Callable[[int], Store]) -> None:
        """`open_store` gives the store of a partition as it was left on disk, or an empty one."""
        self._open_store = open_store
        self._kept: dict[int, _Kept] = {}
        self._turn = threading.Lock()
        self._numbering = threading.Lock()
        self._newest_restore = 0

    def supersede(self) -> int:
        """End whatever restore is under way, without waiting for it; the number of the one that may begin now."""
        with self._numbering:
            self._newest_restore += 1
            return self._newest_restore

    def restore(self, kafka_config: Mapping[str, str], changelog: str, numbers: Iterable[int]) -> dict[int, Partition]:
        """Bring the stores of these partitions up to date (`read_back`); the newest call ends the ones before it."""
        mine = self.supersede()
        with self._turn:
            for number in numbers:
                if number not in self._kept:
                    self._kept[number] = _Kept(self._open_store(number), time.monotonic())
            stores = {number: self._kept[number].store for number in numbers}
            restored = read_back(kafka_config, changelog, stores, lambda: mine != self._newest_restore)
            for number in stores:
                self._kept[number].since = time.monotonic()
            return restored

    def lend(self, numbers: Iterable[int]) -> None:
        """These are at work from now on."""
        for number in numbers:
            self._kept.pop(number, None)

    def take_back(self, partitions: Mapping[int, Partition], *, lost: bool, failed: bool) -> None:
        """Undo what was not committed, and keep the stores.

        One on disk is closed: it has its mark there. One in memory waits for the partition's return, unless its
        engine failed: then nobody knows what it has seen.
        """
        if not partitions:
            return
        with self._turn:
            for number, partition in partitions.items():
                store = partition.store
                store.undo_transaction()
                if store.mark is not None and not (lost or failed):
                    # while it was owned nobody else wrote, so it is complete as of now, however long it was idle
                    store.committed(replace(store.mark, seconds=time.time()))
                if store.durable or failed or store.mark is None:
                    store.close()
                else:
                    self._kept[number] = _Kept(store, time.monotonic())

    def expire(self) -> None:
        """Forget what nobody came back for."""
        if not self._kept or not self._turn.acquire(blocking=False):
            return
        try:
            limit = time.monotonic() - KEPT_SECONDS_MAX
            for number in [number for number, kept in self._kept.items() if kept.since < limit]:
                self._kept.pop(number).store.close()
                log.info("kept store forgotten", partition=number)
        finally:
            self._turn.release()
