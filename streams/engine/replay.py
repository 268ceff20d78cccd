"""What a processor's state ought to be: every fact applied, then every deadline that was due, without any broker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from streams.engine import step
from streams.engine.batch import RecordBatch
from streams.engine.deadletter import DeadLetter
from streams.engine.firing import TimerDeadLetters, WithTimers, fire
from streams.engine.processor import Counts, Output, Processor, TimedProcessor
from streams.engine.store import MemoryStore
from streams.engine.timekeeping import is_timed
from streams.engine.timers import Timers


@dataclass(slots=True)
class Replayed:
    """State, outputs and counts of one partition, in the order in which they came about."""

    store: MemoryStore = field(default_factory=MemoryStore)
    timers: Timers = field(default_factory=Timers)
    outputs: list[Output] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    fired: int = 0


def replay(
    processor: Processor | TimedProcessor,
    batches: Iterable[RecordBatch],
    now: datetime,
    watermark: Mapping[str, int],
    *,
    consumer: str = "replay",
) -> Replayed:
    """Fold the facts of one partition, then fire the deadlines up to its recorded `watermark` (`Position.watermark`).

    The worker fired some of them between the facts. The newest output of each key is the same all the same, when
    the processor keeps its promise (`TimedProcessor`). Dead letters carry the name of their source as topic.
    """
    replayed = Replayed()
    runner = WithTimers(processor, replayed.timers) if is_timed(processor) else cast("Processor", processor)
    for batch in batches:
        result = step.run(runner, batch, now, replayed.store, consumer=consumer, dead_letter_topic=batch.topic)
        replayed.outputs += result.outputs
        replayed.dead_letters += result.dead_letters
        replayed.counts.add(result.counts)
    pass_time(processor, replayed, now, watermark, consumer=consumer)
    return replayed


def pass_time(
    processor: Processor | TimedProcessor,
    replayed: Replayed,
    now: datetime,
    watermark: Mapping[str, int],
    *,
    consumer: str = "replay",
) -> None:
    """Fire whatever is due when the inputs are complete up to `watermark`, in place."""
    if not is_timed(processor):
        return
    letters = TimerDeadLetters("timers", "timers", 0, consumer, now)
    drained = False
    while not drained:
        fired = fire(processor, replayed.timers, replayed.store, watermark, letters)
        replayed.outputs += fired.outputs
        replayed.dead_letters += fired.dead_letters
        replayed.fired += fired.fired
        drained = fired.drained
