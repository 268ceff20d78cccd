"""Timers that have become due: fired in order, each undone by itself when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import structlog

from avro.headers import format_time
from avro.moments import format_microseconds
from domain.errors import RecordError
from streams.engine.batch import RecordBatch
from streams.engine.deadletter import REASON_BYTES_MAX, DeadLetter
from streams.engine.processor import Counts, Output, State, TimedProcessor, Timer
from streams.engine.step import blames_a_record
from streams.engine.timers import OwnState, TimedView, Timers, UndoableState

log = structlog.get_logger(__name__)

FIRINGS_MAX = 2000
"""Firings of one partition between two commits: a rebuild that makes a million due at once must not fill memory."""


class WithTimers:
    """A processor with timers as the engine runs one without."""

    def __init__(self, processor: TimedProcessor, timers: Timers) -> None:
        self._processor = processor
        self._timers = timers

    def process(self, batch: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        """See `Processor.process`."""
        return self._processor.process(batch, now, TimedView(cast("OwnState", state), self._timers), out)


@dataclass(slots=True)
class Fired:
    """What a round of firings came to; `drained` when no timer is due any more."""

    outputs: list[Output] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    fired: int = 0
    drained: bool = True


def fire(
    processor: TimedProcessor,
    timers: Timers,
    store: UndoableState,
    watermark: Mapping[str, int],
    dead_letter: TimerDeadLetters,
    firings_max: int = FIRINGS_MAX,
) -> Fired:
    """Fire what is due when the inputs are complete up to `watermark`, by clock, then deadline, then key.

    A timer that a firing sets anew and that is due as well fires in its turn. An error that is no fault of the
    timer's goes through, with this firing undone.
    """
    result = Fired()
    view = TimedView(store, timers)
    for clock in timers.clocks():
        if clock not in watermark:
            continue
        until = watermark[clock] - processor.grace_us
        while result.fired + len(result.dead_letters) < firings_max:
            timer = timers.take_due(store, clock, until)
            if timer is None:
                break
            _fire_one(processor, timer, store, view, result, dead_letter)
            store.release()
        else:
            result.drained = False
            return result
    return result


def _fire_one(
    processor: TimedProcessor,
    timer: Timer,
    store: UndoableState,
    view: TimedView,
    result: Fired,
    dead_letter: TimerDeadLetters,
) -> None:
    outputs: list[Output] = []
    try:
        processor.on_timer(timer, view, outputs)
    except Exception as error:
        store.undo_batch()
        if not blames_a_record(error):
            raise
        view.cancel_timer(timer.key, timer.name)
        result.dead_letters.append(dead_letter.of(timer, error))
        log.warning("firing dead-lettered", key=repr(timer.key), timer=timer.name, error=str(error))
    else:
        result.outputs += outputs
        result.fired += 1


@dataclass(frozen=True, slots=True)
class TimerDeadLetters:
    """Where firings go that fail: among the dead letters of the clock's topic, which made them due."""

    topic: str
    source: str
    partition: int
    consumer: str
    now: datetime

    def of(self, timer: Timer, error: Exception) -> DeadLetter:
        """The dead letter of a firing: the key, no value, and `dlq_timer` and `dlq_deadline` in place of an offset."""
        code = error.code if isinstance(error, RecordError) else f"UNEXPECTED_{type(error).__name__}"
        headers = [
            ("dlq_topic", self.source.encode()),
            ("dlq_partition", str(self.partition).encode()),
            ("dlq_timer", timer.name.encode()),
            ("dlq_deadline", format_deadline(timer.deadline_us)),
            ("dlq_consumer", self.consumer.encode()),
            ("dlq_stage", b"timer"),
            ("dlq_error_code", code.encode()),
            ("dlq_error_message", str(error).encode()[:REASON_BYTES_MAX]),
            ("dlq_attempts", b"1"),
            ("dlq_time", format_time(self.now).encode()),
        ]
        return DeadLetter(self.topic, timer.key, None, headers)


def format_deadline(deadline_us: int) -> bytes:
    """RFC 3339; plain microseconds for a deadline no calendar has."""
    try:
        return format_microseconds(deadline_us)
    except OverflowError:
        return f"{deadline_us} us".encode()
