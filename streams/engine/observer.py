"""What the engine and its transport tell of themselves, for whoever watches the worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from streams.engine.backlog import Backlog
from streams.engine.batch import RecordBatch
from streams.engine.health import Phase, Place, Vitals
from streams.engine.limits import Limits
from streams.engine.metrics import Metrics, VitalsCollector
from streams.engine.step import Step


class Observer:
    """Keeps the vitals and the metrics of one application; called from any thread, and never blocks for long.

    It is told of batches, commits and assignments, not of records. `clock` gives monotonic seconds.
    """

    def __init__(self, app: str, backlog: Backlog, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.metrics = Metrics(app)
        self._clock = clock
        self._lock = threading.Lock()
        self._beats: dict[str, float] = {}
        now = clock()
        self._vitals = Vitals(Phase.STARTING, since=now, started=now)
        self.metrics.registry.register(VitalsCollector(app, self.vitals, backlog, limits.ceiling_bytes))

    def vitals(self) -> Vitals:
        """The vitals as of now."""
        with self._lock:
            return replace(self._vitals, beats=dict(self._beats))

    def beat(self, who: str) -> None:
        """A thread of control is alive; said at every poll, so it takes no lock."""
        self._beats[who] = self._clock()

    def enter(self, phase: Phase) -> None:
        """The worker is about something else from now on; after a failure only the stop or a new beginning is news."""
        with self._lock:
            failed = self._vitals.phase is Phase.FAILED
            if phase is self._vitals.phase or (failed and phase not in {Phase.STOPPING, Phase.RESTORING}):
                return
            self._set(phase=phase, since=self._clock(), waiting_since=None)

    def reassigned(self) -> None:
        """The group has given out partitions anew."""
        self.metrics.rebalances.inc()
        self.enter(Phase.RESTORING)

    def restored(self, records: int, seconds: float) -> None:
        """The state of an assignment was read back."""
        self.metrics.restored_records.inc(records)
        self.metrics.restore_seconds.observe(seconds)

    def assigned(self, epoch: int, positions: Mapping[Place, int], entries: Mapping[int, int]) -> None:
        """These partitions are worked on from these positions."""
        with self._lock:
            self._set(
                epoch=epoch,
                assigned=frozenset(positions),
                applied=dict(positions),
                committed=dict(positions),
                entries=dict(entries),
                ends={},
                gaps={},
            )

    def released(self) -> None:
        """The partitions were given up."""
        with self._lock:
            self._set(assigned=frozenset(), applied={}, committed={}, ends={}, gaps={}, entries={}, waiting_since=None)

    def applied(self, batch: RecordBatch, result: Step, seconds: float) -> None:
        """A batch was applied, and waits for its commit."""
        self.metrics.batches.inc()
        self.metrics.outputs.inc(len(result.outputs))
        self.metrics.batch_seconds.observe(seconds)
        self.metrics.applied(batch.topic, batch.partition, result.counts, result.dead_letters)
        with self._lock:
            since = self._vitals.waiting_since
            self._set(
                applied={**self._vitals.applied, (batch.topic, batch.partition): batch.next_offset},
                waiting_since=self._clock() if since is None else since,
            )

    def committed(self, positions: Mapping[Place, int], entries: Mapping[int, int], seconds: float) -> None:
        """A transaction was committed; these are the positions of all partitions."""
        self.metrics.committed.inc()
        self.metrics.commit_seconds.observe(seconds)
        with self._lock:
            now = self._clock()
            moved = dict(positions) != self._vitals.committed
            self._set(
                committed=dict(positions),
                entries=dict(entries),
                committed_at=now,
                advanced=now if moved else self._vitals.advanced,
            )
            self._judge_waiting(now)

    def aborted(self) -> None:
        """A transaction was thrown away."""
        self.metrics.aborted.inc()

    def ends(self, ends: Mapping[Place, int]) -> None:
        """How far the input reaches, as the client last heard."""
        with self._lock:
            self._set(ends={**self._vitals.ends, **ends})
            self._judge_waiting(self._clock())

    def read_to_end(self, place: Place, handed: int, end: int) -> None:
        """Nothing lies between the last record handed over and this end of the log."""
        with self._lock:
            self._set(gaps={**self._vitals.gaps, place: (handed, end)})

    def _judge_waiting(self, now: float) -> None:
        vitals = self._vitals
        if not any(vitals.lag.values()) and vitals.applied == vitals.committed:
            self._set(waiting_since=None)
        elif vitals.waiting_since is None:
            self._set(waiting_since=now)

    def _set(self, **changes: Any) -> None:
        self._vitals = replace(self._vitals, **changes)


def places(positions: Iterable[tuple[int, Mapping[str, int]]], topics: Iterable[str]) -> dict[Place, int]:
    """The position of each topic in each partition, 0 where nothing was read."""
    names = list(topics)
    return {(topic, number): offsets.get(topic, 0) for number, offsets in positions for topic in names}
