"""No text of any event reaches an audience but through a field whose whitelist names where it came from (R195)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any

import pytest

from avro.shape import (
    ArrayShape,
    DecimalShape,
    EnumShape,
    MapShape,
    OptionalShape,
    RecordShape,
    Scalar,
    Shape,
    fields_of,
)
from domain.catalogue import RECORDS
from domain.fold.facts import Facts
from domain.fold.fold import cited, settle
from domain.fold.heard import Heard
from domain.model import Model
from domain.order_status.fold import AGGREGATE_OF, CITED, ORDER_KINDS, OrderStatusFold, place_of
from domain.order_status.whitelist import WHITELIST
from tests.folds.order_story import START, micros

FOLD = OrderStatusFold()
MODELS = {record.name: record.model for record in RECORDS}
TOKEN = re.compile(r"token\d+;")
OF_ITEMS = frozenset({"itemId", "taskId", "falloutId", "parentItemId", "dependsOn", "itemIds"})
JOINED = (frozenset(), OF_ITEMS, OF_ITEMS | {"productInstanceId", "componentId"})
"""Ids that are alike in all events, so that they join; nothing, items, and products, too."""
ROUNDS = 20
TIMES = re.compile("(Date|Completion)$")
OUT_OF_REACH = {
    ("OrderStatusFulfillment", "bundles.memberIds"),
    *(("OrderStatusCompliance", f"breaches.{name}") for name in ("actorId", "firstEvent", "secondEvent")),
}
"""Fields that need two events to say the same text."""


class Tokens:
    """Unique texts, and where each was put."""

    def __init__(self, random: Random, joined: frozenset[str] = frozenset()) -> None:
        self.random = random
        self.joined = joined
        self.origins: dict[str, set[str]] = {}

    def token(self, kind: str, path: str, within: str = "{}") -> str:
        text = within.format(f"token{len(self.origins)};")
        aggregate = AGGREGATE_OF.get(kind, kind)
        self.origins[TOKEN.findall(text)[0]] = {f"{source}.{path}" for source in (kind, aggregate, "any")}
        return text

    def record(self, kind: str, model: type[Model], path: str = "") -> dict[str, Any]:
        return {f.name: self.value(kind, f.shape, f"{path}.{f.name}".lstrip(".")) for f in fields_of(model)}

    def value(self, kind: str, shape: Shape, path: str) -> Any:
        """A value of a shape: every text a token, everything else as its type has it."""
        if isinstance(shape, OptionalShape):
            return None if self.random.random() < 0.1 else self.value(kind, shape.inner, path)
        if isinstance(shape, RecordShape):
            return self.record(kind, shape.model, path)
        if isinstance(shape, ArrayShape):
            return [self.value(kind, shape.items, path) for _ in range(2)]
        if isinstance(shape, MapShape):
            return {self.token(kind, path): self.token(kind, path)}
        if isinstance(shape, EnumShape):
            return self.random.choice(list(shape.kind)).value
        if isinstance(shape, DecimalShape):
            return Decimal(self.random.randrange(1, 900))
        assert isinstance(shape, Scalar)
        if shape.kind is str:
            return self.text(kind, path)
        if shape.kind is bool:
            return self.random.random() < 0.5
        if shape.kind is int:
            return self.random.randrange(1, 9)
        return START + timedelta(hours=self.random.randrange(-900, 900))

    def text(self, kind: str, path: str) -> str:
        name = path.rpartition(".")[2]
        if name in self.joined:
            return f"{name.removesuffix('s')}-{self.random.randrange(2)}".replace("parentItemId", "itemId")
        return self.token(kind, path)


def told(tokens: Tokens) -> tuple[str, list[Heard]]:
    """One event of every kind, in a random order of versions, with a token in every text."""
    random = tokens.random
    order_id = tokens.token("ProductOrderCreated", "ce_subject", "acme:{}")
    kinds = sorted(FOLD.kinds)
    random.shuffle(kinds)
    subjects: dict[str, str] = {}
    versions: dict[str, int] = {}
    events = []
    for kind in kinds:
        aggregate = AGGREGATE_OF.get(kind, kind)
        if kind in ORDER_KINDS:
            subject = order_id
        else:
            subject = subjects.setdefault(aggregate, tokens.token(kind, "ce_subject", "acme:{}"))
        versions[subject] = versions.get(subject, 0) + 1
        body = tokens.record(kind, MODELS[kind])
        headers = ("source", "correlationid", "causationid", "commandid", "actorid", "actorrole", "policyversion")
        named = {h: tokens.token(kind, f"ce_{h}") for h in (*headers, "reasoncode", "corrects", "id")}
        if random.random() < 0.3:
            named["causationid"] = ""
        at = micros(START + timedelta(minutes=random.randrange(9_000)))
        event = Heard(
            kind=kind,
            subject=subject,
            aggregate=aggregate,
            version=versions[subject],
            event_id=named["id"],
            content=random.getrandbits(60),
            time_us=at,
            recorded_us=at,
            data={**body, "orderId": order_id},
            topic=aggregate,
            source=named["source"],
            correlation_id=named["correlationid"],
            causation_id=named["causationid"],
            command_id=named["commandid"],
            actor_id=named["actorid"],
            actor_role=named["actorrole"],
            policy_version=named["policyversion"],
            reason_code=named["reasoncode"],
            corrects=named["corrects"],
        )
        events.append(event)
    return order_id, events


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a row with the path of its field; the keys of a map are texts of the field itself."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            found = TOKEN.findall(name)
            yield from ((path, token) for token in found)
            yield from texts(one, f"{path}.{name}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from texts(one, path)
    elif isinstance(value, str):
        yield from ((path, token) for token in TOKEN.findall(value))


def leaks(record: str, data: Mapping[str, Any], origins: Mapping[str, set[str]]) -> list[tuple[str, str, set[str]]]:
    """Texts of a row that came from where the whitelist does not say."""
    allowed = WHITELIST[record]
    return [
        (record, path, origins[token])
        for path, token in texts(data)
        if path not in allowed or not origins[token] & set(allowed[path].sources)
    ]


def rows_of(order_id: str, events: list[Heard]) -> tuple[Facts, Mapping[str, Mapping[str, Any]]]:
    facts, place = Facts(), place_of(order_id)
    for event in events:
        assert list(FOLD.places(event)) == [place], event.kind
        facts.hear(event, FOLD.says(event, place))
    settled = settle(FOLD, place, facts, Facts(), micros(START + timedelta(days=20)))
    for row in settled.derived.rows:
        names = {source["eventType"] for source in cited(facts, Facts(), row)}
        assert names <= CITED[row.record], row.record
    return facts, {row.record: row.data for row in settled.derived.rows}


def test_no_text_reaches_an_audience_that_its_whitelist_does_not_name() -> None:
    reached: set[tuple[str, str]] = set()
    for joined, seed in product(JOINED, range(ROUNDS)):
        tokens = Tokens(Random(seed), joined)
        _, rows = rows_of(*told(tokens))
        for record, data in rows.items():
            assert leaks(record, data, tokens.origins) == []
            reached |= {(record, path) for path, _ in texts(data)}
    named = {(record, path) for record, fields in WHITELIST.items() for path, a in fields.items() if a.sources}
    assert named - reached == OUT_OF_REACH | {(record, path) for record, path in named if TIMES.search(path)}


def test_a_text_from_elsewhere_is_seen() -> None:
    tokens = Tokens(Random(1))
    order_id, events = told(tokens)
    _, rows = rows_of(order_id, events)
    supplier = tokens.token("FulfillmentPlanCreated", "tasks.performedBy")
    assert leaks("OrderStatusFulfillment", {"tasks": [{"performedBy": supplier}]}, tokens.origins) == []
    for record, path in (("OrderStatusCustomer", "orderNumber"), ("OrderStatusSupport", "openCases")):
        assert leaks(record, {**rows[record], path: f"by {supplier}"}, tokens.origins)
    assert leaks("OrderStatusCustomer", {"supplier": {supplier: "x"}}, tokens.origins)


def leaves(model: type[Model], path: str = "") -> Iterator[str]:
    for field in fields_of(model):
        here = f"{path}.{field.name}".lstrip(".")
        shape = field.shape
        while isinstance(shape, (OptionalShape, ArrayShape)):
            shape = shape.inner if isinstance(shape, OptionalShape) else shape.items
        if isinstance(shape, RecordShape):
            yield from leaves(shape.model, here)
        else:
            yield here


@pytest.mark.parametrize("record", WHITELIST)
def test_the_whitelist_has_every_field_of_the_record_and_no_other(record: str) -> None:
    fields = {path for path in leaves(MODELS[record]) if path != "version" and not path.startswith("derivation.")}
    assert fields == set(WHITELIST[record])


def test_the_customer_is_cited_nothing_but_harmless_events_of_the_order() -> None:
    assert CITED["OrderStatusCustomer"] < ORDER_KINDS
    internal = re.compile("Fallout|Failed$|Decompos|Validat|Pending")
    assert not [kind for kind in CITED["OrderStatusCustomer"] if internal.search(kind)]
    assert not [kind for kind in CITED["OrderStatusSupport"] if "Payment" in kind or "Charge" in kind]
