"""One store for every aggregate: several kinds in one transaction, each command at its own moment."""

from __future__ import annotations

from datetime import timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pytest

from domain.command import CommandOutcome, CommandResult
from tests.topics.hosted_commands import Sent, life
from tests.topics.order_commands import START, at, create
from topics.store.hosting import HOSTED

if TYPE_CHECKING:
    from psycopg import Connection

    from topics.store import AggregateStore

pytestmark = pytest.mark.stack


def side_by_side(tenant: str = "acme") -> list[Sent]:
    """The life of one aggregate of each kind, step by step."""
    return [s for step in zip_longest(*(life(hosted, tenant) for hosted in HOSTED)) for s in step if s is not None]


def all_accepted(results: list[CommandResult]) -> None:
    assert {r.outcome for r in results} == {CommandOutcome.ACCEPTED}, [r.refusal for r in results if r.refusal]


def test_aggregates_of_every_kind_share_a_transaction(store: AggregateStore, connection: Connection[Any]) -> None:
    sent = side_by_side()

    all_accepted(store.handle_many(sent))

    kinds = {kind for (kind,) in connection.execute("SELECT DISTINCT aggregate_type FROM aggregates.events")}
    assert kinds == {hosted.name for hosted in HOSTED} | {"OrderCaptureAttempt"}
    for table in ("events", "outbox", "commands"):
        assert connection.execute(f"SELECT count(DISTINCT xmin::text) FROM aggregates.{table}").fetchone() == (1,)
    topics = connection.execute(
        "SELECT DISTINCT topic FROM aggregates.outbox JOIN aggregates.events USING (event_id) "
        "WHERE aggregate_type <> 'OrderCaptureAttempt'"
    )
    assert {topic for (topic,) in topics} == {hosted.topic for hosted in HOSTED}


def test_each_command_is_recorded_at_its_own_moment(store: AggregateStore, connection: Connection[Any]) -> None:
    sent = [
        (command, moment + timedelta(seconds=n)) for n, (command, moment) in enumerate(side_by_side()[: len(HOSTED)])
    ]

    all_accepted(store.handle_many(sent))

    recorded = connection.execute(
        "SELECT command_id, recorded_at, envelope->>'recordedTime', payload->>'occurredAt', created_at, decided_at "
        "FROM aggregates.events JOIN aggregates.outbox USING (event_id) JOIN aggregates.commands USING (command_id)"
    ).fetchall()
    moments = {command.command_id: moment for command, moment in sent}
    assert {row[0] for row in recorded} == set(moments)
    for command_id, recorded_at, told, occurred, created, decided in recorded:
        assert {recorded_at, created, decided} == {moments[command_id]}
        assert told == moments[command_id].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert occurred.startswith(told[:19])


def test_every_kind_is_loaded_and_checked_by_its_own_events(store: AggregateStore) -> None:
    sent = side_by_side()
    store.handle_many(sent)
    answers = {id(command): result for (command, _), result in zip(sent, store.handle_many(sent), strict=True)}

    for hosted in HOSTED:
        *_, (last, _) = [s for s in sent if type(s[0]) in hosted.commands]
        state, version = store.load(last.aggregate_id, hosted.name)
        answered = answers[id(last)].version
        assert state.version == version == store.verify_chain(last.aggregate_id, hosted.name) == answered


def test_one_key_may_be_used_with_every_kind(store: AggregateStore, connection: Connection[Any]) -> None:
    """A key is claimed for one aggregate and one command."""
    creations = [life(hosted, "acme")[0] for hosted in HOSTED]

    all_accepted(
        store.handle_many([(c.model_copy(update={"idempotency_key": "one"}), moment) for c, moment in creations])
    )

    claimed = connection.execute("SELECT count(*) FROM aggregates.claims WHERE kind = 'IDEMPOTENCY_KEY'").fetchone()
    assert claimed == (len(HOSTED),)


def test_claims_of_two_kinds_may_have_one_key(store: AggregateStore, connection: Connection[Any]) -> None:
    converted = create("acme:o1", "c1", key="another", quote="acme:q1")
    system = converted.actor.model_copy(update={"system": "acme:q1"})
    keyed = create("acme:o2", "c2", key="1").model_copy(update={"actor": system})

    all_accepted(store.handle_many(at(START, [converted, keyed])))

    kinds = connection.execute("SELECT kind FROM aggregates.claims WHERE key = 'acme:q1/1' ORDER BY kind").fetchall()
    assert kinds == [("IDEMPOTENCY_KEY",), ("QUOTE_CONVERSION",)]
