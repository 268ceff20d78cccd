"""The examples: real records that encode, decode and carry the right headers; and what is said of bad ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from avro.codec import decode_body, encode_body, writer_schema
from avro.contract import contract
from avro.headers import from_headers
from avro.plain import from_avro, to_avro
from compose.contracts.examples import Published, demonstration, published_by
from compose.demo.stories import stories
from domain.catalogue import RECORDS, RecordType
from domain.command import CommandOutcome
from topics.catalogue import ORDER_STATE, PRODUCT_ORDERS
from topics.contracts.envelope import DERIVED_HEADERS, FACT_HEADERS
from topics.contracts.examples import (
    best_examples,
    encoded,
    example_from,
    example_of,
    example_path,
    example_problems,
    without_example,
    write_examples,
)
from topics.contracts.kinds import is_derived
from topics.store.in_memory import InMemoryStore

if TYPE_CHECKING:
    from pathlib import Path

WITH_EXAMPLE = [r for r in RECORDS if example_path(r).is_file()]


@pytest.fixture(scope="module")
def told() -> list[Published]:
    return list(demonstration(40, 1))


def test_the_committed_examples_are_sound() -> None:
    assert example_problems() == []
    assert len(WITH_EXAMPLE) + len(without_example()) == len(RECORDS)


@pytest.mark.parametrize("record", WITH_EXAMPLE, ids=lambda r: r.name)
def test_an_example_encodes_and_decodes_by_its_schema(record: RecordType) -> None:
    example = example_of(record)
    assert example is not None
    body = encoded(record, example)
    data = decode_body(body, writer_schema(contract(record.name).text))
    model = from_avro(record.model, data)
    assert model.model_dump(mode="json", by_alias=True) == example.value
    assert encode_body(record.name, to_avro(model)) == body


@pytest.mark.parametrize("record", [r for r in WITH_EXAMPLE if not is_derived(r)], ids=lambda r: r.name)
def test_the_headers_of_an_example_are_an_envelope(record: RecordType) -> None:
    example = example_of(record)
    assert example is not None
    envelope = from_headers([(name, text.encode()) for name, text in example.headers.items()])
    assert envelope.subject == example.key
    assert envelope.aggregate_type == record.aggregate
    assert envelope.source == record.owner


def test_derived_records_carry_the_headers_the_contract_lists(told: list[Published]) -> None:
    names = {frozenset(name for name, _ in p.headers) for p in told if p.topic == ORDER_STATE.name}
    assert names == {frozenset(h.name for h in DERIVED_HEADERS if h.required)}


def test_facts_carry_the_headers_the_contract_lists(told: list[Published]) -> None:
    required = {h.name for h in FACT_HEADERS if h.required}
    known = {h.name for h in FACT_HEADERS}
    for published in told:
        if published.topic != ORDER_STATE.name:
            names = {name for name, _ in published.headers}
            assert required <= names <= known


def test_the_committed_examples_are_those_the_aggregates_make() -> None:
    made = best_examples(demonstration())
    for record in RECORDS:
        if record.name in made:
            assert example_of(record) == made[record.name], "run `ordertruth contracts examples`"


def test_the_most_telling_record_becomes_the_example(told: list[Published]) -> None:
    (record,) = [r for r in RECORDS if r.name == "ProductOrderCreated"]
    every = [example_from(p, record) for p in told if p.record == contract(record.name).full_name]

    def filled(value: Any) -> int:
        return sum(v not in (None, [], {}) for v in value.values())

    assert filled(best_examples(told)[record.name].value) == max(filled(e.value) for e in every)
    assert best_examples(told) == best_examples(iter(told))
    assert best_examples([p._replace(record="com.example.Unknown") for p in told]) == {}


@pytest.fixture
def elsewhere(tmp_path: Path, told: list[Published]) -> Path:
    root = tmp_path / "examples"
    write_examples(best_examples(told), root)
    return root


def _edit(root: Path, record: str, change: Any) -> None:
    path = next(root.rglob(f"{record}.json"))
    read = json.loads(path.read_text())
    change(read)
    path.write_text(json.dumps(read))


EDITS = {
    "orderNumber": lambda e: e["value"].pop("orderNumber"),
    "state": lambda e: e["value"].update(state="Dreaming"),
    "ce_subject": lambda e: e.update(key="acme:another"),
    "ce_type": lambda e: e["headers"].update(ce_type="com.ordertruth.oms.product-order.other.v1"),
    "ce_aggregateversion": lambda e: e["headers"].update(ce_aggregateversion="0"),
    "ce_time": lambda e: e["headers"].update(ce_time="yesterday"),
    "content-type": lambda e: e["headers"].pop("content-type"),
    "ce_color": lambda e: e["headers"].update(ce_color="blue"),
    "occurredAt": lambda e: e["value"].update(occurredAt="2026-01-05T09:00:00+01:00"),
    "cannot be read": lambda e: e.pop("value"),
}


@pytest.mark.parametrize("named", EDITS)
def test_an_example_that_was_edited_is_found_and_named(elsewhere: Path, named: str) -> None:
    assert example_problems(root=elsewhere) == []
    _edit(elsewhere, "ProductOrderSubmitted", EDITS[named])
    found = example_problems(root=elsewhere)
    assert found
    assert all(p.file == "examples/oms/ProductOrderSubmitted.json" for p in found)
    assert any(named in p.what for p in found), [p.what for p in found]
    assert all("contracts examples" in p.mend for p in found)


def test_an_example_of_no_record_is_found_and_goes(elsewhere: Path) -> None:
    stray = elsewhere / "oms" / "OrderDreamt.json"
    stray.write_text("{}")
    (found,) = example_problems(root=elsewhere)
    assert found.file == "examples/oms/OrderDreamt.json"
    assert write_examples({}, elsewhere) == [stray]
    assert example_problems(root=elsewhere) == []


def test_a_record_nobody_has_published_is_listed_and_keeps_the_example_it_has(elsewhere: Path) -> None:
    kept = (elsewhere / "oms" / "ProductOrderCreated.json").read_text()
    assert write_examples({}, elsewhere) == []
    assert (elsewhere / "oms" / "ProductOrderCreated.json").read_text() == kept
    (elsewhere / "oms" / "ProductOrderCreated.json").unlink()
    assert "ProductOrderCreated" in without_example(root=elsewhere)
    assert example_problems(root=elsewhere) == [], "missing is not wrong"


def test_the_store_in_memory_publishes_what_the_aggregates_decide_and_remembers() -> None:
    store = InMemoryStore()
    first = next(story for story in stories(1, 1))
    outcomes = [store.handle(sent.command, sent.at) for sent in first]
    assert outcomes[0][0].outcome is CommandOutcome.ACCEPTED
    rows = [row for _, rows in outcomes for row in rows]
    versions = [r.headers for r in rows if r.topic == PRODUCT_ORDERS.name]
    assert [dict(h)["ce_aggregateversion"] for h in versions] == [str(n + 1).encode() for n in range(len(versions))]
    again, repeated = store.handle(first[0].command, first[0].at)
    assert again.outcome is CommandOutcome.REPLAYED
    assert repeated == []


def test_generators_give_the_same_records_each_time() -> None:
    commands = [(s.command, s.at) for story in stories(3, 9) for s in story]
    assert list(published_by(commands)) == list(published_by(commands))
