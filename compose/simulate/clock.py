"""Virtual time: processes that wait, and a heap that says whose turn it is."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count


@dataclass(slots=True, eq=False)
class Signal:
    """Something that happens once; processes that wait for it go on then."""

    fired: bool = False
    waiting: list[Process] = field(default_factory=list)


Process = Generator["timedelta | Signal"]
"""A course of things: each `yield` waits for a time or for a signal."""


class Simulation:
    """Runs processes in the order of their times; those of one time in the order in which they asked for it."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self._turns: list[tuple[datetime, int, Process, Signal]] = []
        self._asked = count()
        self._ends: dict[int, Signal] = {}

    def spawn(self, process: Process, after: timedelta = timedelta()) -> Signal:
        """Begin a process after a time; the signal fires when it has ended."""
        end = Signal()
        self._ends[id(process)] = end
        self._at(self.now + after, process)
        return end

    def fire(self, signal: Signal) -> None:
        """Let everybody go on who waits for the signal."""
        signal.fired = True
        for process in signal.waiting:
            self._at(self.now, process)
        signal.waiting.clear()

    def run(self) -> Iterator[datetime]:
        """Give every process its turns until none is left; the time after each turn."""
        while self._turns:
            self.now, _, process, end = heappop(self._turns)
            self._turn(process, end)
            yield self.now

    def _turn(self, process: Process, end: Signal) -> None:
        for wish in process:
            if isinstance(wish, timedelta):
                self._at(self.now + wish, process)
                return
            if not wish.fired:
                wish.waiting.append(process)
                return
        del self._ends[id(process)]
        self.fire(end)

    def _at(self, when: datetime, process: Process) -> None:
        heappush(self._turns, (when, next(self._asked), process, self._ends[id(process)]))
