"""The main job from outside: orders in, truth out, nothing left behind; and a check that cannot be talked round.

The tests stand on each other in the order they are written: starting a stack takes longer than most of what it shows.
"""

from __future__ import annotations

import os
import signal
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from compose.stack.ports import choose
from compose.stack.record import StackRecord
from compose.verify.run import verify
from sinks.clickhouse import connect
from sinks.clickhouse.ddl import DATABASE
from tests.e2e.installation import Installation
from tests.stack.processes import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.stack

MATTERS = 24
FIRST, SECOND = 54, 18
"""Seeds; both have faults of several kinds among their matters."""
DEMO_S = 280
KEYS = (
    "orders",
    "events_published",
    "events_read",
    "events_applied",
    "duplicates",
    "stale",
    "dead_lettered",
    "read_model.order_state",
    "analytics.order_state",
    "injected",
    "found",
    "missed",
    "false_cases",
    "verify.mismatches",
    "verify.billing_invariant.checked",
    "verify.billing_invariant.violations",
    "seconds",
    "stack.kafka",
    "stack.registry",
    "stack.postgres",
    "stack.clickhouse",
)


def at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value[name]
    return value


def demo(seed: int, orders: int = MATTERS) -> list[str]:
    return ["demo", "--orders", str(orders), "--seed", str(seed), "--exit"]


@pytest.fixture(scope="module")
def installation(new_state_dir: Callable[[], Path], jar_cache_dir: Path) -> Iterator[Installation]:
    made = Installation(new_state_dir(), jar_cache_dir)
    yield made
    made.run("down")


@pytest.fixture(scope="module")
def first(installation: Installation) -> dict[str, Any]:
    """What the demonstration says of itself on a state folder that was not there before."""
    assert not installation.folder.path.exists()
    return installation.json(*demo(FIRST), timeout_s=DEMO_S)


@pytest.fixture(scope="module")
def running(first: dict[str, Any], installation: Installation) -> Iterator[Installation]:
    """The same folder with its stack up."""
    assert first
    assert installation.run("up").returncode == 0
    yield installation
    assert installation.run("down").returncode == 0
    assert installation.left_over() == []


def test_from_nothing_to_verified_orders_and_nothing_is_left(first: dict[str, Any], installation: Installation) -> None:
    for key in KEYS:
        assert at(first, key) is not None, key
    orders = first["orders"]
    assert first["matters"] == MATTERS >= orders > MATTERS / 2
    assert at(first, "read_model.order_state") == at(first, "analytics.order_state") == orders
    assert at(first, "verify.mismatches") == at(first, "verify.billing_invariant.violations") == 0
    assert at(first, "verify.billing_invariant.checked") > 0
    assert at(first, "verify.orders") == at(first, "verify.derived.order_state") == orders
    assert at(first, "verify.derived.order_status_support") == orders
    read = first["events_read"]
    assert read == sum(first[k] for k in ("events_applied", "duplicates", "stale", "dead_lettered"))
    on_owner_topic = first["events_published_by_topic"]["oms.product-orders.v1"]
    assert read == at(first, "verify.events") > on_owner_topic > 5 * orders
    assert first["dead_lettered"] == 0
    assert first["duplicates"] > 0, "the careless wire repeats events"
    assert first["events_reordered"] > 0
    assert first["worker_restarts"] == 0
    assert all(at(first, f"stack.{part}") for part in ("kafka", "registry", "postgres", "clickhouse"))

    assert until(lambda: installation.left_over() == []), installation.left_over()


def test_every_fault_is_a_case_and_every_case_a_fault(first: dict[str, Any]) -> None:
    assert sum(first["injected"].values()) > 5
    assert first["found"] == first["injected"]
    assert first["missed"] == first["false_cases"] == {}
    assert at(first, "cases.all") >= sum(first["found"].values())


def test_a_second_seed_adds_its_orders(first: dict[str, Any], running: Installation) -> None:
    second = running.json(*demo(SECOND), timeout_s=DEMO_S)

    both = first["orders"] + second["orders"]
    assert second["orders"] > MATTERS / 2
    assert at(second, "read_model.order_state") == at(second, "analytics.order_state") == both
    assert at(second, "verify.mismatches") == at(second, "verify.billing_invariant.violations") == 0
    assert second["found"] == second["injected"]
    assert second["false_cases"] == {}
    assert second["events_read"] < at(second, "verify.events"), "counts are this run's, those of verify are of all"


def test_repeating_a_seed_publishes_nothing_new(first: dict[str, Any], running: Installation) -> None:
    again = running.json(*demo(FIRST), timeout_s=DEMO_S)

    assert again["events_published"] == again["events_read"] == 0
    assert (again["commands"], again["orders"]) == (first["commands"], first["orders"])
    assert at(again, "verify.mismatches") == 0
    assert (again["injected"], again["found"]) == (first["injected"], first["found"]), "no second case"
    assert again["cases"]["all"] > first["cases"]["all"], "those of the other seed are there as well"


def test_verify_alone_finds_nothing_and_shows_the_equation(running: Installation) -> None:
    report = running.json("verify")
    assert report["mismatches"] == 0
    assert report["details"] == report["notes"] == []
    total = report["accounting"]["total"]
    assert report["accounting"]["balanced"]
    assert total["read"] == report["events"] == sum(v for k, v in total.items() if k != "read")
    assert "dead-lettered" in running.said
    assert "0 mismatches" in running.said


def an_order(running: Installation, seed: int) -> str:
    """The last order of a run."""
    with psycopg.connect(running.endpoints.database_url) as connection:
        query = "SELECT max(order_id) FROM derived.order_state WHERE order_id LIKE %s"
        found = connection.execute(query, (f"sim-{seed}:%",)).fetchone()
    assert found is not None
    return str(found[0])


def altered(details: list[dict[str, Any]], where: str) -> tuple[str, str]:
    """The one order and field a report complains of."""
    assert [d["where"] for d in details] == [where], details
    return details[0]["key"], details[0]["field"]


@contextmanager
def one_row_changed(url: str, order_id: str, column: str, value: str) -> Iterator[None]:
    """A row of the read model changed by hand, and put back."""
    row = sql.Identifier("derived", "order_state"), sql.Identifier(column)
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            sql.SQL("SELECT {1} FROM {0} WHERE order_id = %s").format(*row), (order_id,)
        ).fetchone()
        assert found is not None
        change = sql.SQL("UPDATE {} SET {} = %s WHERE order_id = %s").format(*row)
        assert connection.execute(change, (value, order_id)).rowcount == 1
        yield
        connection.execute(change, (found[0], value if column == "order_id" else order_id))


def test_a_row_of_the_read_model_altered_by_hand_is_named(running: Installation) -> None:
    order_id = an_order(running, FIRST)
    with one_row_changed(running.endpoints.database_url, order_id, "account_id", f"sim-{FIRST}:account-9999"):
        report = running.json("verify", status=1)

    assert report["mismatches"] == 1
    assert altered(report["details"], "postgres") == (order_id, "accountId")
    assert report["details"][0]["actual"] == f"sim-{FIRST}:account-9999"
    assert f"postgres: {order_id}: accountId: expected" in running.said


def test_an_order_missing_from_the_read_model_and_one_too_many_are_named(running: Installation) -> None:
    order_id, invented = an_order(running, SECOND), f"sim-{SECOND}:order-999999"
    with one_row_changed(running.endpoints.database_url, order_id, "order_id", invented):
        report = verify(running.endpoints)

    found = {(m.where, m.key, m.field, m.actual) for m in report.mismatches}
    assert found == {("postgres", order_id, "(record)", None), ("postgres", invented, "(record)", "a record")}


def test_an_event_left_out_of_the_comparison_is_noticed_with_order_and_field(running: Installation) -> None:
    order_id = an_order(running, FIRST)
    with psycopg.connect(running.endpoints.database_url) as connection:
        rows = connection.execute(
            "SELECT event_id, version FROM aggregates.outbox JOIN aggregates.events USING (event_id) "
            "WHERE key = %s ORDER BY version",
            (order_id,),
        ).fetchall()
    event_id, version = rows[-1]
    report = running.json("verify", "--omit-event", event_id, status=1)

    assert report["omitted"] >= 1
    details = [d for d in report["details"] if d["where"] in ("derived topic", "postgres", "clickhouse")]
    fields = {(d["key"], d["field"]) for d in details}
    assert {key for key, _ in fields} == {order_id}
    assert (order_id, "version") in fields
    assert {d["where"] for d in details} == {"derived topic", "postgres", "clickhouse"}
    assert {d["key"] for d in report["details"]} > {order_id}, "whatever else rests on the event differs, too"
    newest = next(d for d in details if d["field"] == "version")
    assert (newest["expected"], newest["actual"]) == (version - 1, version)


def test_leaving_out_an_event_nobody_published_changes_nothing_and_is_told(running: Installation) -> None:
    report = verify(running.endpoints, omit_event="no-such-event")
    assert (report.mismatches, report.omitted) == ([], 0)


def test_a_row_of_the_analytics_altered_by_hand_is_named(running: Installation) -> None:
    order_id = an_order(running, FIRST)
    change = (
        f"ALTER TABLE {DATABASE}.order_state UPDATE progress_percent = progress_percent + %(more)s "
        "WHERE order_id = %(order)s SETTINGS mutations_sync = 2"
    )
    with closing(connect(running.endpoints.clickhouse_dsn)) as client:
        client.command(change, parameters={"more": 1, "order": order_id})
        try:
            report = running.json("verify", status=1)
        finally:
            client.command(change, parameters={"more": -1, "order": order_id})

    assert altered(report["details"], "clickhouse") == (order_id, "progressPercent")


def test_clickhouse_away_is_told_and_is_no_mismatch(running: Installation) -> None:
    nobody = choose(["clickhouse"], {}, {})["clickhouse"]
    report = verify(replace(running.endpoints, clickhouse_dsn=f"http://127.0.0.1:{nobody}"))

    assert report.mismatches == []
    assert report.analytics is None
    assert report.read_model == report.orders
    assert any("ClickHouse" in note or "analytics" in note for note in report.notes), report.notes


def test_a_stack_that_is_half_up_is_mended_before_it_is_verified(running: Installation) -> None:
    record = StackRecord.read(running.folder.record_file)
    assert record is not None
    for name in ("clickhouse", "registry"):
        lost = record.parts[name].process
        assert lost is not None
        os.kill(lost.pid, signal.SIGKILL)

    report = running.json("verify")

    assert (report["mismatches"], report["notes"]) == (0, [])
    assert report["analytics"]["order_state"] == report["orders"]
