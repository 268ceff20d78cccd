"""How records and their subjects are named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.catalogue import RecordType

ROOT = "com.ordertruth"


def snake(name: str) -> str:
    """`ProductOrder` becomes `product_order`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def namespace(record: RecordType) -> str:
    """The Avro namespace of a record and of every type nested in it."""
    return f"{ROOT}.{record.owner}.{snake(record.aggregate)}"


def full_name(record: RecordType) -> str:
    """The Avro full name, such as `com.ordertruth.oms.product_order.ProductOrderCreated`."""
    return f"{namespace(record)}.{record.name}"


def simple_name(record_full_name: str) -> str:
    """The last part of a full name, such as `ProductOrderCreated`."""
    return record_full_name.rpartition(".")[2]


def subject(topic: str, record_full_name: str) -> str:
    """The registry subject of a record on a topic (`TopicRecordNameStrategy`)."""
    return f"{topic}-{record_full_name}"
