"""The sink that puts alerts into the outbox: once for each channel, key and version, however often they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from avro.plain import from_avro
from domain.alert.record import Alert, Transition
from sinks.alerts.channel import Channel
from sinks.alerts.ddl import ALERTS, OUTBOX, POSITIONS, set_up
from sinks.contract import SinkBatch, SinkRow, Tally
from sinks.forward import Advance, advance
from sinks.postgres.faults import translated
from sinks.postgres.sink import PostgresSink
from sinks.table import Table
from topics import catalogue

ALERT_TABLE = Table(
    topic=catalogue.ALERTS.name,
    dead_letters=catalogue.dead_letters_of(catalogue.ALERTS.name).name,
    name="alerts",
    model=Alert,
    key="dedup_key",
    version="version",
)


def wall_clock() -> datetime:
    """When it is: people are told in their own time, whatever clock a tenant lives by."""
    return datetime.now(UTC)


class Waiting(NamedTuple):
    """A row for the outbox."""

    channel: str
    alert: Alert
    due_at: datetime


class AlertSink(PostgresSink):
    """Reads alerts into the schema `alerting`; rows, positions and what is known of each key move together.

    `channels` are told from now on: what was read before a channel was configured is not told it later.
    """

    name = "alerts"
    positions_table = POSITIONS

    def __init__(
        self,
        database_url: str,
        channels: Sequence[Channel],
        *,
        table: Table = ALERT_TABLE,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        super().__init__(database_url, [table])
        self._channels = tuple(channels)
        self._now = now

    def setup(self) -> None:
        """See `Sink.setup`."""
        with translated("set up the outbox of alerts"):
            set_up(self._connected())

    def write(self, batch: SinkBatch) -> Tally:
        """Apply a batch in one transaction, in this order:

        1. lock the positions, and refuse what does not join on to them;
        2. of the records not read before, take those newer than what is known of their key;
        3. put each into the outbox of every channel it is for;
        4. move positions and tallies; commit.
        """
        table = self.tables[batch.identity.topic]
        with translated(f"write {batch.identity.topic}"):
            connection = self._connected()
            with connection.transaction():
                positions = self._lock_positions(connection, batch)
                plan = advance(SinkBatch(batch.identity, batch.spans), positions, {})
                fresh = _fresh(connection, batch.rows, positions, plan)
                alerts = [from_avro(Alert, table.record(row.cells)) for row in fresh if row.cells is not None]
                self._put(connection, alerts)
                self._move_positions(connection, batch.identity, plan)
        return plan.total

    def reset(self, topic: str) -> None:
        """See `Sink.reset`; what was told stays known, so that reading anew tells nothing twice."""
        with translated(f"reset {topic}"):
            self._connected().execute(sql.SQL("DELETE FROM {} WHERE topic = %s").format(POSITIONS), (topic,))

    def _put(self, connection: Connection, alerts: Sequence[Alert]) -> None:
        if not alerts:
            return
        with connection.cursor() as cursor:
            cursor.executemany(
                sql.SQL(
                    "INSERT INTO {} (dedup_key, version) VALUES (%s, %s) "
                    "ON CONFLICT (dedup_key) DO UPDATE SET version = greatest(alerts.version, EXCLUDED.version)"
                ).format(ALERTS),
                [(alert.dedup_key, alert.version) for alert in alerts],
            )
            cursor.executemany(
                sql.SQL(
                    "INSERT INTO {} (channel, dedup_key, version, group_key, transition, severity, alert, due_at, "
                    "recorded_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
                ).format(OUTBOX),
                [_cells(waiting, self._now()) for waiting in self._waiting(connection, alerts)],
            )

    def _waiting(self, connection: Connection, alerts: Sequence[Alert]) -> Iterable[Waiting]:
        told = _told(connection, {alert.dedup_key for alert in alerts})
        last_sent = _last_sent(connection, {alert.group_key for alert in alerts})
        now = self._now()
        for alert in alerts:
            over = alert.transition is Transition.RESOLVED
            for channel in self._channels:
                was_told = (channel.name, alert.dedup_key) in told
                if (over and not was_told) or not channel.policy.route.takes(alert, told=was_told):
                    continue
                (told.discard if over else told.add)((channel.name, alert.dedup_key))
                sent_at = last_sent.get((channel.name, alert.group_key))
                yield Waiting(channel.name, alert, channel.policy.grouping.due_at(alert.severity, now, sent_at))


def _fresh(connection: Connection, rows: Sequence[SinkRow], positions: dict[int, int], plan: Advance) -> list[SinkRow]:
    """The rows newer than what is known, in order; counts what becomes of all."""
    query = sql.SQL("SELECT dedup_key, version FROM {} WHERE dedup_key = ANY(%s) FOR UPDATE").format(ALERTS)
    known: dict[str, int] = dict(connection.execute(query, (sorted({row.key for row in rows}),)).fetchall())
    found: list[SinkRow] = []
    fates: dict[int, Counter[str]] = {partition: Counter() for partition in plan.tallies}
    for row in rows:
        fate = "applied"
        if row.offset < positions.get(row.partition, 0):
            fate = "duplicate"
        elif row.cells is not None and row.version <= known.get(row.key, 0):
            fate = "duplicate" if row.version == known[row.key] else "stale"
        elif row.cells is not None:
            known[row.key] = row.version
            found.append(row)
        fates[row.partition][fate] += 1
    for partition, counts in fates.items():
        plan.tallies[partition] += Tally(read=counts.total(), **counts)
    return found


def _told(connection: Connection, keys: Iterable[str]) -> set[tuple[str, str]]:
    """Which channels were told of which keys, or are about to be, and not of their end."""
    query = sql.SQL(
        "SELECT DISTINCT ON (channel, dedup_key) channel, dedup_key, transition FROM {} WHERE dedup_key = ANY(%s) "
        "ORDER BY channel, dedup_key, version DESC"
    ).format(OUTBOX)
    rows = connection.execute(query, (sorted(keys),)).fetchall()
    return {(channel, key) for channel, key, transition in rows if transition != Transition.RESOLVED.value}


def _last_sent(connection: Connection, groups: Iterable[str]) -> dict[tuple[str, str], datetime]:
    query = sql.SQL(
        "SELECT channel, group_key, max(sent_at) FROM {} WHERE group_key = ANY(%s) AND sent_at IS NOT NULL "
        "GROUP BY channel, group_key"
    ).format(OUTBOX)
    rows = connection.execute(query, (sorted(groups),)).fetchall()
    return {(channel, group): sent_at for channel, group, sent_at in rows}


def _cells(waiting: Waiting, now: datetime) -> tuple[object, ...]:
    alert = waiting.alert
    return (
        waiting.channel,
        alert.dedup_key,
        alert.version,
        alert.group_key,
        alert.transition.value,
        alert.severity.value,
        Jsonb(alert.model_dump(mode="json", by_alias=True)),
        waiting.due_at,
        now,
    )
