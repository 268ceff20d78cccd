"""What the log says of commands (R452)."""

from __future__ import annotations

import hashlib
from typing import Any

import structlog
from structlog.testing import capture_logs

from domain.command import Command
from domain.product_order.commands import AcceptProductOrder
from domain.product_order.validation import ValidationContext
from tests.topics.order_commands import ACTOR, START, create, submit
from topics.store.in_memory import InMemoryStore

TOLD = {
    *("order_id", "order_number", "quote_id", "quote_version", "source_system", "source_request_id", "key_hash"),
    *("correlation_id", "codes", "to_state", "actor_id", "actor_role", "command", "command_id", "outcome", "version"),
    *("aggregate_type", "aggregate_id"),
}


def said_of(*commands: Command) -> list[dict[str, Any]]:
    store = InMemoryStore()
    with capture_logs() as lines:
        for command in commands:
            store.handle(command, START)
    return [dict(line) for line in lines]


def test_a_line_names_order_quote_source_key_state_codes_and_actor() -> None:
    asked = create("t:o1", "c1", key="secret", quote="t:q1").model_copy(update={"source_request_id": "r1"})
    (made,) = said_of(asked)
    assert TOLD - set(made) == {"codes"}, "nothing was found"
    assert made["event"] == "command_carried_out"
    assert made["key_hash"] == hashlib.sha256(b"secret").hexdigest()
    assert (made["order_id"], made["order_number"], made["quote_id"], made["quote_version"]) == (
        "t:o1",
        "T:O1",
        "t:q1",
        1,
    )
    assert (made["source_system"], made["source_request_id"]) == (ACTOR.system, "r1")
    assert "from_state" not in made
    assert made["to_state"] == "Draft"
    assert "secret" not in str(made)


def test_a_transition_shows_where_from_and_where_to() -> None:
    _, submitted = said_of(create("t:o1", "c1"), submit("t:o1", "c2"))
    assert (submitted["from_state"], submitted["to_state"], submitted["version"]) == ("Draft", "Submitted", 2)
    assert submitted["order_number"] == "T:O1", "known from the order"


def test_a_refusal_is_told_with_its_code_whatever_the_level() -> None:
    lines = said_of(create("t:o1", "c1"), submit("t:o1", "c2", expected_version=7))
    assert [line["log_level"] for line in lines] == ["debug", "info"]
    refused = lines[-1]
    assert (refused["event"], refused["outcome"]) == ("command_refused", "REFUSED")
    assert refused["codes"] == ["CONFLICT_VERSION"]
    assert (refused["from_state"], refused["to_state"]) == ("Draft", "Draft")


def test_codes_of_a_validation_are_told() -> None:
    order = create("t:o1", "c1")
    accept = order_manager(
        {"aggregate_id": "t:o1", "command_id": "c3", "correlation_id": "x"},
        context=ValidationContext(checked_at=START, channel_allowed=False, account_active=False),
    )
    *_, rejected = said_of(order, submit("t:o1", "c2"), accept)
    assert rejected["to_state"] == "Rejected"
    assert len(rejected["codes"]) == 2, rejected


def order_manager(envelope: dict[str, Any], **fields: Any) -> Command:
    actor = ACTOR.model_copy(update={"role": "order-manager"})
    return AcceptProductOrder(**envelope, actor=actor, **fields)


def test_what_was_carried_out_is_silent_where_debugging_is_off() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("info"))
    lines = said_of(create("t:o1", "c1"), submit("t:o1", "c2", expected_version=7))
    assert [line["event"] for line in lines] == ["command_refused"]
