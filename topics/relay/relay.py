"""The relay: what committed transactions left in the outbox goes to Kafka, in order, and nothing is lost."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
import structlog
from psycopg import Connection

from domain.errors import ContractError, IntegrityError, OrdertruthError, UnavailableError
from topics import outbox
from topics.outbox import OutboxMessage, Published
from topics.relay.delivery import NOBODY_ELSE, Carrier, Delivery, Framed, Identities, ProducerConfig
from topics.relay.framing import Framing, SchemaIds
from topics.relay.leader import Candidate

Wire = Callable[[Sequence[OutboxMessage]], Sequence[OutboxMessage]]
"""What happens to a batch between the outbox and Kafka."""

ROWS_MAX = 2_000
BYTES_MAX = 16 * 1024 * 1024
IDLE_S = 0.02
FEW = 500
"""A batch of fewer rows is followed by a pause: each costs the broker as much as one of many."""
GATHER_S = 0.05
STANDBY_S = 0.1
BACKOFF_S_MIN = 0.1
BACKOFF_S_MAX = 5.0
DRAIN_TIMEOUT_S = 120.0
PARKED_RETRY_S = 5.0
PARKED_MAX = 1_000
"""Parked rows that are tried again at a time."""
PENDING_S = 5.0
"""How often the leader counts what waits in the outbox."""
PRECEDENCE_S = 0.1
"""How often the leader asks whether it is to step aside."""

log = structlog.get_logger(__name__)


def as_it_is(messages: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
    """The wire of a network that neither repeats nor reorders."""
    return messages


class Relay:
    """Publishes the outbox; run as many as you like, one of them leads and the others stand by.

    `conninfo` is the database's address and `producer_config` that of the broker, with its security; `identities` are
    those under which a broker that knows the owners apart takes each owner's events. `wire` may
    repeat and reorder the messages of a batch, as a careless network would; what it leaves out is sent with a later
    batch. Events arrive at least once, each under one `ce_id`; the first arrivals of an aggregate's events are in
    the order of their versions. `published` and `published_by_topic` count the rows this relay has marked, `refused`
    those Kafka did not take at an attempt, `pending` those in the outbox when the leader last counted, `parked`
    those among them that cannot be published as they are; a relay that stands by does not know. A relay steps aside
    for whoever holds `Precedence`, unless that is why it was made.
    """

    def __init__(
        self,
        conninfo: str,
        producer_config: ProducerConfig,
        registry: SchemaIds,
        *,
        identities: Identities = NOBODY_ELSE,
        wire: Wire = as_it_is,
        carrier: Carrier | None = None,
        rows_max: int = ROWS_MAX,
        precedence: bool = False,
    ) -> None:
        self._conninfo = conninfo
        self._precedence = precedence
        self._delivery: Carrier = Delivery(producer_config, identities) if carrier is None else carrier
        self._framing = Framing(registry)
        self._wire = wire
        self._rows_max = rows_max
        self._failures = 0
        self._last_error = ""
        self._parked_tried_at = 0.0
        self.published_by_topic: Counter[str] = Counter()
        self.refused = 0
        self.pending: int | None = None
        self.parked: int | None = None
        self.phase = "starting"
        """starting, leading, standing by or waiting (for what is away)."""
        self.since = self.seen_at = time.monotonic()
        """When this phase began, and when the loop last came by (monotonic seconds)."""
        self.sent_at: float | None = None
        """When rows were last published and marked (monotonic seconds)."""
        self._counted_at = self._asked_at = 0.0

    @property
    def published(self) -> int:
        """How many rows this relay has published and marked."""
        return self.published_by_topic.total()

    @property
    def trouble(self) -> str | None:
        """What is being waited for; None while all is well."""
        return self._last_error if self.phase == "waiting" else None

    def run(self, stop: threading.Event) -> None:
        """Publish until `stop` is set; whatever is away is waited for, with growing pauses."""
        while not stop.is_set():
            self._try(stop, until_empty=False)

    def drain(self, timeout_s: float = DRAIN_TIMEOUT_S) -> int:
        """Return when the outbox is empty, whoever emptied it; how many rows this call published.

        Raises `UnavailableError` naming what was in the way when rows are left after `timeout_s`.
        """
        before = self.published
        stop = threading.Event()
        timer = threading.Timer(timeout_s, stop.set)
        timer.daemon = True
        timer.start()
        try:
            while not stop.is_set():
                if self._try(stop, until_empty=True):
                    return self.published - before
        finally:
            timer.cancel()
        why = self._last_error.rstrip(".") or "another relay leads and has not published them"
        message = f"The outbox was not empty after {timeout_s:g} s: {why}."
        raise UnavailableError(message, remediation="Nothing was lost; drain again when the cause is mended.")

    def close(self) -> None:
        """Close the producer; only when nothing runs any more."""
        self._delivery.close()

    def _try(self, stop: threading.Event, *, until_empty: bool) -> bool:
        """Lead until `stop`, the empty outbox or a failure; whether the outbox was seen empty.

        Leadership ends with a failure, so that a relay to which the broker or the registry answers may take over.
        """
        try:
            return self._lead(stop, until_empty=until_empty)
        except (psycopg.Error, OrdertruthError) as error:
            self._failures += 1
            self._last_error = str(error).strip()
            self._enter("waiting")
            pause = min(BACKOFF_S_MAX, BACKOFF_S_MIN * 2 ** min(self._failures, 10)) * random.uniform(0.5, 1)
            log.warning(
                "relay_retry", failures=self._failures, pause_s=round(pause, 2), why=self._last_error.splitlines()[:1]
            )
            stop.wait(pause)
            return False

    def _lead(self, stop: threading.Event, *, until_empty: bool) -> bool:
        self.seen_at = time.monotonic()
        with Candidate(self._conninfo) as candidate:
            while self._is_to_step_aside(candidate) or not candidate.leads():
                self._enter("standing by")  # failures stay counted: two relays must not take turns without a pause
                if until_empty and not outbox.unpublished_count(candidate.connection):
                    return True
                if stop.wait(STANDBY_S):
                    return False
            log.debug("relay_leads")
            self._parked_tried_at = -math.inf
            try:
                return self._publish_all(candidate, stop, until_empty=until_empty)
            finally:
                self.pending = self.parked = None

    def _publish_all(self, candidate: Candidate, stop: threading.Event, *, until_empty: bool) -> bool:
        connection = candidate.connection
        while not stop.is_set():
            if time.monotonic() - self._asked_at > PRECEDENCE_S and self._is_to_step_aside(candidate):
                return False
            self._count_pending(connection)
            self._retry_parked(connection)
            found = self._publish_batch(connection, stop)
            self._enter("leading")
            if found:
                self._failures = 0
                if found < min(FEW, self._rows_max) and not until_empty:
                    stop.wait(GATHER_S)
                continue
            if until_empty:
                _require_none_parked(outbox.parked(connection, PARKED_MAX))
                return True
            self._failures = 0
            stop.wait(IDLE_S)
        return False

    def _is_to_step_aside(self, candidate: Candidate) -> bool:
        self._asked_at = time.monotonic()
        return not self._precedence and candidate.is_to_step_aside()

    def _enter(self, phase: str) -> None:
        self.seen_at = time.monotonic()
        if phase != self.phase:
            self.phase, self.since = phase, self.seen_at

    def _count_pending(self, connection: Connection[Any]) -> None:
        if self.pending is None or time.monotonic() - self._counted_at > PENDING_S:
            self.pending = outbox.unpublished_count(connection)
            self._counted_at = time.monotonic()

    def _publish_batch(self, connection: Connection[Any], stop: threading.Event) -> int:
        """Publish the oldest rows; how many were found. In this order, on which everything rests:

        1. Read the oldest unpublished rows by `seq`, through the session that holds the lead. They contain no event
           without the unpublished ones before it of the same aggregate (see `topics.outbox`).
        2. Frame all of them before the first is sent: with the registry away nothing has happened yet. A row that
           cannot be framed is parked; those behind it in its aggregate are left out with it, the others go on.
        3. Send them in waves of at most one record for each aggregate, and wait until the fate of each is known
           before the next wave. An aggregate with a failure sits the following waves out (see `Delivery`).
        4. Mark, through the same session, the delivered rows that have no undelivered row before them in their
           aggregate. A row is never marked unless Kafka has it, so a crash at any point loses nothing.
        5. After a failure give up the lead and pause; the next leader starts again at 1, with the first row that is
           not marked.

        A crash or a lost session between 3 and 4 publishes rows twice. The copies carry the same `ce_id` and come
        after the first arrivals of everything before them, so first arrivals stay in order. The same holds for what
        a former leader still has on its way: it is one record of each aggregate at most, and the new leader sends
        that record again before any later one.
        """
        messages = outbox.unpublished(connection, self._rows_max, BYTES_MAX)
        if not messages:
            return 0
        values = self._framed(connection, messages)
        framed = [m for m in messages if m.seq in values]
        batch = [Framed(m, values[m.seq]) for m in self._wire(framed)]
        report = self._delivery.deliver(batch, stop)
        done = safe_to_mark(framed, report.delivered)
        if done:
            outbox.mark_published(connection, done)
            self._count(framed, done)
        if report.error:
            self.refused += len(framed) - len(done)
            reason = f"Kafka did not take {len(framed) - len(done)} of {len(framed)} events: {report.error}."
            raise UnavailableError(reason, remediation="They stay in the outbox and are sent again.")
        return len(messages)

    def _framed(self, connection: Connection[Any], messages: Sequence[OutboxMessage]) -> dict[int, bytes]:
        """The values of the rows by `seq`; the first that has none parks its aggregate."""
        values: dict[int, bytes] = {}
        stuck: set[tuple[str, str]] = set()
        for message in messages:
            if (message.topic, message.key) in stuck:
                continue
            try:
                values[message.seq] = self._framing.value(connection, message)
            except (ContractError, IntegrityError) as error:
                stuck.add((message.topic, message.key))
                outbox.park(connection, message, str(error))
                self.parked = (self.parked or 0) + 1
                log.error("relay_parked", seq=message.seq, topic=message.topic, key=message.key, why=str(error))
        return values

    def _retry_parked(self, connection: Connection[Any]) -> None:
        """Let go on what can be framed by now: its schema was registered or kept, or a fitting release leads."""
        if time.monotonic() - self._parked_tried_at < PARKED_RETRY_S:
            return
        self._parked_tried_at = time.monotonic()
        mended = []
        found = outbox.parked(connection, PARKED_MAX)
        for row in found:
            try:
                self._framing.value(connection, row.message)
            except (ContractError, IntegrityError):
                continue
            except UnavailableError:
                break  # the registry is away, which must not hold up those whose ids are known
            mended.append(row.message.seq)
        if mended:
            outbox.unpark(connection, mended)
            log.info("relay_unparked", rows=len(mended))
        self.parked = len(found) - len(mended)

    def _count(self, messages: Sequence[OutboxMessage], done: Sequence[Published]) -> None:
        topics = {m.seq: m.topic for m in messages}
        self.published_by_topic.update(topics[p.seq] for p in done)
        self.sent_at = time.monotonic()
        log.debug("relay_published", rows=len(done), newest_seq=done[-1].seq)


def _require_none_parked(found: Sequence[outbox.Parked]) -> None:
    if found:
        first, waiting = found[0], sum(row.waiting for row in found)
        message = f"{waiting} events of {len(found)} aggregates wait behind what cannot be published: {first.reason}"
        raise UnavailableError(message, remediation="See aggregates.outbox_parked.")


def safe_to_mark(messages: Sequence[OutboxMessage], delivered: Mapping[int, Published]) -> list[Published]:
    """The delivered rows without an undelivered one before them in their aggregate, by `seq`."""
    held_back: set[tuple[str, str]] = set()
    done: list[Published] = []
    for message in messages:
        key = (message.topic, message.key)
        where = delivered.get(message.seq)
        if where is None:
            held_back.add(key)
        elif key not in held_back:
            done.append(where)
    return done
