"""Data contracts by the Open Data Contract Standard 3.1: one for each topic that has a record with a contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from avro.joins import required_fields
from topics.contracts.acls import Grant, Operation, Resource
from topics.contracts.agreed import Agreed, TopicContract
from topics.contracts.fields import FieldOf, Schema, Types, fields_in, kind_of
from topics.contracts.guarantees import Guarantees, guarantees_of
from topics.contracts.places import Beside, Places

ODCS_VERSION = "v3.1.0"
_LOGICAL = {
    "string": "string",
    "long": "integer",
    "int": "integer",
    "boolean": "boolean",
    "bytes": "string",
    "map": "object",
    "enum": "string",
    "record": "object",
    "array": "array",
}

Document = dict[str, Any]

_SHOWN = (Operation.READ, Operation.WRITE)


def data_contract(contract: TopicContract, grants: Iterable[Grant], places: Places, beside: Beside) -> Document:
    """The data contract of a topic; `grants` are all there are, `beside` is seen from the folder of data contracts."""
    topic = contract.topic
    promised = guarantees_of(topic)
    return {
        "apiVersion": ODCS_VERSION,
        "kind": "DataContract",
        "id": f"urn:ordertruth:topic:{topic.name}",
        "name": topic.name,
        "version": contract.version,
        "status": contract.status,
        "domain": topic.owner,
        "dataProduct": topic.aggregate or topic.name,
        "tags": [topic.kind.value, topic.classification.value],
        "description": {
            "purpose": topic.description,
            "usage": "\n".join(
                [*(f"- {about}: {promise}" for about, promise in promised.rows), f"- replay: {promised.replay}"]
            ),
            "limitations": promised.authority,
            "authoritativeDefinitions": [
                {"url": f"../topics/{topic.name}.md", "type": "businessDefinition", "description": "The topic's page."}
            ],
        },
        "servers": [
            {
                "server": "kafka",
                "type": "kafka",
                "host": places.kafka,
                "format": "avro",
                "description": "Avro in Confluent wire format.",
                "customProperties": [
                    {"property": "schemaRegistryUrl", "value": places.registry},
                    {"property": "schemaCompatibility", "value": "FULL_TRANSITIVE"},
                ],
            }
        ],
        "schema": [_record(contract, agreed, promised, beside) for agreed in contract.agreed],
        "team": {"name": topic.owner, "description": "Owns the topic and is its only producer."},
        "roles": _roles(contract, grants),
        "slaProperties": _service_levels(promised),
        "customProperties": _properties(contract, places),
    }


def _roles(contract: TopicContract, grants: Iterable[Grant]) -> list[Document]:
    access: dict[str, set[Operation]] = {}
    for grant in grants:
        # that a topic exists is known to everybody, which is no role
        if grant.resource is Resource.TOPIC and grant.name == contract.topic.name and grant.operation in _SHOWN:
            access.setdefault(grant.principal, set()).add(grant.operation)
    return [
        {"role": principal, "access": " ".join(may.value.lower() for may in _SHOWN if may in found)}
        for principal, found in sorted(access.items())
    ]


def _service_levels(promised: Guarantees) -> list[Document]:
    return [
        {"property": "retention", "value": promised.retention_term, "description": promised.retention},
        {"property": "delivery", "value": promised.delivery_term, "description": promised.delivery},
        {"property": "ordering", "value": "per key", "description": promised.ordering},
        {"property": "frequency", "value": "continuous", "description": "Records come when something happens."},
        {
            "property": "latency",
            "value": None,
            "description": "None is agreed. The broker's timestamp less `ce_time` shows it for each record.",
        },
    ]


def _properties(contract: TopicContract, places: Places) -> list[Document]:
    topic = contract.topic
    properties: Document = {
        "key": topic.key,
        "partitions": topic.partitions(places.partitions),
        "cleanupPolicy": topic.cleanup.value,
        "maxMessageBytes": topic.max_bytes,
        "consumers": list(topic.consumers),
    }
    if contract.missing:
        properties["recordsWithoutContract"] = list(contract.missing)
    return [{"property": name, "value": value} for name, value in properties.items()]


def _record(contract: TopicContract, agreed: Agreed, promised: Guarantees, beside: Beside) -> Document:
    types = Types(agreed.schema)
    fields = fields_in(agreed.schema)
    present = frozenset(f.name for f in fields)
    joins = set(required_fields(agreed.record.aggregate, agreed.name, present))
    shown = agreed.example.value if agreed.example is not None else {}
    return {
        "name": agreed.name,
        "physicalName": contract.topic.name,
        "physicalType": "topic",
        "logicalType": "object",
        "description": agreed.schema.get("doc", ""),
        "dataGranularityDescription": f"One record for each {agreed.name} of one {contract.topic.key}.",
        "authoritativeDefinitions": [
            {"url": beside.schema(agreed.record.owner, agreed.name), "type": "implementation", "description": "Avro."}
        ],
        "customProperties": [{"property": "subject", "value": contract.subject(agreed)}]
        + ([{"property": "aliases", "value": list(agreed.aliases)}] if agreed.aliases else []),
        "quality": [
            {"type": "text", "name": "ordering", "dimension": "consistency", "description": promised.ordering},
            {"type": "text", "name": "repetitions", "dimension": "uniqueness", "description": promised.duplicates},
        ],
        "properties": [_property(f, types, joins, shown) for f in fields],
    }


def _property(field: FieldOf, types: Types, joins: set[str], shown: Any) -> Document:
    made: Document = {
        "name": field.name,
        **_typed(field.type, types),
        "required": not field.nullable,
        "description": field.meaning,
        "classification": field.classification,
    }
    if field.name in joins:
        made["criticalDataElement"] = True
    example = shown.get(field.name)
    if isinstance(example, (str, int, bool)):
        made["examples"] = [example]
    return made


def _typed(schema: Schema, types: Types) -> Document:
    """Logical and physical type, with what lies within it."""
    found = types.resolved(schema)
    kind = found if isinstance(found, str) else found["type"]
    logical = None if isinstance(found, str) else found.get("logicalType")
    made: Document = {"logicalType": _LOGICAL.get(str(kind), "string"), "physicalType": kind_of(found)}
    if logical == "decimal":
        made["logicalType"] = "number"
    elif logical is not None:
        made["logicalType"] = "timestamp"
        made["logicalTypeOptions"] = {"timezone": True, "defaultTimezone": "Etc/UTC"}
    elif kind == "enum":
        # The last symbol stands for those a reader has never heard of; nobody writes it.
        allowed = [s for s in found["symbols"] if s != found.get("default")]
        made["quality"] = [
            {
                "type": "library",
                "metric": "invalidValues",
                "dimension": "conformity",
                "mustBe": 0,
                "arguments": {"validValues": allowed},
            }
        ]
    elif kind == "record":
        made["properties"] = [_property(f, types, set(), {}) for f in fields_in(found)]
    elif kind == "array":
        made["items"] = _typed(found["items"], types)
    return made
