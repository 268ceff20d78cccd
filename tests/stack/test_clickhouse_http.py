"""The ordinary ClickHouse client against the embedded engine, over HTTP, from another process."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from compose.stack.endpoints import Endpoints

pytestmark = pytest.mark.stack

COLUMNS = ["id", "version", "name", "at", "amount"]
AT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


@pytest.fixture(params=["compress=false", "compress=lz4", "compress=zstd", "compress=gzip"])
def client(request: pytest.FixtureRequest, stack: Endpoints) -> Iterator[Client]:
    dsn = stack.clickhouse_dsn.replace("compress=false", request.param)
    made = clickhouse_connect.get_client(dsn=dsn)
    yield made
    made.close()


@pytest.fixture
def plain(stack: Endpoints) -> Iterator[Client]:
    made = clickhouse_connect.get_client(dsn=stack.clickhouse_dsn)
    yield made
    made.close()


@pytest.fixture
def table(plain: Client) -> Iterator[str]:
    name = f"http_tests.t{uuid.uuid4().hex}"
    plain.command("CREATE DATABASE IF NOT EXISTS http_tests")
    plain.command(
        f"CREATE TABLE {name} (id UInt64, version UInt64, name String, at DateTime64(3, 'UTC'), amount Decimal(18, 4)) "
        "ENGINE = ReplacingMergeTree(version) ORDER BY id "
        "SETTINGS non_replicated_deduplication_window = 100 COMMENT 'not authoritative'"
    )
    yield name
    plain.command(f"DROP TABLE {name} SYNC")


def rows(count: int, version: int = 1, start: int = 0) -> list[list[object]]:
    return [[start + i, version, f"n{i}\x00\n\t'ü", AT, Decimal("1.2500")] for i in range(count)]


def test_rows_survive_the_journey(client: Client, table: str) -> None:
    summary = client.insert(table, rows(3000), column_names=COLUMNS)

    assert summary.written_rows == 3000
    got = client.query(f"SELECT * FROM {table} WHERE id = 7", query_tz="UTC").result_rows
    assert got[0][:3] == (7, 1, "n7\x00\n\t'ü")
    assert got[0][3].replace(tzinfo=UTC) == AT
    assert got[0][4] == Decimal("1.2500")
    assert client.command(f"SELECT count() FROM {table}") == 3000


def test_latest_version_wins_and_tokens_deduplicate(plain: Client, table: str) -> None:
    for _ in range(2):
        plain.insert(table, rows(5), column_names=COLUMNS, settings={"insert_deduplication_token": "once"})
    plain.insert(table, rows(5, version=2), column_names=COLUMNS, settings={"insert_deduplication_token": "twice"})

    assert plain.command(f"SELECT count() FROM {table}") == 10
    assert plain.query(f"SELECT count(), min(version) FROM {table} FINAL").result_rows == [(5, 2)]


def test_parameters_settings_and_comments(plain: Client, table: str) -> None:
    plain.insert(table, rows(10), column_names=COLUMNS)

    assert plain.query(
        f"SELECT id FROM {table} WHERE id IN {{ids:Array(UInt64)}} ORDER BY id", parameters={"ids": [3, 4]}
    ).result_rows == [(3,), (4,)]
    assert plain.query("SELECT {x:String}", parameters={"x": "y" * 20_000}).result_rows == [("y" * 20_000,)]
    assert plain.query("SELECT getSetting('max_threads')", settings={"max_threads": 3}).result_rows == [(3,)]
    database, name = table.split(".")
    comment = f"SELECT comment FROM system.tables WHERE database = '{database}' AND name = '{name}'"
    assert plain.command(comment) == "not authoritative"
    assert plain.query(f"SELECT * FROM {table} LIMIT 0").column_names == tuple(COLUMNS)
    assert plain.command(f"SELECT id FROM {table} WHERE id = 99") == ""


def test_statements_with_inline_data_and_other_formats(plain: Client, table: str) -> None:
    plain.command(f"INSERT INTO {table} (id, name) VALUES (1, 'a FORMAT b'), (2, 'c')")
    plain.raw_insert(table, column_names=["id", "name"], insert_block='{"id": 3, "name": "j"}\n', fmt="JSONEachRow")
    plain.raw_insert(table, column_names=["id", "name"], insert_block=b'4,"k"\n', fmt="CSV")
    plain.command(f"INSERT INTO {table} (id, name) SELECT id + 10, name FROM {table} WHERE id = 3")

    got = plain.query(f"SELECT id, name FROM {table} ORDER BY id").result_rows
    assert got == [(1, "a FORMAT b"), (2, "c"), (3, "j"), (4, "k"), (13, "j")]
    assert plain.raw_query("SELECT 1 AS one FORMAT JSONEachRow") == b'{"one":1}\n'


def test_sessions_keep_their_state_apart(stack: Endpoints, plain: Client) -> None:
    other = clickhouse_connect.get_client(dsn=stack.clickhouse_dsn)
    plain.command("CREATE TEMPORARY TABLE mine (a UInt8)")
    plain.command("SET max_threads = 2")

    plain.query("SELECT 1", settings={"max_threads": 5})

    assert plain.command("SELECT count() FROM mine") == 0
    assert plain.command("SELECT getSetting('max_threads')") == 2
    with pytest.raises(DatabaseError):
        other.command("SELECT count() FROM mine")
    other.close()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT * FROM no_such_table", 60),
        ("SELECT * FROM no_such_database.t", 81),
        ("SELEC 1", 62),
        ("SELECT toUInt8('x')", 6),
        ("SELECT throwIf(1)", 395),
    ],
)
def test_refusals_carry_the_engines_code(plain: Client, statement: str, code: int) -> None:
    with pytest.raises(DatabaseError) as caught:
        plain.query(statement)

    assert caught.value.code == code
    assert plain.command("SELECT 1") == 1


def test_insert_that_fails_leaves_nothing(plain: Client, table: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        plain.raw_insert(table, column_names=["id", "name"], insert_block=b"\x02garbage" * 20, fmt="Native")

    assert caught.value.code
    assert plain.command(f"SELECT count() FROM {table}") == 0


def test_wrong_password_is_refused(stack: Endpoints) -> None:
    head, _, tail = stack.clickhouse_dsn.partition("ordertruth:")
    with pytest.raises(DatabaseError) as caught:
        clickhouse_connect.get_client(dsn=f"{head}ordertruth:wrong@{tail.partition('@')[2]}")

    assert caught.value.code == 516


def test_many_clients_at_once(stack: Endpoints, table: str, plain: Client) -> None:
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            mine = clickhouse_connect.get_client(dsn=stack.clickhouse_dsn)
            for turn in range(8):
                mine.insert(table, rows(10, start=number * 1000 + turn * 10), column_names=COLUMNS)
                mine.query(f"SELECT count() FROM {table} FINAL")
            mine.close()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert plain.query(f"SELECT count(), uniq(id) FROM {table}").result_rows == [(400, 400)]
