"""Kafka transactions that hold outputs, changelog and input offsets together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from domain.errors import UnavailableError
from streams.engine.batch import Headers
from streams.engine.bound import CallThread
from streams.engine.outage import OutageLog

log = structlog.get_logger(__name__)
T = TypeVar("T")

LIBRDKAFKA = logging.getLogger("streams.engine.librdkafka")
"""Takes what the client library would otherwise print to standard error."""

TRANSACTION_TIMEOUT_MS = 8_000
"""Shorter than the session timeout: whoever is taken for dead has lost its transaction first."""
COMMIT_SECONDS_MAX = 10.0
"""For everything a commit does, repetitions included; after it the broker has aborted the transaction."""
ABORT_SECONDS_MAX = 2.0
START_SECONDS_MAX = 30.0
MESSAGE_BYTES_MAX = 16 * 1024 * 1024
"""Far above every topic's own limit, which decides: a dead letter is the largest source record and its reason."""
_DONE_FOR = frozenset({KafkaError._FATAL, KafkaError._FENCED, KafkaError._STATE})  # noqa: SLF001 - its only names
REMEDIATION = "What was not committed is read and applied again from the changelog's state."


class UnsettledError(UnavailableError):
    """It is unknown what became of the transaction: the producer is done for, and the state must be restored."""


class TransactionalProducer:
    """A producer whose transaction opens with the first record and is committed or aborted as a whole.

    After `commit` has failed or a call has hung its transaction is in an unknown state, and only a new producer under
    the same id, whose `start` finishes or aborts what the old one left, can go on.
    """

    def __init__(self, kafka_config: Mapping[str, str], transactional_id: str, bounds: Mapping[str, int]) -> None:
        self._producer = Producer(
            {
                **kafka_config,
                "transactional.id": transactional_id,
                "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
                "partitioner": "murmur2_random",  # the hash every other client of the platform uses
                "message.max.bytes": MESSAGE_BYTES_MAX,
                "linger.ms": 5,
                "compression.type": "lz4",
                "retry.backoff.ms": 5,
                "reconnect.backoff.max.ms": 1_000,
                "log_level": 2,  # what is retried by itself is not worth a line, what is not is raised
                "error_cb": OutageLog("producer"),
                **bounds,
            },
            logger=LIBRDKAFKA,
        )
        self._calls = CallThread(f"transaction-{transactional_id}")
        self._open = False

    @property
    def open(self) -> bool:
        """Whether a transaction has begun."""
        return self._open

    def start(self) -> None:
        """Fence every earlier holder of the id and finish what it left open; blocks.

        Raises `UnavailableError` when the broker does not do it within half a minute.
        """
        future = self._calls.submit(lambda: _retried(self._init, time.monotonic() + START_SECONDS_MAX, "start"))
        try:
            future.result(START_SECONDS_MAX + ABORT_SECONDS_MAX)
        except (KafkaException, TimeoutError) as error:
            message = f"The broker let no transactions begin: {_reason(error)}."
            raise UnavailableError(message, remediation="Check the broker; it is tried again.") from error

    def _init(self) -> None:
        self._producer.init_transactions(5.0)

    def begin(self) -> None:
        """Open a transaction unless one is open. Raises `UnsettledError` when the producer has been fenced."""
        if not self._open:
            self._open = True
            try:
                self._producer.begin_transaction()
            except KafkaException as error:
                raise _unsettled(error) from error

    def offer(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Headers | None = None,
        partition: int | None = None,
        written_at: Callable[[int], None] | None = None,
    ) -> bool:
        """Add a record; False when the buffer has no room, because the broker takes nothing.

        Raises `UnsettledError` when the producer has been fenced, and `KafkaException` for a record nobody would take.
        """
        where: dict[str, Any] = {} if partition is None else {"partition": partition}
        if written_at is not None:
            where["on_delivery"] = lambda error, message: None if error else written_at(message.offset())
        try:
            self._producer.produce(topic, key=key, value=value, headers=cast("Any", headers), **where)
        except BufferError:
            self._producer.poll(0)
            return False
        except KafkaException as error:
            if error.args[0].code() not in _DONE_FOR and not error.args[0].fatal():
                raise
            raise _unsettled(error) from error
        return True

    def produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Headers | None = None,
        partition: int | None = None,
        written_at: Callable[[int], None] | None = None,
    ) -> None:
        """Add a record; blocks until there is room. `written_at` is told its offset before the commit returns.

        Raises `UnsettledError` when there is no room for too long.
        """
        deadline = time.monotonic() + COMMIT_SECONDS_MAX
        while not self.offer(topic, key, value, headers=headers, partition=partition, written_at=written_at):
            if time.monotonic() > deadline:
                raise no_room()
            time.sleep(0.05)

    def commit(self, offsets: Sequence[TopicPartition], group_metadata: object) -> None:
        """Put the input offsets in and commit; whatever the broker calls retriable is called again. Blocks.

        Raises `UnsettledError` when it cannot be committed within `COMMIT_SECONDS_MAX`: whether it was is then
        unknown, and the producer is of no use any more.
        """
        deadline = time.monotonic() + COMMIT_SECONDS_MAX
        producer, placed = self._producer, list(offsets)
        try:
            _retried(lambda: producer.send_offsets_to_transaction(placed, group_metadata, 2.0), deadline, "offsets")
            _retried(lambda: producer.commit_transaction(2.0), deadline, "commit")
        except KafkaException as error:
            raise _unsettled(error) from error
        self._open = False
        self._producer.poll(0)  # lets the client say what it has to say

    async def within(self, seconds: float, call: Callable[[], T]) -> T:
        """Make a blocking call in the producer's thread. Raises `UnsettledError` when it takes longer."""
        try:
            return await self._calls.within(seconds, call)
        except TimeoutError:
            message = f"The broker did not answer in {seconds:g} s."
            raise UnsettledError(message, remediation=REMEDIATION) from None

    async def abort(self) -> bool:
        """Throw the open transaction away; whether that succeeded, so that the producer can go on."""
        if not self._open:
            return True
        try:
            await self.within(ABORT_SECONDS_MAX, lambda: self._producer.abort_transaction(ABORT_SECONDS_MAX / 2))
        except (KafkaException, UnavailableError) as error:
            log.info("transaction left to the broker", error=_reason(error))
            return False
        self._open = False
        return True

    def leave(self) -> None:
        """Give the client up, without waiting for it: what hangs in it may go on hanging."""
        client = self._producer
        del self._producer
        self._calls.submit(client.purge)  # its thread is the last to hold it: taking a client down can block
        self._calls.end()


def no_room() -> UnsettledError:
    """The error of a broker that takes no records."""
    message = f"The broker took nothing for {COMMIT_SECONDS_MAX:g} s."
    return UnsettledError(message, remediation=REMEDIATION)


def _unsettled(error: KafkaException) -> UnsettledError:
    message = f"The transaction could not be committed: {_reason(error)}."
    return UnsettledError(message, remediation=REMEDIATION)


def _retried(call: Callable[[], object], deadline: float, what: str) -> None:
    while True:
        try:
            call()
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > deadline:
                raise
            log.info("transaction call repeated", call=what, error=_reason(error))
        else:
            return


def _reason(error: BaseException) -> str:
    if isinstance(error, KafkaException):
        return f"{error.args[0].name()}: {error.args[0].str()}"
    return str(error) or type(error).__name__
