"""Many values in wire format read at once, column by column: the same results as the reference codec, only sooner.

Records are walked field by field, all of them with each step. Whatever the walk finds unusual is read by the reference
codec, `avro.codec.decode_body`, which alone decides that a record is bad and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avro.codec import HEADER, SchemaForId, decode_body, unframe
from avro.shares import Columns, Reader, Share, Walk, worthwhile
from domain.errors import RecordError

WALKS_MAX = 3
"""One finds what is unusual, one text that is not UTF-8 among the rest, and the last finds nothing."""

Failures = list[tuple[int, RecordError]]


@dataclass(frozen=True, slots=True)
class Group:
    """The records of one schema id: full name of the record, where they stood among the values, and their columns.

    `columns[name][i]` belongs to the value at `indexes[i]`. A wanted column the writer did not know is absent.
    """

    record: str
    indexes: list[int]
    columns: Columns


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What was read: the good records by schema id, and the bad ones by index, in order."""

    groups: tuple[Group, ...]
    failures: tuple[tuple[int, RecordError], ...]


class BatchDecoder:
    """Reads batches of values; keeps what it learns about each schema id. One for each worker."""

    def __init__(self, schema_for_id: SchemaForId) -> None:
        self._schema_for_id = schema_for_id
        self._readers: dict[int, Reader] = {}

    def decode(self, values: Sequence[bytes | None], wanted: Mapping[str, tuple[str, ...]]) -> BatchResult:
        """Read values, of each record the fields `wanted` by its simple name, none of a record not named there.

        Every byte of every record is accounted for, wanted or not. Failures carry the codes of `avro.codec.decode`
        (stage `decode`) and TOMBSTONE for a value that is None. What else `schema_for_id` raises passes through.
        """
        failures: Failures = []
        shares = self._shares(values, wanted, failures)
        at_once: dict[int, tuple[Share, Columns]] = {}
        for together in worthwhile(shares):
            for share, columns in _read_at_once(together):
                at_once[id(share.reader)] = share, columns
        groups = []
        for share in shares:
            group = _completed(share, at_once.get(id(share.reader)), failures)
            if group.indexes:
                groups.append(group)
        failures.sort(key=lambda failure: failure[0])
        return BatchResult(tuple(groups), tuple(failures))

    def _shares(
        self, values: Sequence[bytes | None], wanted: Mapping[str, tuple[str, ...]], failures: Failures
    ) -> list[Share]:
        """The values by schema id; what has none goes to the failures."""
        by_header: dict[bytes, tuple[list[int], list[bytes]]] = {}
        for index, value in enumerate(values):
            if value is None:
                failures.append((index, _tombstone()))
                continue
            # Values too short for a body are kept apart by length, longer than any header, for the sake of the message.
            header = value[: HEADER.size] if len(value) > HEADER.size else bytes(HEADER.size + 1 + len(value))
            members = by_header.get(header)
            if members is None:
                members = by_header[header] = ([], [])
            members[0].append(index)
            members[1].append(value)
        shares = []
        for indexes, members_values in by_header.values():
            try:
                reader = self._reader(members_values[0])
            except RecordError as error:
                failures.extend((index, error) for index in indexes)
                continue
            names = tuple(name for name in wanted.get(reader.simple_name, ()) if name in reader.names)
            shares.append(Share(reader, indexes, members_values, names))
        return shares

    def _reader(self, value: bytes) -> Reader:
        schema_id = unframe(value).schema_id
        reader = self._readers.get(schema_id)
        if reader is None:
            reader = self._readers[schema_id] = Reader(self._schema_for_id(schema_id))
        return reader


def _read_at_once(shares: list[Share]) -> list[tuple[Share, Columns]]:
    """What of the shares could be read at once, and the columns of it."""
    try:
        for _ in range(WALKS_MAX):
            walk = Walk(shares)
            if not walk.block.doubtful.any():
                return [(share, walk.columns(number)) for number, share in enumerate(shares)]
            shares = [share.only(walk.kept(number)) for number, share in enumerate(shares)]
            shares = [share for share in shares if share.values]
            if not shares:
                break
    except Exception:  # a shortcut may not lose a record, whatever it stumbles over: the reference reads them all
        return []
    return []


def _completed(share: Share, at_once: tuple[Share, Columns] | None, failures: Failures) -> Group:
    """The records of a share: what was read at once, the rest one by one, without those that fail."""
    name = share.reader.schema.full_name
    if at_once is not None and len(at_once[0].indexes) == len(share.indexes):
        return Group(name, list(share.indexes), at_once[1])
    rows: dict[int, Sequence[Any]] = {}
    if at_once is not None:
        read, columns = at_once
        made = [columns[column] for column in share.wanted]
        rows = {index: [column[i] for column in made] for i, index in enumerate(read.indexes)}
    good = []
    for index, value in zip(share.indexes, share.values, strict=True):
        if index not in rows:
            try:
                data = decode_body(value[HEADER.size :], share.reader.schema)
            except RecordError as error:
                failures.append((index, error))
                continue
            rows[index] = [data[column] for column in share.wanted]
        good.append(index)
    return Group(name, good, {column: [rows[i][k] for i in good] for k, column in enumerate(share.wanted)})


def _tombstone() -> RecordError:
    return RecordError(
        "TOMBSTONE",
        "The value is null, and no record can be read from it.",
        stage="decode",
        remediation="Topics of facts hold none; on a compacted topic it says that the key is gone.",
    )
