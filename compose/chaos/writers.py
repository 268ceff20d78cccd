"""Two releases of the writers at once: the one there is, and one whose events have a field more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError

from avro.contract import contract
from avro.names import full_name, subject
from avro.registry import Registry
from domain.errors import UnavailableError
from topics.catalogue import contracted_records
from topics.outbox import OutboxMessage

FIELD: Mapping[str, Any] = {"name": "chaosNote", "type": ["null", "string"], "default": None}
_NOTE = b"written by a later release"
_NOTE_AS_AVRO = bytes([2, 2 * len(_NOTE)]) + _NOTE
"""The second branch of the union, the length, and the text."""
TIMEOUT_SECONDS = 5.0


class NewRecord(str):
    """The full name of a record whose event the later release has written."""

    __slots__ = ()


class Writers:
    """The schema ids of both releases, for the relay, and the events of the later one."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._later: dict[tuple[str, str], int] = {}

    def id_for(self, topic: str, record_name: str) -> int:
        """The id under which this release of the record is known on a topic."""
        if isinstance(record_name, NewRecord):
            return self._later[topic, str(record_name)]
        return self._registry.id_for(topic, record_name)

    def wrote(self, message: OutboxMessage) -> OutboxMessage:
        """The event as the later release writes it; as it is while that one is not registered."""
        if (message.topic, message.record) not in self._later:
            return message
        return replace(message, record=NewRecord(message.record), body=message.body + _NOTE_AS_AVRO)

    def register(self, topic: str) -> tuple[int, str]:
        """Register the later release on a topic, after a change that may not be made was offered.

        Returns how many records have a later schema now, and why the registry refused the other change; empty when
        it did not. Raises `UnavailableError` when the registry does not answer or refuses the later release.
        """
        records = [(t.name, r) for t, r in contracted_records() if t.name == topic]
        client = SchemaRegistryClient({"url": self._registry.url, "timeout": TIMEOUT_SECONDS})
        try:
            refused = _refusal(client, topic, full_name(records[0][1]))
            for name, record in records:
                known = full_name(record)
                text = json.dumps(later(contract(known).schema))
                self._later[name, known] = client.register_schema(subject(name, known), Schema(text, "AVRO"))
        except SchemaRegistryError as error:
            message = f"The registry does not take the later release: {error}."
            raise UnavailableError(message, remediation="See the registry's log.") from error
        finally:
            client.close()
        return len(records), refused


def later(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with a field more that older readers pass over and older events do not have."""
    return {**schema, "fields": [*schema["fields"], FIELD]}


def incompatible(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with its first text made a number, which no reader can bear."""
    fields = [dict(field) for field in schema["fields"]]
    next(field for field in fields if field["type"] == "string")["type"] = "int"
    return {**schema, "fields": fields}


def _refusal(client: SchemaRegistryClient, topic: str, record: str) -> str:
    schema = Schema(json.dumps(incompatible(contract(record).schema)), "AVRO")
    try:
        client.register_schema(subject(topic, record), schema)
    except SchemaRegistryError as error:
        if error.http_status_code != 409:
            raise
        return f"{error.http_status_code} {error.error_message}"[:200]
    return ""
