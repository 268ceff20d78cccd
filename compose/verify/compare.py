"""Two sets of records held against each other, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from domain.difference import differences


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
            for path, wanted, found in differences(expected[key], actual[key]):
                yield Mismatch(where, key, path, wanted, found)
