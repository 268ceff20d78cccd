"""Which differences between two sides' last records count."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from avro.codec import WriterSchema, encode_body, frame, writer_schema
from avro.contract import contract
from bench.outputs import differing
from bench.templates import histories, told
from domain.order_state.build import build
from domain.order_state.facts import Citation, OrderFacts
from domain.order_state.policy import REFERENCE_V1
from tests.bench.folding import facts_of

KEY = b"sim-1:order-00000003"


def schema_for_id(_: int) -> WriterSchema:
    return writer_schema(json.dumps(contract("OrderState").schema))


@pytest.fixture(scope="module")
def facts() -> OrderFacts:
    return facts_of(list(told(histories(1, 1)[0], 3)))


def _value(facts: OrderFacts, minute: int, schema_id: int = 1, **changes: object) -> bytes:
    record = build(KEY.decode(), facts, REFERENCE_V1, datetime(2026, 3, 1, 8, minute, tzinfo=UTC))
    return frame(schema_id, encode_body("OrderState", {**record, **changes}))


def test_clock_and_schema_id_do_not_count(facts: OrderFacts) -> None:
    assert differing({KEY: _value(facts, 1)}, {KEY: _value(facts, 2, schema_id=9)}, schema_for_id) == 0


def test_what_the_record_says_counts(facts: OrderFacts) -> None:
    assert differing({KEY: _value(facts, 1)}, {KEY: _value(facts, 1, progressPercent=1)}, schema_for_id) == 1


def test_a_missing_order_counts(facts: OrderFacts) -> None:
    assert differing({KEY: _value(facts, 1)}, {}, schema_for_id) == 1
    assert differing({}, {KEY: _value(facts, 1)}, schema_for_id) == 1


def test_the_place_an_event_was_read_at_does_not_count(facts: OrderFacts) -> None:
    moved = facts.copy()
    moved.inputs = {
        kind: Citation(c.version, c.content_hash, c.event_id, c.topic, c.partition, c.offset + 1)
        for kind, c in facts.inputs.items()
    }
    assert differing({KEY: _value(facts, 1)}, {KEY: _value(moved, 1)}, schema_for_id) == 0


def test_a_record_that_cannot_be_read_differs(facts: OrderFacts) -> None:
    assert differing({KEY: _value(facts, 1)}, {KEY: b"\0\0\0\0\1rubbish"}, schema_for_id) == 1
