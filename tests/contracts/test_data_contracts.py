"""The data contracts against the standard's JSON Schema, and against the Avro schemas they describe."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from avro.contract import contract
from domain.catalogue import RECORDS
from domain.model import Classification
from topics.catalogue import TOPICS, topic_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Document = dict[str, Any]
ORDERS = "oms.product-orders.v1"


@pytest.fixture(scope="module")
def standard() -> Any:
    """The schema that comes with the standard's own package."""
    text = (files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.validator_for(json.loads(text))


def test_every_contract_is_valid_by_the_schema_of_the_standard(
    standard: Any, data_contracts: dict[str, Document]
) -> None:
    for topic, document in data_contracts.items():
        found = [(topic, list(e.instance_path), e.message[:300]) for e in standard.iter_errors(document)]
        assert found == []


SPOILS: dict[str, Callable[[Document], object]] = {
    "no version": lambda d: d.pop("version"),
    "another version of the standard": lambda d: d.update(apiVersion="v4.0.0"),
    "a server without a host": lambda d: d["servers"][0].pop("host"),
    "an unknown word": lambda d: d["schema"][0]["properties"][0].update(oops=1),
    "an unknown type": lambda d: d["schema"][0]["properties"][0].update(logicalType="text"),
    "a rule without a metric": lambda d: d["schema"][0]["quality"].append({"type": "library", "mustBe": 0}),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_that_schema_refuses_what_is_wrong(standard: Any, data_contracts: dict[str, Document], spoil: str) -> None:
    document = copy.deepcopy(data_contracts[ORDERS])
    SPOILS[spoil](document)
    assert not standard.is_valid(document)


def test_every_topic_with_a_contract_has_one_and_no_other_has(data_contracts: dict[str, Document]) -> None:
    assert set(data_contracts) == {topic_of(r).name for r in RECORDS}
    for name, document in data_contracts.items():
        topic = next(t for t in TOPICS if t.name == name)
        assert {s["physicalType"] for s in document["schema"]} == {"topic"}
        assert {s["physicalName"] for s in document["schema"]} == {name}
        assert document["team"]["name"] == topic.owner
        writers = [r["role"] for r in document["roles"] if "write" in r["access"]]
        assert writers == [topic.owner]
        complete = {s["name"] for s in document["schema"]} == set(topic.records)
        assert complete or document["status"] == "draft"


def _leaves(properties: list[Document], path: str = "") -> Iterator[tuple[str, Document]]:
    for p in properties:
        here = f"{path}{p['name']}"
        yield here, p
        inner = p.get("items", p)
        yield from _leaves(inner.get("properties", ()), f"{here}.")


def _fields(schema: Any, path: str, named: dict[str, Any]) -> Iterator[tuple[str, Document]]:
    """Every field of an Avro schema with its path, by another walk than the export's."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _fields(branch, path, named)
    elif isinstance(schema, str):
        if schema.rpartition(".")[2] in named:
            yield from _fields(named[schema.rpartition(".")[2]], path, named)
    elif schema["type"] == "array":
        yield from _fields(schema["items"], path, named)
    elif schema["type"] == "record":
        named[schema["name"]] = schema
        for field in schema["fields"]:
            yield f"{path}{field['name']}", field
            yield from _fields(field["type"], f"{path}{field['name']}.", named)


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.name)
def test_every_field_of_every_record_is_described(data_contracts: dict[str, Document], record: Any) -> None:
    described = next(s for s in data_contracts[topic_of(record).name]["schema"] if s["name"] == record.name)
    found = dict(_leaves(described["properties"]))
    wanted = dict(_fields(contract(record.name).schema, "", {}))
    assert list(found) == list(wanted)
    classes = {c.value for c in Classification}
    for path, field in wanted.items():
        nullable = isinstance(field["type"], list) and "null" in field["type"]
        assert found[path]["required"] is not nullable, path
        assert found[path]["description"] == field["doc"], path
        assert found[path]["classification"] == field["classification"], path
        assert found[path]["classification"] in classes


def test_money_times_and_enums_keep_their_meaning(data_contracts: dict[str, Document]) -> None:
    created = next(s for s in data_contracts[ORDERS]["schema"] if s["name"] == "ProductOrderCreated")
    found = dict(_leaves(created["properties"]))
    amount = found["items.priceComponents.price.amount"]
    assert (amount["logicalType"], amount["physicalType"]) == ("number", "decimal(20,4)")
    assert found["occurredAt"]["logicalType"] == "timestamp"
    (rule,) = found["state"]["quality"]
    assert rule["metric"] == "invalidValues"
    assert "Draft" in rule["arguments"]["validValues"]
    assert "UNKNOWN" not in rule["arguments"]["validValues"], "nobody writes it"
    assert found["orderId"]["criticalDataElement"] is True, "others join by it"
    assert "criticalDataElement" not in found["orderNumber"]
