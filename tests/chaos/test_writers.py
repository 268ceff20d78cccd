"""The two releases of the writers: which changes they may make, and what their events hold."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from fastavro import schemaless_reader

from avro.codec import encode_body, writer_schema
from avro.compatibility import Version, full_transitive
from avro.contract import contract
from avro.generate import pretty
from avro.names import full_name
from avro.plain import to_avro
from compose.chaos.writers import FIELD, NewRecord, Writers, incompatible, later
from tests.streams.wire import histories
from topics.catalogue import PRODUCT_ORDERS, contracted_records
from topics.outbox import OutboxMessage

if TYPE_CHECKING:
    pass

RECORDS = [full_name(record) for topic, record in contracted_records() if topic == PRODUCT_ORDERS]


class NoRegistry:
    """Knows the releases' ids as a registry would give them."""

    def id_for(self, topic: str, record_name: str) -> int:
        return 7


@pytest.mark.parametrize("record", RECORDS)
def test_the_later_release_may_be_and_the_other_change_may_not(record: str) -> None:
    agreed = [Version(1, contract(record).schema)]

    assert full_transitive(record, later(contract(record).schema), agreed) == []
    assert full_transitive(record, incompatible(contract(record).schema), agreed) != []


def test_an_event_of_the_later_release_holds_what_the_earlier_said_and_the_note() -> None:
    event = next(iter(next(iter(histories(1, 3)))))
    name = type(event).__name__
    record = next(r for r in RECORDS if r.endswith(f".{name}"))
    body = encode_body(name, to_avro(event))
    message = OutboxMessage(1, PRODUCT_ORDERS.name, "k", "e", record, "s", (), body)
    writers = Writers(NoRegistry())  # type: ignore[arg-type] - asked for an id alone
    assert writers.wrote(message) is message

    writers._later[PRODUCT_ORDERS.name, record] = 8
    sent = writers.wrote(message)

    assert isinstance(sent.record, NewRecord)
    assert (writers.id_for(sent.topic, sent.record), writers.id_for(message.topic, message.record)) == (8, 7)
    read = schemaless_reader(BytesIO(sent.body), writer_schema(pretty(later(contract(record).schema))).parsed, None)
    before = schemaless_reader(BytesIO(body), contract(record).parsed, None)
    assert isinstance(read, dict)
    assert read.pop(FIELD["name"]) == "written by a later release"
    assert read == before
