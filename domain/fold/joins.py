"""What registers gather from several events of an aggregate where the newest alone would not do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.fold.facts import Joined

Item = list[Any]
"""One thing gathered: plain values that compare with those at the same place of its kin."""


class Least(Joined):
    """The smallest items, in order, each once; at most `keep`, so that a register stays small."""

    __slots__ = ("_item", "_keep")

    def __init__(self, keep: int, item: Item) -> None:
        self._keep = keep
        self._item = item

    def joined(self, held: list[Item] | None) -> list[Item]:
        """See `Joined`: of a union the smallest are the smallest of the smallest of its parts."""
        if held is None:
            return [self._item]
        if self._item in held:
            return held
        return sorted([*held, self._item])[: self._keep]


class Histories(Joined):
    """What became of several things by name, each with its newest states: [version, content, time_us, state], in order.

    Of two events that claim one version the smaller content hash is kept, as in every register. A state is plain data.
    """

    __slots__ = ("_keep", "_names", "_what")

    def __init__(self, keep: int, names: Iterable[str], version: int, content: int, time_us: int, state: Any) -> None:
        self._keep = keep
        self._names = tuple(names)
        self._what = [version, content, time_us, state]

    def joined(self, held: dict[str, list[Item]] | None) -> dict[str, list[Item]]:
        """See `Joined`."""
        found = dict(held or {})
        for name in self._names:
            found[name] = self._among(found.get(name, []))
        return found

    def _among(self, states: list[Item]) -> list[Item]:
        version, rank = self._what[0], self._what[1:3]
        if any(s[0] == version and s[1:3] <= rank for s in states):
            return states
        return sorted([*(s for s in states if s[0] != version), self._what], key=_version)[-self._keep :]


def _version(state: Item) -> int:
    return int(state[0])
