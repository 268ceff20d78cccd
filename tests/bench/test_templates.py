"""A history told under another number is what the aggregate would have made of that order."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest

from avro.codec import decode_body, encode_body, writer_schema
from avro.contract import contract
from avro.essentials import essentials
from avro.headers import from_headers
from avro.plain import to_avro
from bench.templates import DIGITS, Message, happened, histories, renumbered, told
from compose.demo.stories import stories
from domain.product_order.aggregate import POLICY_VERSION
from streams.testing import MemoryContracts
from streams.testing import event as published

SEED = 1
ORDERS = 12
FINGERPRINTS = ("idempotencyKeyHash", "payloadFingerprint")
"""Hashes of the request, and so of the order's number: opaque to everyone, and those of the template."""


@pytest.fixture(scope="module")
def templates() -> list[Any]:
    return histories(ORDERS, SEED)


def _decoded(message_kind: str, body: bytes) -> dict[str, Any]:
    data = decode_body(body, writer_schema(json.dumps(contract(message_kind).schema)))
    return {name: value for name, value in data.items() if name not in FINGERPRINTS}


@pytest.mark.parametrize("wanted", [7, 54_321_987])
def test_it_decodes_to_the_events_of_the_aggregate(templates: list[Any], wanted: int) -> None:
    contracts = MemoryContracts()
    for number, (history, story) in enumerate(zip(templates, stories(ORDERS, SEED), strict=True), start=1):
        real = happened((renumbered(sent.command, SEED, number, wanted), sent.at) for sent in story)
        messages = list(told(history, wanted))
        assert len(messages) == len(real) > 0
        for message, event in zip(messages, real, strict=True):
            name = type(event).__name__
            assert message.kind == name
            assert message.key == event.order_id.encode()
            assert _decoded(name, message.body) == _decoded(name, encode_body(name, to_avro(event)))
            assert sorted(message.headers) == sorted(published(event, contracts, policy_version=POLICY_VERSION).headers)


def test_key_headers_and_body_agree(templates: list[Any]) -> None:
    ids = set()
    for number in range(3 * ORDERS):
        for version, message in enumerate(told(templates[number % ORDERS], number), start=1):
            envelope, short = from_headers(message.headers), essentials(message.headers)
            body = _decoded(message.kind, message.body)
            assert message.key.decode() == envelope.subject == short.subject == body["orderId"]
            assert message.key.endswith(f"{number:0{DIGITS}d}".encode())
            assert envelope.aggregate_version == body["version"] == version
            ids.add(envelope.event_id)
    assert len(ids) == sum(len(templates[n % ORDERS]) for n in range(3 * ORDERS))


def test_nothing_of_the_template_s_own_number_is_left(templates: list[Any]) -> None:
    message: Message
    for message in islice(told(templates[0], 5), 100):
        assert b"90000001" not in b"".join((message.key, message.body, *(value for _, value in message.headers)))
