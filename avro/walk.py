"""Avro bytes read along a schema, field by field: what is wanted is made a value, the rest is stepped over.

The module is compiled ahead of time (`make compile`), which makes a step cost some nanoseconds; as plain Python it does
the same, slowly. It never decides that a record is bad: whatever is unusual (an index outside its union, a date
outside the calendar, text that is not UTF-8) is an `UnusualError`, and the reference codec has the last word.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final, final

from mypy_extensions import i64

NULL: Final = 0
BOOLEAN: Final = 1
LONG: Final = 2
ENUM: Final = 3
TEXT: Final = 4
BYTES: Final = 5
FIXED: Final = 6
FLOAT: Final = 7
DOUBLE: Final = 8
UNION: Final = 9
RECORD: Final = 10
ARRAY: Final = 11
MAP: Final = 12

_FLOAT: Final = struct.Struct("<f")
_DOUBLE: Final = struct.Struct("<d")

Read = Callable[..., Any]


class UnusualError(Exception):
    """The bytes are not what a sound writer leaves; the reference codec is to decide."""


@final
class Node:
    """One type of a schema.

    `size` is the length of a fixed, `names` are the fields of a record or the words of an enum, `parts` the fields,
    branches or items. Outside of `low` to `high` a logical type may refuse a number, with more than `high` bytes a
    decimal. `read` is fastavro's reader of the logical type, and `unproven` says that only making the value shows
    whether it is good. A field that is not `wanted` is stepped over.
    """

    def __init__(
        self,
        kind: i64,
        *,
        size: i64 = 0,
        names: list[str] | None = None,
        parts: list[Node] | None = None,
    ) -> None:
        self.kind: i64 = kind
        self.size: i64 = size
        self.names: list[str] = names if names is not None else []
        self.parts: list[Node] = parts if parts is not None else []
        self.bounded: bool = False
        self.low: i64 = 0
        self.high: i64 = 0
        self.read: Read | None = None
        self.schema: Any = None
        self.unproven: bool = False
        self.wanted: bool = True


@final
class Walk:
    """A place in a body; raises `UnusualError` wherever it cannot go on as the schema says."""

    def __init__(self, data: bytes, at: i64) -> None:
        self.data = data
        self.at: i64 = at
        self.end: i64 = len(data)

    def number(self) -> i64:
        """A zigzag variable-length integer of at most 63 bits."""
        data, at, end = self.data, self.at, self.end
        value: i64 = 0
        shift: i64 = 0
        while True:
            if at >= end or shift > 56:
                raise UnusualError
            octet: i64 = data[at]
            at += 1
            value |= (octet & 0x7F) << shift
            if octet < 0x80:
                break
            shift += 7
        self.at = at
        return (value >> 1) ^ -(value & 1)

    def span(self, length: i64) -> i64:
        """Step over so many bytes; where they began."""
        begin = self.at
        if length < 0 or length > self.end - begin:
            raise UnusualError
        self.at = begin + length
        return begin

    def skip_text(self) -> None:
        """Step over a text, having looked that it is one."""
        begin = self.span(self.number())
        data, end = self.data, self.at
        at = begin
        while at < end:
            octet: i64 = data[at]
            if octet >= 0x80:
                self._text(begin)
                return
            at += 1

    def _text(self, begin: i64) -> str:
        try:
            return self.data[begin : self.at].decode()
        except UnicodeDecodeError:
            raise UnusualError from None

    def _count(self) -> i64:
        """Items of the next run of an array or map; more than the bytes left could only be items of no bytes."""
        count = self.number()
        if count < 0 or count > self.end - self.at:
            raise UnusualError
        return count

    def _choice(self, node: Node) -> i64:
        choice = self.number()
        if choice < 0 or choice >= (len(node.names) if node.kind == ENUM else len(node.parts)):
            raise UnusualError
        return choice

    def _bounded(self, node: Node) -> i64:
        number = self.number()
        if node.bounded and (number < node.low or number > node.high):
            raise UnusualError
        return number

    def _octets(self, node: Node) -> i64:
        """Where the bytes begin."""
        if node.kind == FIXED:
            return self.span(node.size)
        length = self.number()
        if node.bounded and length > node.high:
            raise UnusualError
        return self.span(length)

    def _boolean(self) -> bool:
        octet: i64 = self.data[self.span(1)]
        if octet > 1:
            raise UnusualError
        return octet == 1

    def skip(self, node: Node) -> None:
        """Step over a value, as sure of it as if it had been made."""
        kind = node.kind
        if node.unproven:
            self.value(node)
        elif kind == LONG:
            self._bounded(node)
        elif kind == TEXT:
            self.skip_text()
        elif kind == ENUM:
            self._choice(node)
        elif kind == UNION:
            self.skip(node.parts[self._choice(node)])
        elif kind == RECORD:
            for part in node.parts:
                self.skip(part)
        elif kind in (ARRAY, MAP):
            self._skip_items(node)
        elif kind in (BYTES, FIXED):
            self._octets(node)
        elif kind == BOOLEAN:
            self._boolean()
        elif kind in (FLOAT, DOUBLE):
            self.span(4 if kind == FLOAT else 8)

    def _skip_items(self, node: Node) -> None:
        item = node.parts[0]
        count = self._count()
        while count:
            while count:
                if node.kind == MAP:
                    self.skip_text()
                self.skip(item)
                count -= 1
            count = self._count()

    def value(self, node: Node) -> Any:
        """The value, as the reference codec makes it."""
        plain = self._plain(node)
        if node.read is None:
            return plain
        try:
            return node.read(plain, node.schema, None)
        except Exception:
            raise UnusualError from None

    def _plain(self, node: Node) -> Any:
        kind = node.kind
        if kind == TEXT:
            return self._text(self.span(self.number()))
        if kind == LONG:
            return self._bounded(node)
        if kind == UNION:
            return self.value(node.parts[self._choice(node)])
        if kind == ENUM:
            return node.names[self._choice(node)]
        if kind == NULL:
            return None
        if kind == RECORD:
            return self.record(node)
        if kind == ARRAY:
            return self._array(node.parts[0])
        if kind == BOOLEAN:
            return self._boolean()
        if kind in (BYTES, FIXED):
            begin = self._octets(node)
            return self.data[begin : self.at]
        if kind == MAP:
            return self._map(node.parts[0])
        begin = self.span(4 if kind == FLOAT else 8)
        return (_FLOAT if kind == FLOAT else _DOUBLE).unpack(self.data[begin : self.at])[0]

    def record(self, node: Node) -> dict[str, Any]:
        """The wanted fields of a record."""
        found: dict[str, Any] = {}
        names = node.names
        at: i64 = 0
        for part in node.parts:
            if part.wanted:
                found[names[at]] = self.value(part)
            else:
                self.skip(part)
            at += 1  # noqa: SIM113 - a counter of machine words
        return found

    def _array(self, item: Node) -> list[Any]:
        found: list[Any] = []
        count = self._count()
        while count:
            while count:
                found.append(self.value(item))
                count -= 1
            count = self._count()
        return found

    def _map(self, item: Node) -> dict[str, Any]:
        found: dict[str, Any] = {}
        count = self._count()
        while count:
            while count:
                key = self._text(self.span(self.number()))
                found[key] = self.value(item)
                count -= 1
            count = self._count()
        return found


def read_record(node: Node, value: bytes, begin: i64) -> dict[str, Any]:
    """The wanted fields of the record whose body is `value` from `begin` to its end, every byte accounted for."""
    walk = Walk(value, begin)
    found = walk.record(node)
    if walk.at != walk.end:
        raise UnusualError
    return found
