"""What a simulated enterprise says, as folds hear it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from itertools import count
from typing import NamedTuple

from avro.codec import WriterSchema, decode_body, writer_schema
from avro.contract import contract
from avro.headers import parse_time
from avro.moments import microseconds
from compose.simulate import direct
from compose.simulate.direct import Message
from compose.simulate.enterprise import Enterprise
from compose.simulate.faults.truth import Faults, Truth
from compose.simulate.faults.wire import Wire
from domain.fold.heard import Heard


class Told(NamedTuple):
    """A run of the enterprise: the events as they arrive, and what went wrong."""

    events: tuple[Heard, ...]
    truths: tuple[Truth, ...]

    @property
    def end_us(self) -> int:
        """When the last event was published."""
        return max(event.recorded_us for event in self.events)


@cache
def told(orders: int, seed: int, profile: str = "none") -> Told:
    """The same for the same arguments."""
    faults = Faults(seed, profile)
    messages = Wire(faults).all(direct.messages(Enterprise(orders, seed, faults).run()))
    return Told(tuple(heard(messages)), faults.truths())


def heard(messages: Iterable[Message]) -> Iterable[Heard]:
    """Messages as if each topic had one partition."""
    offsets: dict[str, count[int]] = {}
    for message in messages:
        yield _heard(message, next(offsets.setdefault(message.topic, count())))


def _heard(message: Message, offset: int) -> Heard:
    headers = {name: value.decode() for name, value in message.headers}
    digest = hashlib.blake2b(message.body + message.event_id.encode(), digest_size=8).digest()
    return Heard(
        kind=message.name,
        subject=headers["ce_subject"],
        aggregate=headers["ce_aggregatetype"],
        version=int(headers["ce_aggregateversion"]),
        event_id=headers["ce_id"],
        content=int.from_bytes(digest, "big") >> 2,
        time_us=microseconds(parse_time(headers["ce_time"])),
        recorded_us=microseconds(parse_time(headers["ce_recordedtime"])),
        data=decode_body(message.body, _schema(message.name)),
        topic=message.topic,
        offset=offset,
        event_type=headers.get("ce_type", ""),
        source=headers.get("ce_source", ""),
        correlation_id=headers.get("ce_correlationid", ""),
        causation_id=headers.get("ce_causationid", ""),
        command_id=headers.get("ce_commandid", ""),
        actor_id=headers.get("ce_actorid", ""),
        actor_role=headers.get("ce_actorrole", ""),
        policy_version=headers.get("ce_policyversion", ""),
        reason_code=headers.get("ce_reasoncode", ""),
        corrects=headers.get("ce_corrects", ""),
    )


@cache
def _schema(name: str) -> WriterSchema:
    return writer_schema(contract(name).text)
