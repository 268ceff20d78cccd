"""Follow one topic correctly and keep the newest record of each key in an SQLite file.

A program to start from; it needs confluent-kafka and fastavro, and nothing of the platform:

    KAFKA_BOOTSTRAP_SERVERS=host:port SCHEMA_REGISTRY_URL=http://host:port/apis/ccompat/v7 \
        python follow_topic.py TOPIC followed.db [--until-caught-up]

What it does, and why, is in docs/consuming.md. Replace `Followed.store` by what your team wants to know.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import struct
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from fastavro import parse_schema, schemaless_reader

ALIASES = Path(__file__).parents[1] / "contracts" / "aliases.json"
WIRE_HEADER = struct.Struct(">bI")  # magic byte 0, schema id
BATCH = 500
NOT_FOUND = 404

TABLES = """
CREATE TABLE IF NOT EXISTS followed (key TEXT PRIMARY KEY, version INTEGER, record TEXT, value TEXT);
CREATE TABLE IF NOT EXISTS early (key TEXT, version INTEGER, record TEXT, value TEXT, PRIMARY KEY (key, version));
CREATE TABLE IF NOT EXISTS positions (topic TEXT, part INTEGER, next INTEGER, PRIMARY KEY (topic, part));
CREATE TABLE IF NOT EXISTS unreadable (topic TEXT, part INTEGER, at INTEGER, why TEXT, PRIMARY KEY (topic, part, at));
CREATE TABLE IF NOT EXISTS counts (what TEXT PRIMARY KEY, number INTEGER);
"""


class UnreadableError(Exception):
    """A record that cannot be read, however often it is tried."""


class Registry:
    """Schemas by id. An id never changes its meaning, so each is asked for once."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._schemas: dict[int, Any] = {}

    def schema(self, number: int) -> Any:
        """The parsed schema of an id; an id nobody gave is the record's fault, an outage is not and goes through."""
        if number not in self._schemas:
            try:
                with urllib.request.urlopen(f"{self._url}/schemas/ids/{number}", timeout=10) as answer:
                    self._schemas[number] = parse_schema(json.loads(json.load(answer)["schema"]))
            except urllib.error.HTTPError as error:
                if error.code != NOT_FOUND:
                    raise
                raise UnreadableError(f"nobody registered schema {number}") from None
        return self._schemas[number]


class Reader:
    """Values into records, under the names the contracts use."""

    def __init__(self, registry: Registry, aliases: Mapping[str, Mapping[str, str]]) -> None:
        self._registry = registry
        self._events = aliases["events"]
        self._actions = aliases["actions"]

    def read(self, value: bytes) -> tuple[str, dict[str, Any]]:
        """Name and fields of a record. Raises UnreadableError for bytes that are none."""
        if len(value) <= WIRE_HEADER.size or value[0] != 0:
            raise UnreadableError("it is not in Confluent wire format")
        schema = self._registry.schema(WIRE_HEADER.unpack_from(value)[1])
        body = BytesIO(value[WIRE_HEADER.size :])
        try:
            data = schemaless_reader(body, schema, None)
        except Exception as error:  # damaged bytes show as whatever the damage happens to hit
            raise UnreadableError(f"it does not decode: {error!r}") from error
        if body.read(1) or not isinstance(data, dict):
            raise UnreadableError("it is more or less than one record")
        name = schema["name"].rpartition(".")[2]
        return self._events.get(name, name), self._with_known_actions(data)

    def _with_known_actions(self, data: dict[str, Any]) -> dict[str, Any]:
        for part in (data, *(item for item in data.get("items") or () if isinstance(item, dict))):
            if part.get("action") in self._actions:
                part["action"] = self._actions[part["action"]]
        return data


class Followed:
    """What was read so far. Effects and positions change in one transaction, so a restart repeats and skips nothing."""

    def __init__(self, path: str) -> None:
        self.database = sqlite3.connect(path)
        self.database.executescript(TABLES)

    def positions(self, topic: str) -> dict[int, int]:
        """The next offset to read of each partition that was begun."""
        return dict(self.database.execute("SELECT part, next FROM positions WHERE topic = ?", (topic,)).fetchall())

    def apply(self, messages: Iterable[Message], reader: Reader) -> None:
        """Apply records and move the positions behind them, all or nothing."""
        with self.database:
            for message in messages:
                place = (message.topic(), message.partition() or 0, message.offset() or 0)
                try:
                    self._apply(message, reader)
                except UnreadableError as error:
                    self._count("unreadable")
                    self.database.execute("INSERT OR IGNORE INTO unreadable VALUES (?, ?, ?, ?)", (*place, str(error)))
                self.database.execute(
                    "INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", (place[0], place[1], place[2] + 1)
                )

    def _apply(self, message: Message, reader: Reader) -> None:
        key_bytes, value_bytes = message.key(), message.value()
        if key_bytes is None:
            raise UnreadableError("it has no key")
        key = key_bytes.decode(errors="replace")
        if value_bytes is None:  # a tombstone
            self._count("tombstone")
            for table in ("followed", "early"):
                self.database.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
            return
        record, value = reader.read(value_bytes)
        version = dict(message.headers() or ()).get("ce_aggregateversion")
        if version is None:  # a derived record: the whole state of its key, so the later one replaces the earlier
            self.store(key, None, record, json.dumps(value, default=str))
        else:  # a fact: each version of an aggregate counts once, in order
            self._in_order(key, int(version), record, json.dumps(value, default=str))

    def _in_order(self, key: str, version: int, record: str, value: str) -> None:
        row = self.database.execute("SELECT version FROM followed WHERE key = ?", (key,)).fetchone()
        newest = row[0] if row else 0
        if version <= newest:
            self._count("repeated")
            return
        self.database.execute("INSERT OR IGNORE INTO early VALUES (?, ?, ?, ?)", (key, version, record, value))
        while found := self.database.execute(
            "SELECT version, record, value FROM early WHERE key = ? AND version = ?", (key, newest + 1)
        ).fetchone():
            self.store(key, *found)
            newest += 1
            self.database.execute("DELETE FROM early WHERE key = ? AND version = ?", (key, newest))

    def store(self, key: str, version: int | None, record: str, value: str) -> None:
        """The effect: called once for each version of an aggregate, in order. This one keeps the newest record."""
        self._count("applied")
        self.database.execute("INSERT OR REPLACE INTO followed VALUES (?, ?, ?, ?)", (key, version, record, value))

    def _count(self, what: str) -> None:
        self.database.execute(
            "INSERT INTO counts VALUES (?, 1) ON CONFLICT (what) DO UPDATE SET number = number + 1", (what,)
        )


def kafka_settings(group: str) -> dict[str, Any]:
    """Settings of the consumer, by the names everyone knows."""
    settings = {
        "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        "group.id": group,
        "isolation.level": "read_committed",  # never see what a transaction took back
        "enable.auto.commit": False,  # the positions that count are in the database
        "auto.offset.reset": "error",  # a position that is gone is a loss, not a reason to begin anywhere
        "enable.partition.eof": True,
    }
    for name in ("security.protocol", "sasl.mechanism", "sasl.username", "sasl.password"):
        value = os.environ.get("KAFKA_" + name.replace(".", "_").upper())
        if value:
            settings[name] = value
    return settings


def follow(consumer: Consumer, topic: str, followed: Followed, reader: Reader, *, until_caught_up: bool) -> None:
    """Read from where the database says, in this order:

    1. a batch of records is applied together with its positions, in one transaction of the database;
    2. the positions are committed to Kafka as well, only so that the lag can be seen from outside.
    """
    known = followed.positions(topic)
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, p, known.get(p, OFFSET_BEGINNING)) for p in partitions])
    at_end: set[int] = set()
    while not (until_caught_up and len(at_end) == len(partitions)):
        messages = []
        for message in consumer.consume(BATCH, timeout=1.0):
            error = message.error()
            if error is None:
                messages.append(message)
                at_end.discard(message.partition() or 0)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's name for it
                at_end.add(message.partition() or 0)
            elif not error.retriable():
                raise KafkaException(error)
        if messages:
            followed.apply(messages, reader)
            reached = [TopicPartition(topic, p, offset) for p, offset in followed.positions(topic).items()]
            consumer.commit(offsets=reached, asynchronous=True)


def main() -> None:
    """Follow the topic until Ctrl-C or SIGTERM, or to its end."""
    parser = argparse.ArgumentParser(description="Follow a topic into an SQLite file.")
    parser.add_argument("topic")
    parser.add_argument("database")
    parser.add_argument("--group", default="follow-topic", help="name under which the lag is seen")
    parser.add_argument("--until-caught-up", action="store_true", help="end when everything there is has been read")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    followed = Followed(chosen.database)
    reader = Reader(Registry(os.environ["SCHEMA_REGISTRY_URL"]), json.loads(ALIASES.read_text()))
    consumer = Consumer(kafka_settings(chosen.group))
    try:
        follow(consumer, chosen.topic, followed, reader, until_caught_up=chosen.until_caught_up)
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()
    for what, number in followed.database.execute("SELECT what, number FROM counts ORDER BY what"):
        print(f"{what}: {number}")


if __name__ == "__main__":
    main()
