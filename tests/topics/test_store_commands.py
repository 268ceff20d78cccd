"""Commands through the real database: what is answered, what is stored, what is put into the outbox."""

from __future__ import annotations

from collections import Counter

import orjson
import psycopg
import pytest

from avro.codec import decode_body, writer_schema
from avro.contract import contract
from avro.headers import from_headers
from domain.command import CommandOutcome, CommandResult
from domain.order_state.states import HeaderState
from streams.order_state_stored import to_bytes
from tests.topics.order_commands import ACTOR, START, at, create, item, life, note, submit
from topics import outbox
from topics.store import AggregateStore

pytestmark = pytest.mark.stack

ORDERS, CAPTURE = "oms.product-orders.v1", "oms.order-capture.v1"


def rows_of(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM aggregates.{table}").fetchone()
    assert row
    return int(row[0])


def totals(connection: psycopg.Connection) -> Counter[str]:
    return Counter({t: rows_of(connection, t) for t in ("events", "commands", "claims", "outbox")})


def attempts(connection: psycopg.Connection) -> list[dict[str, object]]:
    rows = connection.execute(
        "SELECT e.payload::text FROM aggregates.events AS e JOIN aggregates.outbox USING (event_id) "
        "WHERE e.name = 'OrderCaptureAttempted' ORDER BY seq"
    )
    return [orjson.loads(payload) for (payload,) in rows]


def code(result: CommandResult) -> str | None:
    return result.refusal.code if result.refusal else None


def test_a_creation_leaves_its_event_and_its_attempt(store: AggregateStore, connection: psycopg.Connection) -> None:
    result = store.handle(create("t:o1", "c1"), START)

    assert (result.outcome, result.aggregate_id, result.version) == (CommandOutcome.ACCEPTED, "t:o1", 1)
    created, attempt = outbox.unpublished(connection, 10, 1_000_000)
    assert (created.topic, created.key, (created.event_id,)) == (ORDERS, "t:o1", result.event_ids)
    assert (attempt.topic, attempt.key) == (CAPTURE, "t:c1")
    envelope = from_headers(created.headers)
    assert (envelope.source, envelope.subject, envelope.aggregate_version) == ("oms", "t:o1", 1)
    assert (envelope.command_id, envelope.causation_id, envelope.correlation_id) == ("c1", "c1", "corr-t:o1")
    assert envelope.event_type == "com.ordertruth.oms.product-order.product-order-created.v1"
    assert (envelope.actor_id, envelope.recorded_time) == (ACTOR.actor_id, START)
    body = decode_body(attempt.body, writer_schema(contract(attempt.record).text))
    assert (body["outcome"], body["orderId"], body["accountId"]) == ("ACCEPTED", "t:o1", "acc-1")


def test_a_whole_life_is_stored_and_loaded_again(store: AggregateStore, database: str) -> None:
    results = store.handle_many(at(START, life("t:o1")))

    assert {r.outcome for r in results} == {CommandOutcome.ACCEPTED}
    with psycopg.connect(database) as other:
        state, version = AggregateStore(other).load("t:o1")
    assert (state.state, version) == (HeaderState.COMPLETED, results[-1].version)
    cached, _ = store.load("t:o1")
    assert (cached.state, cached.items, to_bytes(cached.facts)) == (state.state, state.items, to_bytes(state.facts))


def test_the_same_command_again_is_answered_from_memory(store: AggregateStore, connection: psycopg.Connection) -> None:
    first = store.handle_many(at(START, life("t:o1")))
    refused = store.handle(submit("t:o1", "late"), START)
    before = totals(connection)

    again = store.handle_many(at(START, life("t:o1")))
    refused_again = store.handle(submit("t:o1", "late"), START)

    assert [(r.aggregate_id, r.version, r.event_ids) for r in again] == [
        (r.aggregate_id, r.version, r.event_ids) for r in first
    ]
    assert {r.outcome for r in again} == {CommandOutcome.REPLAYED}
    assert refused_again.outcome is CommandOutcome.REFUSED
    assert (code(refused_again), str(refused_again.refusal)) == (code(refused), str(refused.refusal))
    assert totals(connection) == before


def test_a_command_id_under_another_payload_is_refused(store: AggregateStore, connection: psycopg.Connection) -> None:
    store.handle(create("t:o1", "c1"), START)
    store.handle(note("t:o1", "c2", "one"), START)

    reused = [store.handle(note("t:o1", "c2", "two"), START) for _ in range(2)]

    assert [code(r) for r in reused] == ["CONFLICT_COMMAND_ID_REUSED"] * 2
    assert store.load("t:o1")[1] == 2
    assert [a["outcome"] for a in attempts(connection)] == ["ACCEPTED", "REFUSED"]
    assert store.handle(note("t:o1", "c2", "one"), START).outcome is CommandOutcome.REPLAYED


def test_one_key_and_payload_give_one_result(store: AggregateStore, connection: psycopg.Connection) -> None:
    """R307, R310: the id asked for differs, as it does when a caller generates one for each try."""
    first = store.handle(create("t:o1", "c1", key="k"), START)
    second = store.handle(create("t:o2", "c2", key="k"), START)

    assert second == CommandResult(CommandOutcome.REPLAYED, "t:o1", 1, first.event_ids)
    assert store.load("t:o2") == (None, 0)
    assert [(a["commandId"], a["outcome"]) for a in attempts(connection) if a["outcome"] != "ACCEPTED"] == [
        ("c2", "REPLAYED")
    ]
    assert store.handle(create("t:o2", "c2", key="k"), START) == second


def test_one_key_under_another_payload_is_a_conflict(store: AggregateStore, connection: psycopg.Connection) -> None:
    """R311."""
    store.handle(create("t:o1", "c1", key="k"), START)

    result = store.handle(create("t:o2", "c2", key="k", items=(item("other"),)), START)

    assert (result.outcome, code(result), result.version) == (CommandOutcome.REFUSED, "CONFLICT_IDEMPOTENCY_KEY", 0)
    assert rows_of(connection, "claims") == 1


def test_a_creation_without_a_key_is_refused(store: AggregateStore) -> None:
    """R312."""
    assert code(store.handle(create("t:o1", "c1", key=""), START)) == "STRUCTURAL_IDEMPOTENCY_KEY_MISSING"


def test_a_quote_is_converted_once(store: AggregateStore) -> None:
    """R313."""
    store.handle(create("t:o1", "c1", quote="t:q1"), START)

    assert code(store.handle(create("t:o2", "c2", quote="t:q1"), START)) == "CONFLICT_QUOTE_ALREADY_CONVERTED"


def test_keys_of_two_tenants_never_meet(store: AggregateStore) -> None:
    results = [store.handle(create(f"{t}:o1", "c1", key="k"), START) for t in ("one", "two")]

    assert [r.outcome for r in results] == [CommandOutcome.ACCEPTED] * 2


def test_a_refused_creation_keeps_its_key_free(store: AggregateStore) -> None:
    bad = create("t:o1", "c1", key="k", items=(item("1"), item("1")))
    assert store.handle(bad, START).outcome is CommandOutcome.REFUSED

    assert store.handle(create("t:o1", "c2", key="k"), START).outcome is CommandOutcome.ACCEPTED


def test_the_expected_version_must_be_the_aggregates(store: AggregateStore) -> None:
    """R66."""
    store.handle(create("t:o1", "c1", expected_version=0), START)

    refused = store.handle(submit("t:o1", "c2", expected_version=3), START)
    accepted = store.handle(submit("t:o1", "c3", expected_version=1), START)

    assert (code(refused), refused.version) == ("CONFLICT_VERSION", 1)
    assert refused.refusal
    assert "version 1, not 3" in refused.refusal.message
    assert accepted.version == 2


def test_a_refusal_changes_nothing_and_leaves_one_attempt(
    store: AggregateStore, connection: psycopg.Connection
) -> None:
    store.handle(create("t:o1", "c1"), START)
    before, state = totals(connection), store.load("t:o1")

    result = store.handle(life("t:o1")[7], START)

    assert result.refusal
    assert result.refusal.correlation_id == "corr-t:o1"
    assert store.load("t:o1") == state
    assert totals(connection) - before == Counter({"events": 1, "outbox": 1, "commands": 1})
    last = attempts(connection)[-1]
    assert (last["outcome"], last["code"]) == ("REFUSED", result.refusal.code)
    assert (last["stage"], last["sourceSystem"], last["sourceChannel"]) == (result.refusal.stage, "portal", "web")


def test_in_a_batch_each_command_is_refused_alone(store: AggregateStore) -> None:
    outcomes = [
        r.outcome.value
        for r in store.handle_many(
            at(
                START,
                [
                    create("t:o1", "c1", key="k"),
                    submit("t:none", "c2"),
                    submit("t:o1", "c3"),
                    create("t:o2", "c4", key="k", items=(item("other"),)),
                    create("t:o3", "c5", key="k"),
                    submit("t:o1", "c3"),
                    submit("t:o1", "c6"),
                ],
            )
        )
    ]

    assert outcomes == ["ACCEPTED", "REFUSED", "ACCEPTED", "REFUSED", "REPLAYED", "REPLAYED", "REFUSED"]
    assert store.load("t:o1")[1] == 2


def test_no_commands_are_no_work(store: AggregateStore) -> None:
    assert store.handle_many([]) == []


def test_an_order_named_like_its_command_collides_with_nothing(store: AggregateStore) -> None:
    assert store.handle(create("t:same", "same"), START).outcome is CommandOutcome.ACCEPTED
    assert store.handle(submit("t:same", "other"), START).version == 2


def test_long_keys_are_kept_apart_too(store: AggregateStore) -> None:
    long = "k" * 200
    source = {"idempotency_key": None, "external_order_id": long * 20}
    one = create("t:o1", "c1").model_copy(update=source)
    other = create("t:o2", "c2").model_copy(update={**source, "external_order_id": long * 20 + "x"})

    assert [store.handle(c, START).outcome.value for c in (one, other)] == ["ACCEPTED", "ACCEPTED"]
    again = one.model_copy(update={"command_id": "c3"})
    assert store.handle(again, START).outcome is CommandOutcome.REPLAYED
