"""Two plain records held against each other, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Difference(NamedTuple):
    """One field on which two records disagree; `path` is empty when they differ as a whole."""

    path: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.path or '(record)'}: expected {self.expected!r}, found {self.actual!r}"


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[Difference]:
    """Every field in which two records differ, by its path (`items[2].state`).

    Lists and tuples of equal content are equal; lists of different lengths differ as a whole, and a field that is
    absent is the same as one that is None.
    """
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name in sorted({*expected, *actual}, key=str):
            yield from differences(expected.get(name), actual.get(name), f"{path}.{name}" if path else str(name))
    elif _is_list(expected) and _is_list(actual) and len(expected) == len(actual):
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif expected != actual:
        yield Difference(path, expected, actual)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
