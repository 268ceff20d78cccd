"""The contract between the engine and an application: a pure step from a batch and a state to outputs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from streams.engine.batch import Headers, RecordBatch


class Output(NamedTuple):
    """A record to be produced in the transaction of the batch that led to it."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Headers


class State(Protocol):
    """Keyed bytes of one partition; changes become permanent with the transaction."""

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        ...

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set the value; None removes it."""
        ...


@dataclass(slots=True)
class Counts:
    """What became of the records read: `read = applied + duplicate + stale + dead_lettered`, always."""

    read: int = 0
    applied: int = 0
    duplicate: int = 0
    stale: int = 0
    dead_lettered: int = 0

    def add(self, other: Counts) -> None:
        """Count the other's records as well."""
        self.read += other.read
        self.applied += other.applied
        self.duplicate += other.duplicate
        self.stale += other.stale
        self.dead_lettered += other.dead_lettered

    @property
    def balanced(self) -> bool:
        """Whether every record read is accounted for exactly once."""
        return self.read == self.applied + self.duplicate + self.stale + self.dead_lettered

    def to_plain(self) -> list[int]:
        """The five numbers in the order of the fields."""
        return [self.read, self.applied, self.duplicate, self.stale, self.dead_lettered]


class Processor(Protocol):
    """An application: stateless itself, so that the same batch and state always give the same outputs."""

    def process(self, batch: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        """Apply a batch: write `state`, append to `out`, and count every record of it.

        Raises `RecordError` when a record cannot be read or applied; the engine then undoes the batch, finds the
        record by running them one by one, and dead-letters it. Raises `UnavailableError` when a part is away: the
        worker stops without committing, and nothing is skipped.
        """
        ...


class Timer(NamedTuple):
    """A deadline in microseconds of the clock its key lives by (`streams.clock`); key and name tell timers apart."""

    deadline_us: int
    key: bytes
    name: str


class TimedState(State, Protocol):
    """A state with timers: for each key at most one of each name, changed, undone and committed with the state."""

    def set_timer(self, key: bytes, name: str, deadline_us: int) -> None:
        """Set the timer, or move it; a deadline that is past already is due at once."""
        ...

    def cancel_timer(self, key: bytes, name: str) -> None:
        """Remove the timer, if it is set."""
        ...

    def deadline_of(self, key: bytes, name: str) -> int | None:
        """When the timer is due, in microseconds; None when it is not set."""
        ...


class TimedProcessor(Protocol):
    """A processor that also acts when nothing came.

    A timer fires once every input is complete up to its deadline and `grace_us` microseconds more, never because a
    clock says so. A fact may still come later than that: `process` must then take back what the firing said, so that
    the end is the same in whatever order facts and firings come.
    """

    @property
    def grace_us(self) -> int:
        """How much later than the deadline, in microseconds, facts may be published without being too late."""
        ...

    def process(self, batch: RecordBatch, now: datetime, state: TimedState, out: list[Output]) -> Counts:
        """As `Processor.process`, with timers."""
        ...

    def on_timer(self, timer: Timer, state: TimedState, out: list[Output]) -> None:
        """Act on a deadline that has passed; the timer itself is gone.

        A function of the state and the timer alone: what it writes carries the deadline as its time. An error puts
        this firing among the dead letters, unless it says that a part is away.
        """
        ...
