"""Values found in a block of records, made into Python objects only when they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avro.block import Block, Positions, Rows, signed

Part = tuple[Rows, "Column"]
"""Values that belong to some of the places of a column, and which places those are."""


class Column(Protocol):
    """The values of one field in many records, in the order of the records."""

    def values(self) -> list[Any]:
        """The values as fastavro gives them; raises what a logical type's reader raises."""
        ...


class Nulls:
    """Nothing, as often as needed."""

    def __init__(self, count: int) -> None:
        self._count = count

    def values(self) -> list[Any]:
        """One None for each place."""
        return [None] * self._count


class Longs:
    """Whole numbers, by where they stand."""

    def __init__(self, block: Block, at: Positions) -> None:
        self._block, self._at = block, at

    def values(self) -> list[Any]:
        """The numbers."""
        numbers: list[Any] = signed(self._block.numbers(self._at)).tolist()
        return numbers


class Symbols:
    """Words of an enum, or the two booleans, by number."""

    def __init__(self, words: NDArray[np.object_], raw: NDArray[np.integer[Any]]) -> None:
        self._words, self._raw = words, raw

    def values(self) -> list[Any]:
        """The words."""
        words: list[Any] = self._words.take(self._raw).tolist()
        return words


class Texts:
    """Strings, by where they begin and end."""

    def __init__(self, block: Block, start: Positions, stop: Positions) -> None:
        self._block, self._start, self._stop = block, start, stop

    def values(self) -> list[Any]:
        """The strings."""
        spans = zip(self._start.tolist(), self._stop.tolist(), strict=True)
        text = self._block.text
        if text is not None:
            return [text[a:b] for a, b in spans]
        data = self._block.data
        return [data[a:b].decode() for a, b in spans]


class Octets:
    """Byte strings, by where they begin and end."""

    def __init__(self, block: Block, start: Positions, stop: Positions) -> None:
        self._block, self._start, self._stop = block, start, stop

    def values(self) -> list[Any]:
        """The byte strings."""
        data = self._block.data
        return [data[a:b] for a, b in zip(self._start.tolist(), self._stop.tolist(), strict=True)]


class Floats:
    """Floating-point numbers of one size, by where they stand."""

    def __init__(self, block: Block, at: Positions, kind: str) -> None:
        self._block, self._at, self._kind = block, at, kind

    def values(self) -> list[Any]:
        """The numbers."""
        window = self._block.window(self._at)
        numbers: list[Any] = window.astype(f"<u{self._kind[-1]}").view(self._kind).tolist()
        return numbers


class Logicals:
    """Values of a logical type, made from plainer ones by fastavro's own reader."""

    def __init__(self, plain: Column, read: Callable[..., Any], schema: Any) -> None:
        self._plain, self._read, self._schema = plain, read, schema

    def values(self) -> list[Any]:
        """What the reader makes of each."""
        read, schema = self._read, self._schema
        return [read(value, schema, None) for value in self._plain.values()]


class Choices:
    """Values of a union: some places from this branch, some from that, the rest null."""

    def __init__(self, count: int, parts: Sequence[Part]) -> None:
        self._count, self._parts = count, parts

    def values(self) -> list[Any]:
        """The values, branch by branch put in their places."""
        if len(self._parts) == 1 and len(self._parts[0][0]) == self._count:
            return self._parts[0][1].values()
        found: list[Any] = [None] * self._count
        for places, column in self._parts:
            for place, value in zip(places.tolist(), column.values(), strict=True):
                found[place] = value
        return found


class Records:
    """Nested records, by their fields."""

    def __init__(self, count: int, names: Sequence[str], columns: Sequence[Column]) -> None:
        self._count, self._names, self._columns = count, names, columns

    def values(self) -> list[Any]:
        """A dict for each."""
        names = self._names
        if not names:
            return [{} for _ in range(self._count)]
        return [dict(zip(names, row, strict=True)) for row in self.rows()]

    def rows(self) -> zip[tuple[Any, ...]]:
        """The fields of each as a tuple."""
        return zip(*(column.values() for column in self._columns), strict=True)


class Arrays:
    """Arrays: the first items of all, the second items of all that have one, and so on."""

    def __init__(self, count: int, parts: Sequence[Part]) -> None:
        self._count, self._parts = count, parts

    def values(self) -> list[Any]:
        """A list for each."""
        found: list[list[Any]] = [[] for _ in range(self._count)]
        for places, column in self._parts:
            for place, value in zip(places.tolist(), column.values(), strict=True):
                found[place].append(value)
        return found


class Maps:
    """Maps, read like arrays of keys and values."""

    def __init__(self, count: int, parts: Sequence[tuple[Rows, Records]]) -> None:
        self._count, self._parts = count, parts

    def values(self) -> list[Any]:
        """A dict for each."""
        found: list[dict[str, Any]] = [{} for _ in range(self._count)]
        for places, column in self._parts:
            for place, (key, value) in zip(places.tolist(), column.rows(), strict=True):
                found[place][key] = value
        return found
