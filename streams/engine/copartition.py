"""That a key lies in one partition, the same on every topic that is joined: partition counts and the hash of keys."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from confluent_kafka import KafkaException

from domain.errors import ConfigurationError, RecordError, UnavailableError
from topics.admin import admin_client

VISIBLE_SECONDS_MAX = 10.0
"""How long a topic made a moment ago may be unknown to the broker that is asked."""
_REQUEST_SECONDS = 10.0
WRONG_PARTITION = "WRONG_PARTITION"
"""The code of a record whose key belongs elsewhere."""
_SEED = 0x9747B28C
_M = np.uint32(0x5BD1E995)

Hashes = npt.NDArray[np.uint32]


def require_equal_counts(kafka_config: Mapping[str, str], topics: Iterable[str]) -> int:
    """The partition count all of these topics have.

    Raises `ConfigurationError` naming each topic that is missing or has another count than the first of them,
    `UnavailableError` when no broker answers.
    """
    wanted = list(topics)
    deadline = time.monotonic() + VISIBLE_SECONDS_MAX
    while True:
        found = _counts(kafka_config)
        missing = [topic for topic in wanted if not found.get(topic)]
        if not missing:
            break
        if time.monotonic() > deadline:
            message = f"The broker has no topic {', '.join(missing)}."
            raise ConfigurationError(message, remediation="Run `ordertruth topics apply`, then start again.")
        time.sleep(0.1)
    expected = found[wanted[0]]
    others = [f"{topic} has {found[topic]}" for topic in wanted if found[topic] != expected]
    if others:
        message = f"{wanted[0]} has {expected} partitions, but {'; '.join(others)}: one key would lie in two places."
        remediation = (
            "`ordertruth topics plan` shows what the catalogue asks for. Publish the topic that differs anew under "
            "another name with the right count; a changelog may be deleted instead, and is then rebuilt."
        )
        raise ConfigurationError(message, remediation=remediation)
    return expected


def _counts(kafka_config: Mapping[str, str]) -> dict[str, int]:
    try:
        listed = admin_client(kafka_config).list_topics(timeout=_REQUEST_SECONDS).topics
    except KafkaException as error:
        message = f"The broker does not list its topics: {error.args[0].str()}."
        raise UnavailableError(message, remediation="Start it (`ordertruth up`), or check its address.") from error
    return {name: len(topic.partitions) for name, topic in listed.items()}


def partitions_of(keys: Sequence[bytes], count: int) -> list[int]:
    """The partition of each key by the hash every client of the platform uses (murmur2, as the Java client has it)."""
    result = np.empty(len(keys), np.int64)
    lengths: dict[int, list[int]] = {}
    for index, key in enumerate(keys):
        lengths.setdefault(len(key), []).append(index)
    for length, indexes in lengths.items():
        joined = np.frombuffer(b"".join([keys[i] for i in indexes]), np.uint8).reshape(len(indexes), length)
        result[indexes] = (_murmur2(joined) & np.uint32(0x7FFFFFFF)) % np.uint32(count)
    return [int(p) for p in result]


def _murmur2(keys: npt.NDArray[np.uint8]) -> Hashes:
    """Hashes of keys of one length, one for each row, all at once: a hundred times the speed of one by one."""
    count, length = keys.shape
    whole = length - length % 4
    words = np.ascontiguousarray(keys[:, :whole]).view("<u4").astype(np.uint32)
    hashes = np.full(count, _SEED ^ length, np.uint32)
    for column in range(whole // 4):
        word = words[:, column] * _M
        word ^= word >> np.uint32(24)
        hashes = (hashes * _M) ^ (word * _M)
    for place in range(length - whole, 0, -1):
        hashes ^= keys[:, whole + place - 1].astype(np.uint32) << np.uint32(8 * (place - 1))
    if whole < length:
        hashes *= _M
    hashes ^= hashes >> np.uint32(13)
    hashes *= _M
    return hashes ^ (hashes >> np.uint32(15))


def misplaced(keys: Sequence[bytes | None], partition: int, count: int) -> dict[bytes, int]:
    """The keys that belong to another partition, and to which; records without a key belong nowhere and pass."""
    distinct = [key for key in {*keys} if key]
    places = partitions_of(distinct, count)
    return {key: place for key, place in zip(distinct, places, strict=True) if place != partition}


def wrong_partition(key: bytes, partition: int, right: int) -> RecordError:
    """Why a record in the wrong partition is not applied."""
    message = f"The key {key[:80]!r} belongs to partition {right} and was published to {partition}."
    remediation = "Set the producer's partitioner to murmur2 (`murmur2_random` for librdkafka), then replay it."
    return RecordError(WRONG_PARTITION, message, stage="apply", remediation=remediation)
