from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from avro.generate import SCHEMA_DIR, schema_for
from avro.lint import lint, lint_schema
from domain.catalogue import RECORDS, RecordType
from domain.tense import is_command, is_past_tense, words
from tests.avro.schemas import decimal, enum, field

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECORD = next(r for r in RECORDS if r.name == "ProductOrderItemStarted")
FILE = "oms/ProductOrderItemStarted.avsc"
GOOD = {"doc": "Something.", "classification": "internal"}

COMMANDS = """
CreateOrder ApproveQuote RetryProvisioning CancelOrder CreateProductOrder SubmitProductOrder CancelProductOrder
AmendProductOrder AddOrderNote AttachOrderDocument UpdateRequestedDate UpdateContactDetails SubmitQuoteForApproval
ConvertQuoteToOrder ReserveResource StartProvisioning
"""


def problems(change: Callable[[dict[str, Any]], object]) -> list[tuple[str, str]]:
    schema = copy.deepcopy(schema_for(RECORD))
    change(schema)
    found = lint_schema(schema, RECORD, FILE)
    assert all(f.file == FILE and f.mend for f in found)
    return [(f.field, f.problem) for f in found]


def add(name: str, kind: Any, **extra: Any) -> Callable[[dict[str, Any]], object]:
    return lambda schema: schema["fields"].append({**field(name, kind, **GOOD), **extra})


def drop(name: str) -> Callable[[dict[str, Any]], object]:
    def change(schema: dict[str, Any]) -> None:
        schema["fields"] = [f for f in schema["fields"] if f["name"] != name]

    return change


def test_the_committed_schemas_are_clean() -> None:
    assert lint() == []
    assert problems(lambda _: None) == []


@pytest.mark.parametrize("name", COMMANDS.split())
def test_commands_are_refused(name: str) -> None:
    assert is_command(name)
    assert problems(lambda s: s.update(name=name))[0] == ("", f"{name} is a command")


@pytest.mark.parametrize("name", ["OrderProvisioning", "OrderState", "ProductOrder", "OrderSpeed", "Ordered"])
def test_names_that_say_nothing_happened_are_refused(name: str) -> None:
    assert problems(lambda s: s.update(name=name))[0] == ("", f"{name} does not say what happened")


def test_every_event_of_the_catalogue_is_a_fact() -> None:
    from topics.catalogue import TOPICS

    events = [e for t in TOPICS for e in t.events]
    assert len(events) > 100
    assert [e for e in events if is_command(e) or not is_past_tense(e)] == []


def test_a_view_need_not_be_a_fact() -> None:
    record = next(r for r in RECORDS if r.name == "OrderState")
    assert lint_schema(schema_for(record), record, "f") == []


def test_names_fall_into_words() -> None:
    assert words("TMFOrderV4Sent") == ["TMF", "Order", "V", "4", "Sent"]


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        (add("weight", "float"), "weight", "float"),
        (add("price", ["null", "double"]), "price", "double"),
        (add("prices", {"type": "array", "items": "double"}), "prices", "double"),
        (add("prices", {"type": "map", "values": {"type": "double"}}), "prices", "double"),
        (add("amount", decimal(9, 2)), "amount", "without a currency"),
        (add("x", "string", doc=""), "x", "no doc"),
        (add("x", "string", classification="secret"), "x", "'secret'"),
        (add("x", "string", classification=None), "x", "None"),
        (add("startedAt", "long"), "startedAt", "time written as long"),
        (add("dueDate", ["null", "string"]), "dueDate", "time written as string"),
        (add("since", {"type": "long", "logicalType": "local-timestamp-micros"}), "since", "local-timestamp-micros"),
        (add("e", enum("A")), "e", "enum a.b.E has no doc"),
        (drop("orderId"), "orderId", "join field"),
        (drop("accountId"), "accountId", "join field"),
        (drop("quoteVersion"), "quoteVersion", "join field"),
        (drop("productInstanceId"), "productInstanceId", "join field"),
        (drop("itemId"), "itemId", "join field"),
        (lambda s: s.update(namespace="com.other"), "", "'com.other'"),
        (lambda s: s.pop("doc"), "", "no doc"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(
    change: Callable[[dict[str, Any]], object], where: str, what: str
) -> None:
    found = problems(change)
    assert [f for f, _ in found] == [where]
    assert what in found[0][1]


@pytest.mark.parametrize(
    "change",
    [
        add("discountPercent", decimal(7, 4)),
        add("at", {"type": "long", "logicalType": "timestamp-millis"}),
        add("nested", {"type": "record", "name": "N", "doc": "D.", "fields": [field("currency", "string", **GOOD)]}),
        add("fromState", ["null", "string"]),
    ],
)
def test_what_is_right_is_left_alone(change: Callable[[dict[str, Any]], object]) -> None:
    assert problems(change) == []


def test_nested_records_are_looked_into() -> None:
    nested = {"type": "record", "name": "OrderItem", "fields": [field("offeringId", "float")]}
    found = problems(add("item", {"type": "array", "items": nested}))
    assert ("item", "OrderItem has no doc") in found
    assert ("item.offeringId", "it has no doc") in found
    assert ("item.offeringId", "it is a float, which cannot hold a price exactly") in found
    assert ("item.quoteLineId", "this join field is missing") in found


@pytest.mark.parametrize(
    ("aggregate", "event", "missing"),
    [
        ("Charge", "InvoiceIssued", "addressVersion"),
        ("Charge", "ChargeActivated", "componentId"),
        ("Quote", "QuotePriced", "discountLimitPercent"),
        ("Quote", "QuotePresented", "proposalDocumentHash"),
        ("Account", "AccountUpdated", "regulated"),
        ("ApprovalCase", "ApprovalDecided", "authorityLimit"),
        ("Asset", "AssetActivated", "configurationFingerprint"),
        ("PaymentAuthorization", "PaymentVoided", "orderId"),
        ("Reservation", "ResourceReserved", "taskId"),
    ],
)
def test_join_fields_of_the_other_owners(aggregate: str, event: str, missing: str) -> None:
    schema = {"type": "record", "name": event, "doc": "D.", "fields": []}
    found = lint_schema(schema, RecordType("x", aggregate, RECORD.model), "f")
    assert missing in {f.field for f in found}


def test_files_that_are_missing_or_broken_are_findings(tmp_path: Path) -> None:
    records = (RECORD,)
    assert lint(records, tmp_path)[0].file == FILE
    (tmp_path / "oms").mkdir()
    (tmp_path / FILE).write_text("{")
    assert "cannot be read" in lint(records, tmp_path)[0].problem
    (tmp_path / FILE).write_text(json.dumps(schema_for(RECORD)))
    assert lint(records, tmp_path) == []
    assert lint(records, SCHEMA_DIR) == []
