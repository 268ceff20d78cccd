"""Timers of one partition: kept in its store, so that they are restored, undone and committed with everything else."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Protocol

from domain.errors import ContractError, RecordError
from streams.clock import clock_of
from streams.engine.processor import State, Timer
from streams.engine.store import RESERVED

TIMER_PREFIX = RESERVED + b"timer" + RESERVED
_DEADLINE_BYTES = 8
_ORPHANS_MAX = 1024


class OwnState(State, Protocol):
    """A state in which the engine may keep keys of its own."""

    def put_own(self, key: bytes, value: bytes | None) -> None:
        """Set a value under a key that is refused to processors; None removes it."""
        ...


class UndoableState(OwnState, Protocol):
    """A state in which what one firing changed can be kept or undone."""

    def release(self) -> None:
        """Keep the changes, as part of the transaction."""
        ...

    def undo_batch(self) -> None:
        """Forget the changes."""
        ...


class Timers:
    """When which timer of a partition is due.

    The store says which timers there are; the heaps, one for each clock, only say where to look next. So an entry of
    a heap may be out of date, after an undone batch or a moved deadline, and is held against the store when its turn
    comes. A timer has one entry, however often its deadline moves away, and needs no search through the state.
    """

    def __init__(self) -> None:
        self._heaps: dict[str, list[tuple[int, bytes]]] = {}
        self._earliest: dict[bytes, int] = {}
        self._popped: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        """Timers that may be set: those of an undone batch count until their turn comes."""
        return len(self._earliest)

    def load(self, stored: Iterable[tuple[bytes, bytes]]) -> None:
        """Take over the timers of a restored store, once: its keys with TIMER_PREFIX, and their values."""
        for own_key, value in stored:
            ident, deadline = own_key[len(TIMER_PREFIX) :], _deadline(value)
            self._earliest[ident] = deadline
            self._heaps.setdefault(_clock(ident), []).append((deadline, ident))
        for heap in self._heaps.values():
            heapq.heapify(heap)

    def set(self, state: OwnState, timer: Timer) -> None:
        """Set or move a timer. Raises `RecordError` for a deadline beyond every calendar."""
        ident = _ident(timer.key, timer.name)
        try:
            value = timer.deadline_us.to_bytes(_DEADLINE_BYTES, "big", signed=True)
        except OverflowError:
            message = f"The deadline {timer.deadline_us} µs of {timer.key!r} lies beyond every calendar."
            raise RecordError("BAD_DEADLINE", message, stage="apply", remediation="Mend the event's times.") from None
        state.put_own(TIMER_PREFIX + ident, value)
        self._schedule(ident, timer.deadline_us)

    def cancel(self, state: OwnState, key: bytes, name: str) -> None:
        """Remove a timer; none may be set."""
        own_key = TIMER_PREFIX + _ident(key, name)
        if state.get(own_key) is not None:
            state.put_own(own_key, None)

    def deadline(self, state: State, key: bytes, name: str) -> int | None:
        """The deadline of a timer in microseconds; None when it is not set."""
        value = state.get(TIMER_PREFIX + _ident(key, name))
        return None if value is None else _deadline(value)

    def clocks(self) -> list[str]:
        """The clocks some timer waits for, in a fixed order."""
        return sorted(name for name, heap in self._heaps.items() if heap)

    def take_due(self, state: OwnState, clock: str, until_us: int) -> Timer | None:
        """Remove and return the first timer of a clock, by deadline and key, that is due at `until_us`."""
        heap = self._heaps.get(clock, [])
        while heap and heap[0][0] <= until_us:
            entry = scheduled, ident = heapq.heappop(heap)
            self._popped.append(entry)
            if self._earliest.get(ident) != scheduled:
                continue  # an earlier entry has had this timer's turn
            del self._earliest[ident]
            value = state.get(TIMER_PREFIX + ident)
            if value is None:
                continue
            deadline = _deadline(value)
            if deadline > scheduled:
                self._schedule(ident, deadline)
                continue
            state.put_own(TIMER_PREFIX + ident, None)
            key, _, name = ident.rpartition(RESERVED)
            return Timer(deadline, key, name.decode())
        return None

    def committed(self) -> None:
        """What was taken since the last commit is over."""
        self._popped.clear()

    def undone(self) -> None:
        """The store is as at the last commit again: look once more at everything taken since."""
        popped, self._popped = self._popped, []
        for deadline, ident in popped:
            self._schedule(ident, deadline)

    def _schedule(self, ident: bytes, deadline: int) -> None:
        earliest = self._earliest.get(ident)
        if earliest is not None and earliest <= deadline:
            return  # that entry's turn comes first, and then the store is asked
        self._earliest[ident] = deadline
        clock = _clock(ident)
        heap = self._heaps.setdefault(clock, [])
        heapq.heappush(heap, (deadline, ident))
        if len(heap) > 2 * len(self._earliest) + _ORPHANS_MAX:
            kept = [(d, i) for d, i in heap if self._earliest.get(i) == d]
            self._heaps[clock] = list(set(kept))
            heapq.heapify(self._heaps[clock])


class TimedView:
    """The state as a processor with timers sees it."""

    def __init__(self, state: OwnState, timers: Timers) -> None:
        self._state = state
        self._timers = timers
        self.get = state.get
        self.put = state.put

    def set_timer(self, key: bytes, name: str, deadline_us: int) -> None:
        """See `TimedState`."""
        self._timers.set(self._state, Timer(deadline_us, key, name))

    def cancel_timer(self, key: bytes, name: str) -> None:
        """See `TimedState`."""
        self._timers.cancel(self._state, key, name)

    def deadline_of(self, key: bytes, name: str) -> int | None:
        """See `TimedState`."""
        return self._timers.deadline(self._state, key, name)


def _ident(key: bytes, name: str) -> bytes:
    encoded = name.encode()
    if RESERVED in encoded:
        message = f"The timer name {name!r} holds a zero byte."
        raise ContractError(message, remediation="Name timers in plain words.")
    return key + RESERVED + encoded


def _clock(ident: bytes) -> str:
    return clock_of(ident.rpartition(RESERVED)[0])


def _deadline(value: bytes) -> int:
    return int.from_bytes(value, "big", signed=True)
