"""Who is in the workers' group and works on what, in the group's own words."""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Mapping
from io import BytesIO

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from compose.verify.run import CONSUMER
from topics.catalogue import PRODUCT_ORDERS

REQUEST_SECONDS = 5.0
STATIC_ID_TAIL = 37
"""The broker calls a static member by its instance id, a hyphen, and a UUID."""

Members = dict[str, list[int]]
"""Partitions by instance of a worker, or by member id for whoever is none."""

_SILENT = logging.getLogger(f"{__name__}.librdkafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


def members(kafka_config: Mapping[str, str]) -> Members:
    """Who works on what; empty while the group rebalances and while the broker is away.

    The older of two ways to ask: librdkafka 2.x aborts the process when the newer request is under way to a
    coordinator that goes away, and brokers do go away here.
    """
    client = AdminClient(dict(kafka_config), logger=_SILENT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            groups = client.list_groups(CONSUMER, REQUEST_SECONDS)
    except KafkaException:
        return {}
    found = [group for group in groups if group.state == "Stable"]
    return {_instance(str(m.id)): assigned(m.assignment or b"") for group in found for m in group.members}


def assigned(assignment: bytes) -> list[int]:
    """The partitions of the owner topic in an assignment as the members' protocol writes it."""
    if not assignment:
        return []
    source = BytesIO(assignment)
    _version, topics = struct.unpack(">hi", source.read(6))
    partitions: list[int] = []
    for _ in range(topics):
        (length,) = struct.unpack(">h", source.read(2))
        name = source.read(length).decode()
        (count,) = struct.unpack(">i", source.read(4))
        numbers = struct.unpack(f">{count}i", source.read(4 * count))
        if name == PRODUCT_ORDERS.name:
            partitions += numbers
    return sorted(partitions)


def _instance(member_id: str) -> str:
    prefix = f"{CONSUMER}-"
    return member_id[len(prefix) : -STATIC_ID_TAIL] if member_id.startswith(prefix) else member_id
