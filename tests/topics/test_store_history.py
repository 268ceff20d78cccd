"""The event store is append-only and shows tampering; its schema is brought up to date safely."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from domain.errors import IntegrityError
from tests.topics.order_commands import START, at, life
from tests.topics.test_store_concurrency import together
from topics.store import AggregateStore, migrate
from topics.store.migration import migrations

pytestmark = pytest.mark.stack

STATEMENTS = ("UPDATE aggregates.{} SET command_id = 'x'", "DELETE FROM aggregates.{}", "TRUNCATE aggregates.{}")


@pytest.mark.parametrize("table", ["events", "commands", "claims"])
def test_history_cannot_be_changed(store: AggregateStore, connection: psycopg.Connection, table: str) -> None:
    """R122, R125."""
    store.handle_many(at(START, life("t:o1")))

    for statement in STATEMENTS:
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            connection.execute(statement.format(table))
    assert store.verify_chain("t:o1") == store.load("t:o1")[1]


@contextmanager
def tampering(connection: psycopg.Connection) -> Iterator[None]:
    """What somebody who owns the database can do."""
    connection.execute("ALTER TABLE aggregates.events DISABLE TRIGGER append_only")
    yield
    connection.execute("ALTER TABLE aggregates.events ENABLE TRIGGER append_only")


WHERE = " WHERE aggregate_id = 't:o1' AND version = "


@pytest.mark.parametrize(
    ("tampered", "message"),
    [
        (
            "UPDATE aggregates.events SET payload = jsonb_set(payload, '{orderNumber}', '\"X\"')" + WHERE + "3",
            "Event 3",
        ),
        ("UPDATE aggregates.events SET envelope = jsonb_set(envelope, '{actorId}', '\"X\"')" + WHERE + "2", "Event 2"),
        ("UPDATE aggregates.events SET command_id = 'other'" + WHERE + "4", "Event 4 of t:o1 contradicts"),
        ("DELETE FROM aggregates.events" + WHERE + "5", "Event 5 of t:o1 is missing"),
        ("DELETE FROM aggregates.events" + WHERE + "10", "Event 10 of t:o1 is missing"),
    ],
)
def test_tampering_shows(store: AggregateStore, connection: psycopg.Connection, tampered: str, message: str) -> None:
    store.handle_many(at(START, life("t:o1")))
    assert store.verify_chain("t:o1") == 10

    with tampering(connection):
        assert connection.execute(tampered).rowcount == 1

    with pytest.raises(IntegrityError, match=message):
        store.verify_chain("t:o1")


def test_a_hole_in_the_history_stops_the_fold(
    store: AggregateStore, connection: psycopg.Connection, database: str
) -> None:
    store.handle_many(at(START, life("t:o1")))
    with tampering(connection):
        connection.execute("DELETE FROM aggregates.events" + WHERE + "5")

    with psycopg.connect(database) as own, pytest.raises(IntegrityError, match="Event 5 of t:o1 is missing"):
        AggregateStore(own).load("t:o1")


def test_an_event_of_a_later_release_stops_the_fold(
    store: AggregateStore, connection: psycopg.Connection, database: str
) -> None:
    store.handle_many(at(START, life("t:o1")))
    with tampering(connection):
        connection.execute("UPDATE aggregates.events SET name = 'ProductOrderTeleported'" + WHERE + "5")
    with psycopg.connect(database) as own, pytest.raises(IntegrityError, match="ProductOrder does not know"):
        AggregateStore(own).load("t:o1")

    with tampering(connection):
        connection.execute(
            "UPDATE aggregates.events SET name = 'ProductOrderSubmitted', payload = '{\"state\": 1}'" + WHERE + "5"
        )
    with psycopg.connect(database) as own, pytest.raises(IntegrityError, match="does not fit ProductOrderSubmitted"):
        AggregateStore(own).load("t:o1")


def test_migrating_again_does_nothing(database: str) -> None:
    with psycopg.connect(database) as own:
        assert migrate(own) == 0


def test_two_processes_may_migrate_at_once(empty_database: str) -> None:
    def run() -> int:
        with psycopg.connect(empty_database) as own:
            return migrate(own)

    assert sorted(together(run, run)) == [0, len(migrations())]


def test_an_edited_migration_is_refused(database: str, connection: psycopg.Connection) -> None:
    connection.execute("UPDATE aggregates.migrations SET checksum = 'other'")

    with psycopg.connect(database) as own, pytest.raises(IntegrityError, match="was changed after it was applied"):
        migrate(own)


def test_a_database_of_a_later_release_is_refused(database: str, connection: psycopg.Connection) -> None:
    connection.execute("INSERT INTO aggregates.migrations VALUES (9999, '9999_future.sql', 'x')")

    with psycopg.connect(database) as own, pytest.raises(IntegrityError, match="9999_future"):
        migrate(own)
