"""The AsyncAPI 3.0 document: every topic others may build on, who sends, who receives, and what lies on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.envelope import event_type
from topics.contracts.agreed import Agreed, TopicContract
from topics.contracts.envelope import DERIVED_HEADERS, FACT_HEADERS, headers_schema
from topics.contracts.guarantees import guarantees_of
from topics.contracts.kinds import is_derived
from topics.contracts.places import Beside, Places
from topics.topic import Kind, Topic

ASYNCAPI_VERSION = "3.0.0"
KAFKA_BINDING = "0.5.0"
AVRO_FORMAT = "application/vnd.apache.avro;version=1.9.0"
LOOKUP_STRATEGY = "TopicRecordNameStrategy"
_SERVER = "kafka"
_FACT, _DERIVED = "FactHeaders", "DerivedHeaders"

Document = dict[str, Any]


def asyncapi(contracts: Iterable[TopicContract], places: Places, beside: Beside) -> Document:
    """The document; topics are channels, named with underscores for dots, and records messages.

    Topics whose records have no contract yet are channels without messages. Internal topics, changelogs and dead
    letters are nobody else's and are left out.
    """
    offered = [c for c in contracts if c.is_interface]
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": _info(offered),
        "defaultContentType": "application/avro",
        "servers": {_SERVER: _server(places)},
        "channels": {channel_id(c.topic.name): _channel(c, places) for c in offered},
        "operations": {name: operation for c in offered for name, operation in _operations(c).items()},
        "components": {
            "messages": {a.name: _message(a, c.topic, beside) for c in offered for a in c.agreed},
            "schemas": {_FACT: headers_schema(FACT_HEADERS), _DERIVED: headers_schema(DERIVED_HEADERS)},
            "correlationIds": {
                "transaction": {
                    "description": "The business transaction an event belongs to.",
                    "location": "$message.header#/ce_correlationid",
                }
            },
        },
    }


def channel_id(topic: str) -> str:
    """The name of a topic's channel: AsyncAPI allows letters, digits, hyphens and underscores."""
    return topic.replace(".", "_")


def _info(offered: list[TopicContract]) -> Document:
    releases = sum(a.releases for c in offered for a in c.agreed)
    return {
        "title": "Ordertruth",
        "version": f"1.{releases}.0",
        "description": (
            "Facts published by the systems that own them, and what the platform derives from them. Values are Avro in "
            "Confluent wire format (magic byte 0, schema id in 4 bytes, body); headers are CloudEvents 1.0 in binary "
            f"mode; keys are aggregate ids in UTF-8, each beginning with its tenant and a colon. Subjects follow "
            f"{LOOKUP_STRATEGY} and are FULL_TRANSITIVE compatible."
        ),
        "tags": [{"name": owner} for owner in sorted({c.topic.owner for c in offered})],
    }


def _server(places: Places) -> Document:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "The broker of an installation; SASL and TLS where it asks for them.",
        "variables": {"bootstrap": {"default": places.kafka, "description": "Bootstrap servers of the broker."}},
        "bindings": {
            "kafka": {
                "schemaRegistryUrl": places.registry,
                "schemaRegistryVendor": "confluent",
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _channel(contract: TopicContract, places: Places) -> Document:
    topic = contract.topic
    channel: Document = {
        "address": topic.name,
        "title": topic.aggregate or topic.name,
        "summary": topic.description,
        "description": "\n".join(f"- {about}: {promise}" for about, promise in guarantees_of(topic).rows),
        "servers": [{"$ref": f"#/servers/{_SERVER}"}],
        "messages": {a.name: {"$ref": f"#/components/messages/{a.name}"} for a in contract.agreed},
        "tags": [{"name": topic.owner}, {"name": topic.kind.value}, {"name": topic.classification.value}],
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions(places.partitions),
                "topicConfiguration": _configuration(topic),
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }
    if contract.missing:
        channel["x-records-without-contract"] = list(contract.missing)
    return channel


def _configuration(topic: Topic) -> Document:
    """The broker's settings in the types the binding has for them."""
    config: Document = {k: int(v) if v.lstrip("-").isdecimal() else v for k, v in topic.config().items()}
    config["cleanup.policy"] = [topic.cleanup.value]
    return config


def _operations(contract: TopicContract) -> Document:
    """One operation for the owner, who alone may send, and one for each application that receives.

    None lists messages, which stands for all of the channel's.
    """
    topic = contract.topic
    name = channel_id(topic.name)
    channel = {"$ref": f"#/channels/{name}"}
    operations: Document = {
        f"{topic.owner}_sends_{name}": {
            "action": "send",
            "channel": channel,
            "title": f"{topic.owner} publishes",
            "summary": f"Only {topic.owner} may write to this topic.",
            "bindings": {
                "kafka": {"clientId": {"type": "string", "const": topic.owner}, "bindingVersion": KAFKA_BINDING}
            },
        }
    }
    for consumer in topic.consumers:
        operations[f"{consumer}_receives_{name}"] = {
            "action": "receive",
            "channel": channel,
            "title": f"{consumer} reads",
            "bindings": {"kafka": {"groupId": {"type": "string", "const": consumer}, "bindingVersion": KAFKA_BINDING}},
        }
    return operations


def _message(agreed: Agreed, topic: Topic, beside: Beside) -> Document:
    record = agreed.record
    derived = is_derived(record)
    message: Document = {
        "name": agreed.name,
        "title": agreed.name,
        "summary": agreed.schema.get("doc", ""),
        "contentType": "application/avro",
        "headers": {"allOf": [{"$ref": f"#/components/schemas/{_DERIVED if derived else _FACT}"}]},
        "payload": {
            "schemaFormat": AVRO_FORMAT,
            "schema": {"$ref": beside.schema(record.owner, agreed.name)},
        },
        "tags": [{"name": record.owner}],
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"{topic.key}; UTF-8."},
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "4",
                "schemaLookupStrategy": LOOKUP_STRATEGY,
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }
    if topic.kind is Kind.OWNER:
        kind = event_type(record.owner, record.aggregate, agreed.name)
        message["headers"]["allOf"].append({"type": "object", "properties": {"ce_type": {"const": kind}}})
        message["correlationId"] = {"$ref": "#/components/correlationIds/transaction"}
    if agreed.aliases:
        message["x-aliases"] = list(agreed.aliases)
    if agreed.example is not None:
        message["x-example"] = beside.example(record.owner, agreed.name)
    return message
