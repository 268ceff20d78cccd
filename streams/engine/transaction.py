"""Kafka transactions that hold outputs, changelog and input offsets together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import structlog
from confluent_kafka import KafkaException, Producer, TopicPartition

from domain.errors import UnavailableError
from streams.engine.batch import Headers

log = structlog.get_logger(__name__)

LIBRDKAFKA = logging.getLogger("streams.engine.librdkafka")
"""Takes what the client library would otherwise print to standard error."""

TRANSACTION_TIMEOUT_MS = 8_000
"""Shorter than the session timeout: whoever is taken for dead has lost its transaction first."""
PRODUCE_SECONDS_MAX = 30.0
COMMIT_SECONDS_MAX = 30.0
MESSAGE_BYTES_MAX = 16 * 1024 * 1024
"""Far above every topic's own limit, which decides: a dead letter is the largest source record and its reason."""


class TransactionalProducer:
    """A producer whose transaction opens with the first record and is committed or aborted as a whole."""

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
                "log_level": 3,  # what is retried by itself is not worth a line
                **bounds,
            },
            logger=LIBRDKAFKA,
        )
        self._open = False

    @property
    def open(self) -> bool:
        """Whether a transaction has begun."""
        return self._open

    def start(self) -> None:
        """Fence every earlier holder of the id and finish what it left open. Blocks up to 30 s."""
        _retried(lambda: self._producer.init_transactions(30.0), "init_transactions")

    def begin(self) -> None:
        """Open a transaction unless one is open."""
        if not self._open:
            self._producer.begin_transaction()
            self._open = True

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
        """Add a record; waits for room when the buffer is full. `written_at` is told its offset before the commit."""
        deadline = time.monotonic() + PRODUCE_SECONDS_MAX
        where: dict[str, Any] = {} if partition is None else {"partition": partition}
        if written_at is not None:
            where["on_delivery"] = lambda error, message: None if error else written_at(message.offset())
        while True:
            try:
                self._producer.produce(topic, key=key, value=value, headers=cast("Any", headers), **where)
            except BufferError:
                if time.monotonic() > deadline:
                    message = f"The broker took nothing for {PRODUCE_SECONDS_MAX:g} s."
                    raise UnavailableError(message, remediation="The worker starts again from its changelog.") from None
                self._producer.poll(0.1)
            else:
                return

    def commit(self, offsets: Sequence[TopicPartition], group_metadata: object) -> None:
        """Put the input offsets in and commit; whatever the broker calls retriable is called again.

        Raises `UnavailableError` when it cannot be committed: the transaction is aborted as far as possible, and the
        caller must not go on from the state it has.
        """
        try:
            _retried(lambda: self._producer.send_offsets_to_transaction(list(offsets), group_metadata, 10.0), "offsets")
            _retried(lambda: self._producer.commit_transaction(10.0), "commit")
        except KafkaException as error:
            self.abort()
            message = f"The transaction could not be committed: {error.args[0].str()}."
            raise UnavailableError(message, remediation="The worker starts again from its changelog.") from error
        self._open = False
        self._producer.poll(0)  # lets the client say what it has to say

    def abort(self) -> None:
        """Throw the open transaction away; a broker that is away will do it by itself after the timeout."""
        if self._open:
            self._open = False
            try:
                self._producer.abort_transaction(5.0)
            except KafkaException as error:
                log.warning("transaction not aborted", error=str(error))


def _retried(call: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + COMMIT_SECONDS_MAX
    while True:
        try:
            call()
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > deadline:
                raise
            log.info("transaction call repeated", call=what, error=str(error))
        else:
            return
