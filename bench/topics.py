"""Topics of one measurement: made for it, and gone after it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from domain.errors import UnavailableError
from topics.admin import admin_client

PARTITIONS = 4
COMPACTED: Mapping[str, str] = {"cleanup.policy": "compact"}
STAMPED: Mapping[str, str] = {"message.timestamp.type": "LogAppendTime"}
"""The broker's own clock says when an event was appended."""
_ANSWER_SECONDS = 30.0


def create_topics(kafka_config: Mapping[str, str], wanted: Mapping[str, Mapping[str, str]]) -> None:
    """Create topics with their settings, on one broker. Raises `UnavailableError`."""
    admin = admin_client(kafka_config)
    created = admin.create_topics([NewTopic(n, PARTITIONS, 1, config=dict(c)) for n, c in wanted.items()])
    for name, future in created.items():
        try:
            future.result(_ANSWER_SECONDS)
        except (KafkaException, TimeoutError) as error:
            message = f"Topic {name} could not be created: {error}."
            raise UnavailableError(message, remediation="Look at the broker's log.") from error
    _await(kafka_config, set(wanted))


def delete_topics(kafka_config: Mapping[str, str], token: str) -> None:
    """Delete every topic whose name holds `token`, those a side has made for itself included."""
    admin = admin_client(kafka_config)
    names = [name for name in admin.list_topics(timeout=_ANSWER_SECONDS).topics if token in name]
    if not names:
        return
    for future in admin.delete_topics(names, operation_timeout=_ANSWER_SECONDS).values():
        try:
            future.result(_ANSWER_SECONDS)
        except (KafkaException, TimeoutError) as error:
            message = f"The topics of a measurement could not be deleted: {error}."
            raise UnavailableError(message, remediation="Delete the topics named `bench…` by hand.") from error
    deadline = time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < deadline and set(names) & admin.list_topics(timeout=_ANSWER_SECONDS).topics.keys():
        time.sleep(0.1)


def _await(kafka_config: Mapping[str, str], names: set[str]) -> None:
    """Return when every partition has a leader: a client that starts before reports an unknown topic."""
    admin = admin_client(kafka_config)
    deadline = time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < deadline:
        known = admin.list_topics(timeout=_ANSWER_SECONDS).topics
        found = [known[name].partitions for name in names if name in known]
        if len(found) == len(names) and all(
            len(partitions) == PARTITIONS and all(p.leader >= 0 for p in partitions.values()) for partitions in found
        ):
            return
        time.sleep(0.1)
    message = f"The topics {', '.join(sorted(names))} have no leader after {_ANSWER_SECONDS:g} s."
    raise UnavailableError(message, remediation="Look at the broker's log.")
