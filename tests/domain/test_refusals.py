"""Refusals of a broker as commands: few, counted, and the same whenever and however they are read (R345)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.command import CommandOutcome
from domain.governance_record.commands import RecordUnauthorizedMutation
from domain.governance_record.events import UnauthorizedMutationAttempted
from domain.governance_record.refusals import GRACE, MINUTE, OTHERS, THINGS_MAX, Denial, Refusals
from topics.catalogue import GOVERNANCE_RECORDS
from topics.store.in_memory import InMemoryStore

BEGAN = datetime(2026, 5, 4, 10, 15, tzinfo=UTC)
LATER = BEGAN + timedelta(hours=1)


def refused(second: float = 0, principal: str = "User:crm", resource: str = "oms.product-orders.v1") -> Denial:
    return Denial(BEGAN + timedelta(seconds=second), principal, "WRITE", "TOPIC", resource, "10.0.0.9")


def read(denials: list[Denial], *looks: int) -> list[RecordUnauthorizedMutation]:
    """What is asked for when, beside the end, somebody looks before these places."""
    refusals, commands = Refusals("kafka-authorizer"), []
    for place, denial in enumerate(denials):
        if place in looks:
            commands += refusals.due(denial.at)
        refusals.add(denial)
    return [*commands, *refusals.due(LATER)]


def test_the_first_refusal_is_recorded_at_once_and_the_rest_is_counted_when_the_minute_is_over() -> None:
    refusals = Refusals("kafka-authorizer")
    refusals.add(refused(10))
    (first,) = refusals.due(BEGAN + timedelta(seconds=11))
    assert (first.principal, first.operation, first.resource) == ("User:crm", "WRITE", "oms.product-orders.v1")
    assert (first.attempts, first.observed_at, first.host) == (1, BEGAN + timedelta(seconds=10), "10.0.0.9")
    for second in (12, 13, 59.9):
        refusals.add(refused(second))
    assert refusals.due(BEGAN + MINUTE + GRACE - timedelta(seconds=1)) == []
    (rest,) = refusals.due(BEGAN + MINUTE + GRACE)
    assert (rest.attempts, rest.observed_at) == (3, BEGAN + timedelta(seconds=12))
    assert rest.correlation_id == first.correlation_id
    assert refusals.due(LATER) == []


def test_a_flood_makes_two_records_a_minute() -> None:
    flood = [refused(second / 100) for second in range(12_000)]
    found = read(flood, *range(0, 12_000, 500))
    assert [c.attempts for c in found] == [1, 1, 5_999, 5_999]
    assert len({c.aggregate_id for c in found}) == len({c.command_id for c in found}) == 4


def test_names_made_up_without_end_are_counted_together() -> None:
    many = [refused(1, resource=f"made-up-{number}") for number in range(5_000)]
    found = read(many)
    assert len(found) == THINGS_MAX + 2
    assert sum(c.attempts for c in found) == 5_000
    assert [c.attempts for c in found if c.resource == OTHERS] == [1, 5_000 - THINGS_MAX - 1]
    assert {c.resource for c in read([*many, refused(2, principal="User:cpq")])} > {"oms.product-orders.v1"}


moments = st.builds(
    refused,
    st.integers(0, 150),
    st.sampled_from(("User:crm", "User:cpq")),
    st.sampled_from(("oms.product-orders.v1", "billing.charges.v1")),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(moments, max_size=40).map(lambda found: sorted(found, key=lambda d: d.at)), st.sets(st.integers(0, 40)))
def test_what_is_recorded_does_not_depend_on_when_somebody_looks(denials: list[Denial], looks: set[int]) -> None:
    found = read(denials, *looks)
    assert {c.command_id: c for c in found} == {c.command_id: c for c in read(denials)}
    assert sum(c.attempts for c in found) == len(denials)


def test_reading_again_records_nothing_twice() -> None:
    store, denials = InMemoryStore(), [refused(1), refused(2), refused(70), refused(3, "User:cpq")]
    told = [store.handle(command, LATER) for command in read(denials)]
    assert [result.outcome for result, _ in told] == [CommandOutcome.ACCEPTED] * 4
    rows = [row for _, made in told for row in made]
    assert {(row.topic, row.record.rpartition(".")[2]) for row in rows} == {
        (GOVERNANCE_RECORDS.name, UnauthorizedMutationAttempted.__name__)
    }
    again = [store.handle(command, LATER) for command in read(denials)]
    assert [(result.outcome, made) for result, made in again] == [(CommandOutcome.REPLAYED, [])] * 4
    # half of the minute is gone from the log: its first refusal is another, and its record stays as it was
    less = [store.handle(command, LATER) for command in read(denials[1:2])]
    assert [(result.outcome, made) for result, made in less] == [(CommandOutcome.REFUSED, [])]
