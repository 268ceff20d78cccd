"""How the fields of a schema lie in the bytes: one node for each type, each walking all records of a block at once.

A node is handed where its value begins in each record and answers where it ends, and with the column found. What is
unusual (an index outside its union, a negative length, a date outside the calendar) puts the record in doubt; it is
never decided here that a record is bad.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from avro import columns
from avro.block import NUMBER_BYTES_MAX, Block, Positions, Rows, bits_of, signed
from avro.columns import Column

C = TypeVar("C", bound=Column)
C_co = TypeVar("C_co", bound=Column, covariant=True)


class Walked(Protocol[C_co]):
    """A type whose values make a certain kind of column."""

    def walk(self, block: Block, at: Positions, rows: Rows, /) -> tuple[Positions, C_co]:
        """Where the values that begin `at` end, and the values; `rows` are the records they belong to."""
        ...


Node = Walked[Column]
"""A type, wherever it stands in the schema."""


class Null:
    """Nothing in no bytes."""

    def walk(self, _block: Block, at: Positions, _rows: Rows) -> tuple[Positions, Column]:
        """Stay."""
        return at, columns.Nulls(len(at))


class Long:
    """A whole number; outside of `allowed` its logical type may refuse it, so the reference decides."""

    def __init__(self, allowed: tuple[int, int] | None = None) -> None:
        self._allowed = allowed
        self._safe_bytes = NUMBER_BYTES_MAX
        if allowed is not None:
            # Of k bytes 7k bits count, one of them for the sign.
            self._safe_bytes = min(-allowed[0], allowed[1] + 1).bit_length() // 7

    def walk(self, block: Block, at: Positions, rows: Rows) -> tuple[Positions, Column]:
        """Step over the numbers; they are read when wanted."""
        after, bytes_max = block.skip_number(at, rows)
        if self._allowed is not None and bytes_max > self._safe_bytes:
            numbers = signed(block.numbers(at))
            block.doubt(rows, (numbers < self._allowed[0]) | (numbers > self._allowed[1]))
        return after, columns.Longs(block, at)


class Boolean:
    """One byte, 0 or 1."""

    _WORDS = np.array([False, True], np.object_)

    def walk(self, block: Block, at: Positions, rows: Rows) -> tuple[Positions, Column]:
        """Step over the byte."""
        raw = block.octet(at)
        if bits_of(raw) > 1:
            block.doubt(rows, raw > 1)
        return at + 1, columns.Symbols(self._WORDS, raw)


class Enum:
    """A word of a list, by its number."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self._words = np.array(symbols, np.object_)
        self._top = 2 * (len(symbols) - 1)

    def walk(self, block: Block, at: Positions, rows: Rows) -> tuple[Positions, Column]:
        """Step over the number, which is doubled in the bytes and never odd unless negative."""
        raw, bits, after = block.number(at, rows)
        if bits & 1 or bits > self._top:
            block.doubt(rows, (raw & 1 != 0) | (raw > self._top))
        return after, columns.Symbols(self._words, raw >> 1)


class Text:
    """A length and so many bytes of UTF-8."""

    def walk(self, block: Block, at: Positions, rows: Rows) -> tuple[Positions, Column]:
        """Step over the text."""
        lengths, start = block.length(at, rows)
        stop = start + lengths
        block.note_text(rows, start, stop)
        return stop, columns.Texts(block, start, stop)


class Bytes:
    """A length and so many bytes; more than `safe_bytes` its logical type may refuse, so the reference decides."""

    def __init__(self, safe_bytes: int | None = None) -> None:
        self._safe_bytes = safe_bytes

    def walk(self, block: Block, at: Positions, rows: Rows) -> tuple[Positions, Column]:
        """Step over the bytes."""
        lengths, start = block.length(at, rows)
        stop = start + lengths
        if self._safe_bytes is not None and bits_of(lengths) > self._safe_bytes:
            block.doubt(rows, lengths > self._safe_bytes)
        block.note_binary(start, stop)
        return stop, columns.Octets(block, start, stop)


class Fixed:
    """As many bytes as the schema says."""

    def __init__(self, size: int) -> None:
        self._size = size

    def walk(self, block: Block, at: Positions, _rows: Rows) -> tuple[Positions, Column]:
        """Step over the bytes."""
        stop = at + self._size
        block.note_binary(at, stop)
        return stop, columns.Octets(block, at, stop)


class Float:
    """A floating-point number of 4 or 8 bytes, as numpy calls it: `<f4` or `<f8`."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._size = int(kind[-1])

    def walk(self, block: Block, at: Positions, _rows: Rows) -> tuple[Positions, Column]:
        """Step over the bytes."""
        stop = at + self._size
        block.note_binary(at, stop)
        return stop, columns.Floats(block, at, self._kind)


class Logical:
    """A type whose values fastavro's reader makes something else of."""

    def __init__(self, plain: Node, read: Callable[..., Any], schema: Any) -> None:
        self._plain, self._read, self._schema = plain, read, schema

    def walk(self, block: Block, at: Positions, rows: Rows) -> tuple[Positions, Column]:
        """Step over the plain value."""
        after, found = self._plain.walk(block, at, rows)
        return after, columns.Logicals(found, self._read, self._schema)


class Union:
    """The number of a branch, then its value."""

    def __init__(self, branches: Sequence[Node]) -> None:
        self._branches = branches
        self._top = 2 * (len(branches) - 1)

    def walk(self, block: Block, at: Positions, rows: Rows) -> tuple[Positions, Column]:
        """Walk each branch for the records that chose it."""
        codes = block.octet(at)
        bits = bits_of(codes)
        if bits & 1 or bits > self._top:
            block.doubt(rows, (codes & 1 != 0) | (codes > self._top))
        after = at + 1
        parts: list[columns.Part] = []
        for number, branch in enumerate(self._branches):
            if isinstance(branch, Null) or (bits == 0 and number > 0):
                continue
            places = np.flatnonzero(codes == 2 * number)
            if not places.size:
                continue
            if places.size == len(at):
                after, found = branch.walk(block, after, rows)
            else:
                after[places], found = branch.walk(block, after.take(places), rows.take(places))
            parts.append((places, found))
        return after, columns.Choices(len(at), parts)


class Record:
    """Fields one after the other."""

    def __init__(self, names: Sequence[str], fields: Sequence[Node]) -> None:
        self._names, self._fields = names, fields

    def walk(self, block: Block, at: Positions, rows: Rows) -> tuple[Positions, columns.Records]:
        """Walk the fields."""
        found: list[Column] = []
        here = at
        for field in self._fields:
            here, column = field.walk(block, here, rows)
            found.append(column)
        return here, columns.Records(len(at), self._names, found)


class Array:
    """Runs of items, each after its count, ended by a count of 0."""

    def __init__(self, item: Node) -> None:
        self._item = item

    def walk(self, block: Block, at: Positions, rows: Rows) -> tuple[Positions, Column]:
        """Walk the first item of every record, then the second of those that have one, and so on."""
        after, parts = _rounds(self._item, block, at, rows)
        return after, columns.Arrays(len(at), parts)


class Map:
    """Runs of keys and values."""

    def __init__(self, value: Node) -> None:
        self._entry = Record(("key", "value"), (Text(), value))

    def walk(self, block: Block, at: Positions, rows: Rows) -> tuple[Positions, Column]:
        """Walk the entries as if they were the items of an array."""
        after, parts = _rounds(self._entry, block, at, rows)
        return after, columns.Maps(len(at), parts)


def _rounds(item: Walked[C], block: Block, at: Positions, rows: Rows) -> tuple[Positions, list[tuple[Rows, C]]]:
    left, after = block.length(at, rows)
    places = np.flatnonzero(left)
    left, here = left.take(places), after.take(places)
    parts: list[tuple[Rows, C]] = []
    while places.size:
        if not block.may_go_round():
            block.doubtful[rows.take(places)] = True
            break
        here, found = item.walk(block, here, rows.take(places))
        parts.append((places, found))
        left = left - 1
        done = left == 0
        if done.any():
            # A run has ended; another may follow. The column may hold on to the positions, so they are not changed.
            here = here.copy()
            left[done], here[done] = block.length(here[done], rows.take(places[done]))
        after[places] = here
        going = left > 0
        if not going.all():
            places, left, here = places[going], left[going], here[going]
    return after, parts
