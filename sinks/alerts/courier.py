"""The loop that empties the outbox of one channel."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import structlog
from psycopg import Connection

from domain.errors import UnavailableError
from sinks.alerts import outbox
from sinks.alerts.channel import Channel
from sinks.alerts.ddl import set_up
from sinks.alerts.outbox import Backlog, Claimed
from sinks.alerts.post import Answer, Verdict
from sinks.alerts.sink import wall_clock
from sinks.postgres.faults import translated
from sinks.postgres.sink import CONNECT_TIMEOUT_S, SESSION

log = structlog.get_logger(__name__)

BACKLOG_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds: between looks, after the first failure, at most, and before giving up."""

    look_s: float = 0.5
    first_s: float = 1.0
    longest_s: float = 300.0
    give_up_s: float = 3 * 86_400.0

    def after(self, failures: int, drawn: float) -> float:
        """Exponential back-off with jitter: between half and all of what the number of failures gives."""
        full = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return full * (0.5 + drawn / 2)


class Courier:
    """Tells one channel what waits for it: at least once, in order for each key, as often as it takes.

    A message is marked as tried before it goes out and as sent after. A crash in between sends it again, with the
    same id and the same alerts, which receivers recognise by key and version. A receiver that is away holds up its own
    channel only; a message it refuses holds up its own keys only. Two couriers of one channel are never at work: the
    second waits for the first's lock.
    """

    def __init__(
        self,
        database_url: str,
        channel: Channel,
        *,
        patience: Patience | None = None,
        now: Callable[[], datetime] = wall_clock,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.channel = channel
        self.trouble: str | None = None
        """What is being waited for; None while all is well."""
        self.outcomes: Counter[str] = Counter()
        """Messages by what became of each attempt: taken, away, refused, parked."""
        self.backlog: Backlog | None = None
        """Rows by state, counted now and then; None before the first count."""
        self.seen_at = time.monotonic()
        self._url = database_url
        self._patience = patience or Patience()
        self._now = now
        self._draw = draw
        self._connection: Connection | None = None
        self._failures = 0
        self._not_before: datetime | None = None
        self._counted_at = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set; a database that is away is waited for."""
        try:
            while not stop.is_set():
                self.seen_at = time.monotonic()
                try:
                    worked = self.turn()
                except UnavailableError as error:
                    self.trouble, worked = error.message, False
                    log.warning("courier_waits", channel=self.channel.name, reason=error.message)
                if not worked:
                    stop.wait(self._patience.look_s)
        finally:
            self.close()

    def turn(self) -> bool:
        """Send the next message, if one may go now; returns whether there was one. In this order:

        1. wait while the receiver is away or has had its share;
        2. mark the message as tried, and commit;
        3. send it;
        4. mark it as sent, or when to try again, and commit.
        """
        now = self._now()
        with translated(f"deliver to {self.channel.name}"):
            connection = self._connected()
            if connection is None:
                return False
            self._count(connection)
            if self._not_before is not None and now < self._not_before:
                return False
            policy = self.channel.policy
            others = outbox.sent_since(connection, self.channel.name, now - policy.limit.period)
            if policy.limit.next_at(others, now) is not None:
                return False
            claimed = outbox.claim(connection, self.channel.name, policy, now)
        if claimed is None:
            return False
        answer = self.channel.tell(claimed.message)
        with translated(f"note what became of a message to {self.channel.name}"):
            self._settle(connection, claimed, answer)
        return True

    def close(self) -> None:
        """Let go of the connection, and with it of the channel."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _settle(self, connection: Connection, claimed: Claimed, answer: Answer) -> None:
        channel, message_id, now = self.channel.name, claimed.message.message_id, self._now()
        self.outcomes[answer.verdict.value] += 1
        if answer.verdict is Verdict.TAKEN:
            outbox.sent(connection, channel, message_id, now)
            self._failures, self._not_before, self.trouble = 0, None, None
            return
        self.trouble = f"{channel}: {answer.detail}"
        log.warning("alert_not_taken", channel=channel, attempt=claimed.attempts, reason=answer.detail)
        if now - claimed.recorded_at > timedelta(seconds=self._patience.give_up_s):
            self.outcomes["parked"] += 1
            outbox.parked(connection, channel, message_id, answer.detail)
            return
        if answer.verdict is Verdict.AWAY:
            self._failures += 1
            wait_s = self._patience.after(self._failures, self._draw())
            if answer.retry_after_s is not None:
                wait_s = max(wait_s, answer.retry_after_s)
            self._not_before = now + timedelta(seconds=wait_s)
            outbox.failed(connection, channel, message_id, answer.detail, now)
            return
        wait_s = self._patience.after(claimed.attempts, self._draw())
        outbox.failed(connection, channel, message_id, answer.detail, now + timedelta(seconds=wait_s))
        if len(claimed.message.tellings) > 1:
            outbox.dissolved(connection, channel, message_id)

    def _count(self, connection: Connection) -> None:
        if time.monotonic() - self._counted_at > BACKLOG_EVERY_S:
            self.backlog = outbox.backlog(connection, self.channel.name)
            self._counted_at = time.monotonic()

    def _connected(self) -> Connection | None:
        """The connection that holds the channel's lock; None while another courier has it."""
        if self._connection is not None and (self._connection.closed or self._connection.broken):
            self.close()
        if self._connection is not None:
            return self._connection
        connection = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name=f"ordertruth-alerts-{self.channel.name}",
            options=SESSION,
        )
        key = f"ordertruth-alerts/{self.channel.name}"
        row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (key,)).fetchone()
        if row is None or not row[0]:
            connection.close()
            self.trouble = f"{self.channel.name}: another worker delivers to it"
            return None
        set_up(connection)  # it may be here before the consumer
        self.trouble = None
        self._connection = connection
        return connection
