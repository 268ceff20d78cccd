"""ConsumerCheckpoint: where declared consumers stand (R6, R246, R343)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.command import Actor, Command
from domain.consumer_checkpoint import commands
from domain.consumer_checkpoint import commands as c
from domain.consumer_checkpoint.aggregate import CONSUMER_CHECKPOINT, MACHINE, ConsumerCheckpoint, decide, evolve
from domain.consumer_checkpoint.events import EVENTS, CheckpointState
from domain.errors import Refusal
from tests.domain.machine_walk import (
    NOW,
    Choose,
    Subject,
    check_beginning,
    check_emissions,
    check_matrix,
    check_roles,
    check_table,
    envelope,
    walk,
)

PLACE = {"consumer": "billing-loader", "topic": "oms.product-orders.v1", "partition": 3}
CHECKPOINT_ID = "acme:billing-loader/oms.product-orders.v1/3"


def sample(_: ConsumerCheckpoint | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    found = {**PLACE, "committed_offset": choose((0, 5, 9, 12)), "end_offset": 10}
    return kind(**{**found, **envelope(MACHINE, kind, CHECKPOINT_ID, command_id, choose)})


SUBJECT = Subject(MACHINE, EVENTS, CheckpointState, sample, walks=20, steps=5)
TestWalk = walk(SUBJECT, examples=20, steps=10)


def report(checkpoint: ConsumerCheckpoint | None, kind: type[Command], offset: int, **fields: Any) -> Any:
    base: dict[str, Any] = {
        "aggregate_id": CHECKPOINT_ID,
        "command_id": f"c-{offset}",
        "actor": Actor(actor_id="ordertruth", role="ordertruth", system="ordertruth"),
        "correlation_id": "corr-1",
        "committed_offset": offset,
        "end_offset": 100,
        **PLACE,
    }
    (event,) = decide(checkpoint, kind(**{**base, **fields}), NOW)
    return event


def test_the_table_and_the_matrix() -> None:
    check_table(SUBJECT, commands)
    check_emissions(SUBJECT)
    check_matrix(SUBJECT)
    check_roles(SUBJECT)
    check_beginning(SUBJECT)


def test_going_back_is_told_and_not_refused() -> None:
    first = report(None, c.BeginConsumerCheckpoint, 50, applied_count=50, applied_hash="h")
    assert (first.went_back, first.applied_count, first.applied_hash, first.partition) == (False, 50, "h", 3)
    checkpoint = evolve(None, first)
    on = report(checkpoint, c.ReportConsumerCheckpoint, 60)
    assert not on.went_back
    back = report(evolve(checkpoint, on), c.ReportConsumerCheckpoint, 10)
    assert back.went_back
    assert back.version == 3


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"partition": 4}, "STRUCTURAL_CHECKPOINT_ID"), ({"end_offset": 49}, "STRUCTURAL_OFFSET")],
)
def test_a_report_that_cannot_be_is_refused(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        report(None, c.BeginConsumerCheckpoint, 50, **fields)
    assert caught.value.code == code
    assert caught.value.remediation


def test_what_is_no_event_of_a_checkpoint_is_refused_by_the_fold() -> None:
    with pytest.raises(TypeError, match="no event"):
        evolve(None, Actor(actor_id="a", role="b", system="c"))
    assert set(CONSUMER_CHECKPOINT.events) == {"ConsumerCheckpointReported"}
