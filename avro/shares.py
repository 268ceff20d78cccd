"""Records of several schemas walked together for as long as their fields are the same.

Events of one aggregate begin alike, and a step for many records costs little more than a step for few.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any

import numpy as np

from avro.block import Block, Positions
from avro.codec import WriterSchema
from avro.columns import Column
from avro.plan import plan_for

RECORDS_MIN = 20
"""Below this many records of one schema the reference codec is quicker."""
NESTED_RECORDS_MIN = 250
"""The same where arrays hold arrays."""

Columns = dict[str, list[Any]]


class Reader:
    """One writer's schema and the plan to read it by, None when its records are read one by one only.

    `signatures` tell the fields apart: two readers whose first n are equal read the first n fields alike, since
    whatever a type refers to stands in it or before it.
    """

    def __init__(self, schema: WriterSchema) -> None:
        self.schema = schema
        self.simple_name = schema.full_name.rpartition(".")[2]
        fields = schema.parsed["fields"]
        self.names = tuple(field["name"] for field in fields)
        self.signatures = tuple(json.dumps((field["name"], field["type"]), sort_keys=True) for field in fields)
        self.plan = plan_for(schema.parsed)


@dataclass(frozen=True, slots=True)
class Share:
    """The records of one schema in a batch: their values, where they stood, and the fields wanted of them."""

    reader: Reader
    indexes: Sequence[int]
    values: Sequence[bytes]
    wanted: tuple[str, ...]

    def only(self, kept: Sequence[bool]) -> Share:
        """The same without the records not `kept`."""
        pairs = [(i, v) for i, v, keep in zip(self.indexes, self.values, kept, strict=True) if keep]
        return Share(self.reader, [i for i, _ in pairs], [v for _, v in pairs], self.wanted)


def worthwhile(shares: Sequence[Share]) -> list[list[Share]]:
    """The shares it pays to read at once, those to be walked together in one list, in the order to be walked in."""
    flat: list[Share] = []
    nested: list[Share] = []
    for share in shares:
        if share.reader.plan is not None:
            (nested if share.reader.plan.nested else flat).append(share)
    flat.sort(key=lambda share: share.reader.signatures)
    together = [share for i, share in enumerate(flat) if _pays(flat, i)]
    alone = [[share] for share in nested if len(share.values) >= NESTED_RECORDS_MIN]
    return [together, *alone] if together else alone


def _pays(flat: Sequence[Share], i: int) -> bool:
    """Whether a share has records enough for the fields it shares with no neighbour."""
    mine = flat[i].reader.signatures
    near = [flat[j].reader.signatures for j in (i - 1, i + 1) if 0 <= j < len(flat)]
    own = len(mine) - max((_alike(mine, other) for other in near), default=0)
    return len(flat[i].values) * len(mine) >= RECORDS_MIN * own


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


class Walk:
    """What was found in the records of some shares, which lie in one block share by share."""

    def __init__(self, shares: Sequence[Share]) -> None:
        self._shares = shares
        self.block = Block([value for share in shares for value in share.values])
        ends = list(accumulate(len(share.values) for share in shares))
        self._places = [slice(stop - len(share.values), stop) for share, stop in zip(shares, ends, strict=True)]
        self._found: list[dict[str, tuple[Column, int]]] = [{} for _ in shares]
        self._made: dict[int, list[Any]] = {}
        self._step(range(len(shares)), 0, self.block.starts)
        if not self.block.doubtful.any():
            self.block.check_text()

    def kept(self, number: int) -> Sequence[bool]:
        """Which records of a share there is no doubt about."""
        kept: list[bool] = (~self.block.doubtful[self._places[number]]).tolist()
        return kept

    def columns(self, number: int) -> Columns:
        """The wanted columns of a share. Raises whatever a logical type's reader raises."""
        share = self._shares[number]
        plan = share.reader.plan
        assert plan is not None  # or it could not have been walked
        made = {name: self._values(number, name) for name in (*plan.always, *share.wanted)}
        return {name: made[name] for name in share.wanted}

    def _values(self, number: int, name: str) -> list[Any]:
        column, first = self._found[number][name]
        values = self._made.get(id(column))
        if values is None:
            values = self._made[id(column)] = column.values()
        place = self._places[number]
        if place.stop - place.start == len(values):
            return values
        return values[place.start - first : place.stop - first]

    def _step(self, numbers: Sequence[int], depth: int, at: Positions) -> None:
        """Walk the fields from `depth` on of some shares, which are alike up to there."""
        first, last = self._shares[numbers[0]].reader, self._shares[numbers[-1]].reader
        assert first.plan is not None  # or it could not have been chosen
        # Sorted by signature, all are alike where the first and the last are.
        until = _alike(first.signatures, last.signatures)
        start, stop = self._places[numbers[0]].start, self._places[numbers[-1]].stop
        rows = np.arange(start, stop)
        for name, node in first.plan.fields[depth:until]:
            at, column = node.walk(self.block, at, rows)
            for number in numbers:
                self._found[number][name] = column, start
        if len(last.signatures) == until:
            self.block.doubt(rows, at != self.block.ends[rows])
            return
        for _, part in groupby(numbers, lambda number: self._shares[number].reader.signatures[: until + 1]):
            further = list(part)
            here = at[self._places[further[0]].start - start : self._places[further[-1]].stop - start]
            self._step(further, until, here)
