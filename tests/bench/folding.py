"""Messages of the workload folded without any engine."""

from __future__ import annotations

import json
from collections.abc import Iterable

from avro.codec import decode_body, frame, writer_schema
from avro.contract import contract
from avro.essentials import essentials
from bench.templates import Message
from domain.order_state.facts import OrderFacts
from streams.order_state import as_fact, content_hash


def facts_of(messages: Iterable[Message]) -> OrderFacts:
    """The facts of one order after these messages, read from partition 0 from its beginning."""
    facts = OrderFacts()
    for offset, message in enumerate(messages):
        envelope = essentials(message.headers)
        payload = decode_body(message.body, writer_schema(json.dumps(contract(message.kind).schema)))
        content = content_hash(frame(1, message.body), envelope.event_id)
        facts.apply(as_fact(message.kind, message.key, envelope, payload, content, "in", 0, offset))
    return facts
