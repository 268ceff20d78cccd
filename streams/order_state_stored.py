"""An order's facts as the bytes that a store and its changelog hold.

The same facts always give the same bytes, whatever order they were learnt in. Compiled ahead of time (`make compile`).
"""

from __future__ import annotations

from sys import intern
from typing import Final

from librt.strings import BytesWriter, read_i64_le, write_i64_le
from mypy_extensions import i64

from avro.uuids import format_uuid, parse_uuid
from avro.walk import Walk
from avro.writing import write_long, write_optional_long, write_optional_text, write_text
from domain.order_state.facts import (
    Cancellation,
    Citation,
    Declared,
    Definition,
    Fallout,
    ItemDefinition,
    Newest,
    OrderFacts,
    Register,
    Work,
)
from domain.order_state.states import HeaderState, ItemState

FORMAT: Final = 2
"""First byte of every value; facts in another format are rebuilt from the events, never guessed at."""

_PREFIX: Final = "ProductOrder"
_PACKED: Final[i64] = -1
"""In place of a text's length: sixteen bytes follow."""
_HEADER_STATES: Final = list(HeaderState)
_ITEM_STATES: Final = list(ItemState)


def to_bytes(facts: OrderFacts) -> bytes:
    """The facts of one order."""
    out = BytesWriter()
    out.append(FORMAT)
    _write_versions(out, facts)
    # without conflicts a version has one content, so that no register need repeat its hash
    hashed = len(facts.conflicts) > 0
    newest = facts.newest
    if newest is None:
        out.append(0)
    else:
        out.append(1)
        _write_register(out, newest, hashed)
        _write_id(out, newest.event_id)
        write_long(out, newest.time_us)
        write_long(out, newest.recorded_us)
        write_text(out, newest.order_number)
        write_text(out, newest.account_id)
        write_optional_text(out, newest.quote_id)
        write_optional_long(out, newest.quote_version)
        write_text(out, newest.state)
    declared = facts.declared
    if declared is None:
        out.append(0)
    else:
        out.append(1)
        _write_register(out, declared, hashed)
        write_long(out, declared.state.code)
    write_long(out, facts.started)
    _write_definition(out, facts.definition, hashed)
    _write_work(out, facts, hashed)
    _write_cancellations(out, facts, hashed)
    _write_fallouts(out, facts, hashed)
    _write_inputs(out, facts, hashed)
    return out.getvalue()


def from_bytes(stored: bytes) -> OrderFacts:
    """The facts that `to_bytes` wrote; raises `UnusualError` or `LookupError` for bytes that it did not write."""
    walk = Walk(stored, 0)
    if walk.number() != _FORMAT_AS_NUMBER:
        message = "facts in another format"
        raise IndexError(message)
    facts = OrderFacts()
    _read_versions(walk, facts)
    if _flag(walk):
        facts.newest = _read_newest(walk, facts)
    if _flag(walk):
        version = walk.number()
        content = _content(walk, facts, version)
        facts.declared = Declared(version, content, _HEADER_STATES[walk.number()])
    facts.started = walk.number()
    if _flag(walk):
        facts.definition = _read_definition(walk, facts)
    _read_work(walk, facts)
    _read_cancellations(walk, facts)
    _read_fallouts(walk, facts)
    _read_inputs(walk, facts)
    if walk.at != walk.end:
        message = "bytes left over"
        raise IndexError(message)
    return facts


_FORMAT_AS_NUMBER: Final[i64] = 1
"""The first byte, read as zigzag."""


def _write_register(out: BytesWriter, register: Register, hashed: bool) -> None:
    write_long(out, register.version)
    if hashed:
        write_i64_le(out, register.content_hash)


def _hash(walk: Walk) -> int:
    return read_i64_le(walk.data, walk.span(8))


def _content(walk: Walk, facts: OrderFacts, version: int) -> int:
    """The content hash of a register that this version wrote."""
    return _hash(walk) if facts.conflicts else facts.versions[version]


def _flag(walk: Walk) -> bool:
    return walk.data[walk.span(1)] == 1


def _text(walk: Walk) -> str:
    begin = walk.span(walk.number())
    return walk.data[begin : walk.at].decode("utf-8")


def _write_id(out: BytesWriter, event_id: str) -> None:
    """Ids of our own owners are UUIDs and take 16 bytes; whatever else a producer calls its events is text."""
    packed = parse_uuid(event_id)
    if packed is None:
        write_text(out, event_id)
    else:
        write_long(out, _PACKED)
        out.write(packed)


def _id(walk: Walk) -> str:
    length = walk.number()
    if length == _PACKED:
        begin = walk.span(16)
        return format_uuid(walk.data[begin : walk.at])
    begin = walk.span(length)
    return walk.data[begin : walk.at].decode("utf-8")


def _optional_text(walk: Walk) -> str | None:
    return _text(walk) if walk.data[walk.span(1)] == 2 else None


def _optional_long(walk: Walk) -> int | None:
    return walk.number() if walk.data[walk.span(1)] == 2 else None


def _write_versions(out: BytesWriter, facts: OrderFacts) -> None:
    """Without gaps, as almost always, the hashes alone say it all."""
    versions = facts.versions
    count = len(versions)
    write_long(out, count)
    newest = facts.newest
    if newest is not None and newest.version != count:
        out.append(0)
        for version in sorted(versions):
            write_long(out, version)
            write_i64_le(out, versions[version])
    else:
        out.append(1)
        version = 1
        while version <= count:
            write_i64_le(out, versions[version])
            version += 1
    write_long(out, len(facts.conflicts))
    for version in sorted(facts.conflicts):
        write_long(out, version)
        hashes = facts.conflicts[version]
        write_long(out, len(hashes))
        for content in hashes:
            write_i64_le(out, content)


def _read_versions(walk: Walk, facts: OrderFacts) -> None:
    count = walk.number()
    gapless = _flag(walk)
    at: i64 = 1
    while at <= count:
        version = at if gapless else walk.number()
        facts.versions[version] = _hash(walk)
        at += 1
    conflicts = walk.number()
    while conflicts > 0:
        version = walk.number()
        hashes: list[int] = []
        left = walk.number()
        while left > 0:
            hashes.append(_hash(walk))
            left -= 1
        facts.conflicts[version] = hashes
        conflicts -= 1


def _read_newest(walk: Walk, facts: OrderFacts) -> Newest:
    version = walk.number()
    content = _content(walk, facts, version)
    event_id, time_us, recorded_us = _id(walk), walk.number(), walk.number()
    number, account, quote = _text(walk), _text(walk), _optional_text(walk)
    quote_version = _optional_long(walk)
    state = _text(walk)
    return Newest(version, content, event_id, time_us, recorded_us, number, account, quote, quote_version, state)


def _write_definition(out: BytesWriter, definition: Definition | None, hashed: bool) -> None:
    if definition is None:
        out.append(0)
        return
    out.append(1)
    if hashed:
        _write_items(out, definition, hashed)
        return
    if not definition.stored:
        own = BytesWriter()
        _write_items(own, definition, hashed)
        definition.stored = own.getvalue()
    out.write(definition.stored)


def _write_items(out: BytesWriter, definition: Definition, hashed: bool) -> None:
    _write_register(out, definition, hashed)
    write_long(out, len(definition.items))
    for item in definition.items:
        write_text(out, item.item_id)
        write_text(out, item.action)
        write_optional_text(out, item.parent_item_id)
        write_text(out, item.offering_id)
        write_optional_text(out, item.product_instance_id)


def _read_definition(walk: Walk, facts: OrderFacts) -> Definition:
    version = walk.number()
    content = _content(walk, facts, version)
    items: list[ItemDefinition] = []
    left = walk.number()
    while left > 0:
        item_id, action, parent = _text(walk), _text(walk), _optional_text(walk)
        offering, instance = _text(walk), _optional_text(walk)
        items.append(ItemDefinition(item_id, action, parent, offering, instance))
        left -= 1
    return Definition(version, content, items)


def _write_work(out: BytesWriter, facts: OrderFacts, hashed: bool) -> None:
    write_long(out, len(facts.work))
    for item_id in sorted(facts.work):
        work = facts.work[item_id]
        write_text(out, item_id)
        _write_register(out, work, hashed)
        write_long(out, work.state.code)
        write_long(out, work.since_us)
        _write_id(out, work.caused_by)
        write_optional_text(out, work.cause)


def _read_work(walk: Walk, facts: OrderFacts) -> None:
    left = walk.number()
    while left > 0:
        item_id, version = _text(walk), walk.number()
        content = _content(walk, facts, version)
        state, since_us = _ITEM_STATES[walk.number()], walk.number()
        caused_by, cause = _id(walk), _optional_text(walk)
        facts.work[item_id] = Work(version, content, state, since_us, caused_by, cause)
        left -= 1


def _write_cancellations(out: BytesWriter, facts: OrderFacts, hashed: bool) -> None:
    """The order's own, then those of its items."""
    if facts.cancellation is None:
        out.append(0)
    else:
        out.append(1)
        _write_cancellation(out, facts.cancellation, hashed)
    write_long(out, len(facts.item_cancellations))
    for item_id in sorted(facts.item_cancellations):
        write_text(out, item_id)
        _write_cancellation(out, facts.item_cancellations[item_id], hashed)


def _write_cancellation(out: BytesWriter, register: Cancellation, hashed: bool) -> None:
    _write_register(out, register, hashed)
    out.append(1 if register.requested else 0)
    write_long(out, register.since_us)


def _read_cancellations(walk: Walk, facts: OrderFacts) -> None:
    if _flag(walk):
        facts.cancellation = _read_cancellation(walk, facts)
    left = walk.number()
    while left > 0:
        item_id = _text(walk)
        facts.item_cancellations[item_id] = _read_cancellation(walk, facts)
        left -= 1


def _read_cancellation(walk: Walk, facts: OrderFacts) -> Cancellation:
    version = walk.number()
    content = _content(walk, facts, version)
    requested, since_us = _flag(walk), walk.number()
    return Cancellation(version, content, requested, since_us)


def _write_fallouts(out: BytesWriter, facts: OrderFacts, hashed: bool) -> None:
    write_long(out, len(facts.fallouts))
    for fallout_id in sorted(facts.fallouts):
        fallout = facts.fallouts[fallout_id]
        write_text(out, fallout_id)
        _write_register(out, fallout, hashed)
        out.append(1 if fallout.is_open else 0)
        write_optional_text(out, fallout.item_id)
        write_optional_text(out, fallout.repair)
        write_optional_text(out, fallout.failure_code)
        write_long(out, fallout.since_us)


def _read_fallouts(walk: Walk, facts: OrderFacts) -> None:
    left = walk.number()
    while left > 0:
        fallout_id, version = _text(walk), walk.number()
        content = _content(walk, facts, version)
        is_open, item_id = _flag(walk), _optional_text(walk)
        repair, failure_code = _optional_text(walk), _optional_text(walk)
        facts.fallouts[fallout_id] = Fallout(version, content, is_open, item_id, repair, failure_code, walk.number())
        left -= 1


def _topics(facts: OrderFacts) -> list[str]:
    """The topics events were read from, nearly always one."""
    found: list[str] = []
    for cited in facts.inputs.values():
        if cited.topic not in found:
            found.append(cited.topic)
    found.sort()
    return found


def _write_inputs(out: BytesWriter, facts: OrderFacts, hashed: bool) -> None:
    """The topics once, and the kinds without what all of them begin with."""
    topics = _topics(facts)
    write_long(out, len(topics))
    for topic in topics:
        write_text(out, topic)
    write_long(out, len(facts.inputs))
    lasting = not hashed and len(topics) == 1
    for kind, cited in facts.inputs.items():
        if not lasting:
            _write_citation(out, kind, cited, topics.index(cited.topic), hashed)
            continue
        if not cited.stored:
            own = BytesWriter()
            _write_citation(own, kind, cited, 0, hashed)
            cited.stored = own.getvalue()
        out.write(cited.stored)


def _write_citation(out: BytesWriter, kind: str, cited: Citation, topic: int, hashed: bool) -> None:
    write_text(out, kind[len(_PREFIX) :] if kind.startswith(_PREFIX) else f"\0{kind}")
    _write_register(out, cited, hashed)
    _write_id(out, cited.event_id)
    write_long(out, topic)
    write_long(out, cited.partition)
    write_long(out, cited.offset)


def _read_inputs(walk: Walk, facts: OrderFacts) -> None:
    topics: list[str] = []
    left = walk.number()
    while left > 0:
        topics.append(intern(_text(walk)))
        left -= 1
    left = walk.number()
    while left > 0:
        name, version = _text(walk), walk.number()
        content = _content(walk, facts, version)
        kind = name[1:] if name.startswith("\0") else _PREFIX + name
        event_id, topic = _id(walk), topics[walk.number()]
        partition, offset = walk.number(), walk.number()
        facts.inputs[kind] = Citation(version, content, event_id, topic, partition, offset)
        left -= 1
