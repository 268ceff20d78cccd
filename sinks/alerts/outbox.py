"""What a courier asks of the outbox: the next message of a channel, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection, sql

from domain.alert.policy import ChannelPolicy
from domain.alert.record import Alert, Transition
from domain.case.states import Severity
from sinks.alerts.ddl import OUTBOX
from sinks.alerts.message import Message, Telling

_RESOLVED = Transition.RESOLVED.value


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message about to be sent: how often its rows were tried, this time included, and since when they wait."""

    message: Message
    attempts: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many rows of a channel wait, were sent, and were given up."""

    waiting: int
    sent: int
    parked: int


def _run(connection: Connection, query: str, *values: Any) -> list[Any]:
    cursor = connection.execute(sql.SQL(query).format(outbox=OUTBOX), values)
    return cursor.fetchall() if cursor.description else []


def claim(connection: Connection, channel: str, policy: ChannelPolicy, now: datetime) -> Claimed | None:
    """The next message of a channel that is due, marked as tried; None when nothing is.

    A message that was tried before goes out again as it was. Otherwise it is made of alerts of the group that has
    waited longest: of each key the oldest one that waits, so that a receiver hears of each in order. What may not be
    told in quiet hours is put off to their end.
    """
    with connection.transaction():
        while (head := _head(connection, channel, now)) is not None:
            key, group, transition, severity, message_id = head
            until = policy.quiet_until(Severity(severity), now)
            if until is None:
                break
            query = "UPDATE {outbox} SET due_at = %s WHERE channel = %s AND state = 'waiting' AND dedup_key = %s"
            _run(connection, query, until, channel, key)
        if head is None:
            return None
        if message_id is None:
            message_id = uuid4()
            _compose(connection, channel, policy, now, (group, transition, key), message_id)
        query = (
            "UPDATE {outbox} SET attempts = attempts + 1 WHERE channel = %s AND message_id = %s AND state = 'waiting'"
        )
        _run(connection, query, channel, message_id)
        return _read(connection, channel, message_id, now)


def _head(connection: Connection, channel: str, now: datetime) -> Any:
    rows = _run(
        connection,
        """
        SELECT dedup_key, group_key, transition, severity, message_id FROM (
            SELECT DISTINCT ON (dedup_key) * FROM {outbox} WHERE channel = %s AND state = 'waiting'
            ORDER BY dedup_key, version
        ) AS heads WHERE due_at <= %s ORDER BY due_at, dedup_key LIMIT 1
        """,
        channel,
        now,
    )
    return rows[0] if rows else None


def _compose(
    connection: Connection,
    channel: str,
    policy: ChannelPolicy,
    now: datetime,
    about: tuple[str, str, str],
    message_id: UUID,
) -> None:
    """Give the first alerts of a group, of one direction, the id of one message; the one that is due among them."""
    group, transition, due_key = about
    loud = [severity.value for severity in Severity if policy.quiet_until(severity, now) is None]
    _run(
        connection,
        """
        UPDATE {outbox} AS o SET message_id = %s FROM (
            SELECT dedup_key, version FROM (
                SELECT DISTINCT ON (dedup_key) * FROM {outbox} WHERE channel = %s AND group_key = %s
                AND state = 'waiting' ORDER BY dedup_key, version
            ) AS heads
            WHERE message_id IS NULL AND severity = ANY(%s) AND (transition = %s) = %s
            ORDER BY dedup_key = %s DESC, due_at, dedup_key LIMIT %s
        ) AS chosen
        WHERE o.channel = %s AND o.dedup_key = chosen.dedup_key AND o.version = chosen.version
        """,
        message_id,
        channel,
        group,
        loud,
        _RESOLVED,
        transition == _RESOLVED,
        due_key,
        policy.grouping.most,
        channel,
    )


def _read(connection: Connection, channel: str, message_id: UUID, now: datetime) -> Claimed:
    rows = _run(
        connection,
        """
        SELECT o.alert, o.attempts, o.recorded_at, former.severity, former.transition FROM {outbox} AS o
        LEFT JOIN LATERAL (
            SELECT severity, transition FROM {outbox} AS f WHERE f.channel = o.channel AND f.dedup_key = o.dedup_key
            AND f.version < o.version AND f.state = 'sent' ORDER BY f.version DESC LIMIT 1
        ) AS former ON true
        WHERE o.channel = %s AND o.message_id = %s AND o.state = 'waiting' ORDER BY o.dedup_key
        """,
        channel,
        message_id,
    )
    tellings = tuple(
        Telling(Alert.model_validate(alert), Severity(was) if was and before != _RESOLVED else None)
        for alert, _, _, was, before in rows
    )
    ((still_open,),) = _run(
        connection,
        """
        SELECT count(*) FROM (
            SELECT DISTINCT ON (dedup_key) transition FROM {outbox} WHERE channel = %s AND group_key = %s
            AND (state = 'sent' OR message_id = %s) ORDER BY dedup_key, version DESC
        ) AS newest WHERE transition <> %s
        """,
        channel,
        tellings[0].alert.group_key,
        message_id,
        _RESOLVED,
    )
    message = Message(str(message_id), tellings, still_open, now)
    return Claimed(message, max(row[1] for row in rows), min(row[2] for row in rows))


def sent(connection: Connection, channel: str, message_id: str, now: datetime) -> None:
    """The receiver has it."""
    query = (
        "UPDATE {outbox} SET state = 'sent', sent_at = %s, last_error = NULL "
        "WHERE channel = %s AND message_id = %s AND state = 'waiting'"
    )
    _run(connection, query, now, channel, message_id)


def failed(connection: Connection, channel: str, message_id: str, why: str, due_at: datetime) -> None:
    """It has not, and is told again not before a time."""
    query = (
        "UPDATE {outbox} SET last_error = %s, due_at = greatest(due_at, %s) "
        "WHERE channel = %s AND message_id = %s AND state = 'waiting'"
    )
    _run(connection, query, why, due_at, channel, message_id)


def dissolved(connection: Connection, channel: str, message_id: str) -> None:
    """A receiver that refuses a message of several alerts gets each by itself: one of them may be to blame."""
    query = (
        "UPDATE {outbox} SET message_id = gen_random_uuid() "
        "WHERE channel = %s AND message_id = %s AND state = 'waiting'"
    )
    _run(connection, query, channel, message_id)


def parked(connection: Connection, channel: str, message_id: str, why: str) -> None:
    """It is given up: it stays in the table with the reason, and later alerts of its keys go on."""
    query = (
        "UPDATE {outbox} SET state = 'parked', last_error = %s "
        "WHERE channel = %s AND message_id = %s AND state = 'waiting'"
    )
    _run(connection, query, why, channel, message_id)


def sent_since(connection: Connection, channel: str, since: datetime) -> Sequence[datetime]:
    """When each message since a time was sent."""
    query = "SELECT max(sent_at) FROM {outbox} WHERE channel = %s AND sent_at > %s GROUP BY message_id"
    return [moment for (moment,) in _run(connection, query, channel, since)]


def backlog(connection: Connection, channel: str) -> Backlog:
    """How a channel stands."""
    counts = dict(_run(connection, "SELECT state, count(*) FROM {outbox} WHERE channel = %s GROUP BY state", channel))
    return Backlog(counts.get("waiting", 0), counts.get("sent", 0), counts.get("parked", 0))
