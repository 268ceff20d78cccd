"""When timers fire, and what is said to those who read what this application feeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeGuard, cast

import structlog
from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # re-exported without saying so

from avro.moments import microseconds
from domain.errors import ConfigurationError
from streams.clock import LIVE
from streams.engine.batch import Headers
from streams.engine.deadletter import DeadLetter
from streams.engine.firing import TimerDeadLetters, WithTimers, fire
from streams.engine.position import Position
from streams.engine.processor import Output, Processor, TimedProcessor
from streams.engine.restore import Partition
from streams.engine.timers import TIMER_PREFIX
from streams.engine.watermark import WATERMARK_HEADER, Clocks, advanced, lowest, to_value, watermark_key
from topics.admin import admin_client

log = structlog.get_logger(__name__)

ENDS_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class TimeConfig:
    """What an application needs that has timers or feeds an internal topic.

    `clock` is the topic of the platform clock, one of the inputs. `fed_by` names for each internal input the
    applications that feed it, `feeds` the internal topics this application writes to. `watermark_seconds` is how
    often the inputs are asked for their ends: it bounds how late timers fire.
    """

    clock: str | None = None
    fed_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    feeds: Sequence[str] = ()
    watermark_seconds: float = 1.0


class ControlRecord(NamedTuple):
    """A watermark record for one partition of a topic."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: Headers


@dataclass(slots=True)
class Turn:
    """What is to be produced before a commit, the control records last.

    Timers that `fired` have changed the state even where they said nothing.
    """

    outputs: list[Output] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    control: list[ControlRecord] = field(default_factory=list)
    fired: int = 0

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit on its account."""
        return not (self.outputs or self.dead_letters or self.control or self.fired)


class Timekeeping:
    """Watermarks and timers of one worker of an application; without timers and feeds it does nothing."""

    def __init__(self, app: str, config: TimeConfig, processor: Processor | TimedProcessor, inputs: Mapping[str, str]):
        self.config = config
        self._app = app
        self._processor = processor
        self._dead_letter_topics = inputs
        self._told: dict[int, tuple[float, Clocks]] = {}
        self.tracks = is_timed(processor) or bool(config.feeds)
        self.owner_inputs = [topic for topic in inputs if topic != config.clock and topic not in config.fed_by]
        if self.tracks and config.clock not in inputs:
            message = f"{app} has timers or feeds an internal topic, and does not read the platform clock."
            raise ConfigurationError(message, remediation="Name the clock's topic as `clock`, and among the inputs.")
        if unread := set(config.fed_by) - set(inputs):
            message = f"{app} says who feeds {', '.join(sorted(unread))}, and does not read it."
            raise ConfigurationError(message, remediation="Add it to the inputs.")

    def prepare(self, partition: Partition) -> None:
        """Find the timers of a partition that was restored."""
        if is_timed(self._processor):
            partition.timers.load(partition.store.starting_with(TIMER_PREFIX))

    def processor_of(self, partition: Partition) -> Processor:
        """The processor as a batch of this partition is given to it."""
        if is_timed(self._processor):
            return WithTimers(self._processor, partition.timers)
        return cast("Processor", self._processor)

    def adopted(self) -> None:
        """The partitions are others now: say again how complete they are."""
        self._told.clear()

    def turn(self, number: int, partition: Partition, count: int, now: Callable[[], datetime]) -> Turn:
        """Let time pass in a partition, in this order, which keeps the promise of a watermark:

        1. how far all inputs are complete is found out from what is applied;
        2. the timers due by then fire;
        3. only when none of them is left is the watermark taken over, and told to the readers of what is fed.
        """
        turn = Turn()
        position = partition.position
        watermark = advanced(position.watermark, self._complete(partition, count))
        if is_timed(self._processor) and partition.timers:
            clock = self.config.clock or ""
            letters = TimerDeadLetters(self._dead_letter_topics[clock], clock, number, self._app, now())
            fired = fire(self._processor, partition.timers, partition.store, watermark, letters)
            turn.outputs, turn.dead_letters, turn.fired = fired.outputs, fired.dead_letters, fired.fired
            position.fired += fired.fired
            position.firings_dead_lettered += len(fired.dead_letters)
            if not fired.drained:
                return turn
        position.watermark = watermark
        if self.config.feeds and watermark:
            turn.control = self._tell(number, position, count)
        return turn

    def _complete(self, partition: Partition, count: int) -> Clocks:
        position = partition.position
        fronts = [partition.completeness.settle(position.offsets)] if self.owner_inputs else []
        for topic, apps in self.config.fed_by.items():
            fronts += position.feeds.fronts(topic, apps, count)
        return lowest(fronts)

    def _tell(self, number: int, position: Position, count: int) -> list[ControlRecord]:
        told_at, told = self._told.get(number, (float("-inf"), {}))
        moment = time.monotonic()
        if position.watermark == told or moment - told_at < self.config.watermark_seconds:
            return []
        self._told[number] = (moment, position.watermark)
        key, value = watermark_key(self._app, number), to_value(position.watermark)
        return [
            ControlRecord(topic, partition, key, value, [WATERMARK_HEADER])
            for topic in self.config.feeds
            for partition in range(count)
        ]


def is_timed(processor: Processor | TimedProcessor) -> TypeGuard[TimedProcessor]:
    """Whether a processor has timers."""
    return hasattr(processor, "on_timer")


def clocks_now(now: datetime, ticks: Mapping[str, int]) -> Clocks:
    """What the clocks show: the wall clock for the living, the ticks read so far for the simulated."""
    return {**ticks, LIVE: microseconds(now)}


def ends_as_written(
    kafka_config: Mapping[str, str], topics: Iterable[str], partitions: Iterable[int]
) -> dict[int, dict[str, int]] | None:
    """Where inputs end, uncommitted records included, by partition and topic; None when the broker does not say.

    Not the last stable offset: right after a commit it may still lie below what was committed.
    """
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(t, p): latest for p in partitions for t in topics}
    found: dict[int, dict[str, int]] = {}
    try:
        answers = admin_client(kafka_config).list_offsets(
            asked, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=ENDS_SECONDS_MAX
        )
        for place, answer in answers.items():
            found.setdefault(place.partition, {})[place.topic] = answer.result(ENDS_SECONDS_MAX).offset
    except (KafkaException, TimeoutError) as error:
        log.warning("inputs not asked for their ends", error=str(error))
        return None
    return found
