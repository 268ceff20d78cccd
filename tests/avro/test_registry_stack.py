"""The client against the real registry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from avro.codec import decode, encode_body, frame
from avro.contract import contract
from avro.names import subject
from avro.registry import Registry
from domain.catalogue import RECORDS
from domain.errors import ContractError, RecordError
from topics.catalogue import contracted_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compose.stack.endpoints import Endpoints

pytestmark = pytest.mark.stack
TOPIC = "test.registry.v1"
NAME = "ProductOrderSubmitted"


@pytest.fixture
def registry(stack: Endpoints) -> Iterator[Registry]:
    with Registry(stack.registry_url) as client:
        yield client


@pytest.fixture
def raw(stack: Endpoints) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": stack.registry_url}) as client:
        yield client


def test_every_schema_is_registered_once_and_found_by_another_client(registry: Registry, stack: Endpoints) -> None:
    ids = {r.name: registry.register(t.name, r.name) for t, r in contracted_records()}
    assert len(set(ids.values())) == len(RECORDS)
    assert {r.name: registry.register(t.name, r.name) for t, r in contracted_records()} == ids
    with Registry(stack.registry_url) as other:
        assert {r.name: other.id_for(t.name, r.name) for t, r in contracted_records()} == ids
        for name, schema_id in ids.items():
            assert other.schema_for_id(schema_id).full_name == contract(name).full_name
        assert all(other.incompatibility(t.name, r.name) is None for t, r in contracted_records())
        assert {s for t, _ in contracted_records() for s in t.subjects} <= set(other.subjects())


def test_the_subject_is_full_transitive(registry: Registry, raw: SchemaRegistryClient) -> None:
    registry.register(TOPIC, NAME)
    level = raw.get_config(subject(TOPIC, contract(NAME).full_name)).compatibility_level
    assert level == "FULL_TRANSITIVE"


@pytest.mark.parametrize("schema_id", [0, 2_000_000_000, (1 << 31) - 1, 1 << 31, (1 << 32) - 1])
def test_an_id_nobody_gave(registry: Registry, schema_id: int) -> None:
    with pytest.raises(RecordError) as caught:
        decode(frame(schema_id, b"\x00"), registry.schema_for_id)
    assert caught.value.code == "UNKNOWN_SCHEMA_ID"


def test_a_schema_that_was_never_registered(registry: Registry) -> None:
    with pytest.raises(ContractError, match="schemas register"):
        registry.id_for("test.never.v1", NAME)


def test_the_registry_refuses_an_incompatible_change(registry: Registry, raw: SchemaRegistryClient) -> None:
    topic = "test.incompatible.v1"
    other = json.loads(contract(NAME).text)
    other["fields"].append({"name": "invented", "type": "string"})
    name = subject(topic, contract(NAME).full_name)
    raw.register_schema(name, Schema(json.dumps(other), "AVRO"))
    raw.set_compatibility(name, "FULL_TRANSITIVE")
    assert registry.incompatibility(topic, NAME) is not None
    with pytest.raises(ContractError, match="refuses"):
        registry.register(topic, NAME)


def test_the_registry_accepts_a_new_enum_symbol(registry: Registry, raw: SchemaRegistryClient) -> None:
    topic = "test.symbols.v1"
    older = json.loads(contract(NAME).text)
    state = next(f for f in older["fields"] if f["name"] == "state")
    state["type"]["symbols"].remove("PartiallyCompleted")
    raw.register_schema(subject(topic, contract(NAME).full_name), Schema(json.dumps(older), "AVRO"))
    assert registry.register(topic, NAME) > 0


def test_a_record_goes_all_the_way(registry: Registry) -> None:
    schema_id = registry.register(TOPIC, "OrderCaptureAttempted")
    data = {f["name"]: f.get("default") for f in contract("OrderCaptureAttempted").schema["fields"]}
    from datetime import UTC, datetime

    data |= {k: "x" for k, v in data.items() if v is None and k.endswith(("Id", "Role", "System", "command"))}
    data |= {"outcome": "REFUSED", "occurredAt": datetime(2026, 1, 1, tzinfo=UTC), "quoteVersion": None}
    value = frame(schema_id, encode_body("OrderCaptureAttempted", data))
    assert decode(value, registry.schema_for_id).data == data
