"""Two sets of records held against each other, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Mismatch(NamedTuple):
    """One disagreement: in which copy, about which order and field, what was expected and what is there."""

    where: str
    key: str
    field: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: {self.field}: expected {self.expected!r}, found {self.actual!r}"


def compare(
    where: str, expected: Mapping[str, Mapping[str, Any]], actual: Mapping[str, Mapping[str, Any]]
) -> Iterator[Mismatch]:
    """Every disagreement between what was expected and what a copy holds."""
    for key in sorted({*expected, *actual}):
        if key not in actual:
            yield Mismatch(where, key, "(record)", "a record", None)
        elif key not in expected:
            yield Mismatch(where, key, "(record)", None, "a record")
        else:
            yield from _fields(where, key, "", expected[key], actual[key])


def _fields(where: str, key: str, path: str, expected: Any, actual: Any) -> Iterator[Mismatch]:
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name in sorted({*expected, *actual}):
            inner = f"{path}.{name}" if path else name
            yield from _fields(where, key, inner, expected.get(name), actual.get(name))
    elif _is_list(expected) and _is_list(actual) and len(expected) == len(actual):
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from _fields(where, key, f"{path}[{index}]", one, other)
    elif expected != actual and not (_is_list(expected) and list(expected) == list(actual)):
        yield Mismatch(where, key, path, expected, actual)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
