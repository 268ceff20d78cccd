"""Join keys that are fields of the payload."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from avro.aliases import EVENT_ALIASES, canonical_event
from avro.batch import BatchDecoder
from avro.codec import SchemaForId
from domain.errors import RecordError
from streams.engine.batch import RecordBatch


def _itself(value: Any) -> Iterable[str]:
    return () if value is None else (value,)


class JoinField(NamedTuple):
    """The field of a record that holds its join keys; `keys` takes them out when it is more than one id."""

    name: str
    keys: Callable[[Any], Iterable[str]] = _itself


class PayloadKeys:
    """A key function (`streams.engine.rekey`) that reads one field of each kind of record.

    `fields` names for each event the field that joins it, or None for one that joins nothing. An event it does not
    name is a fault, so that a new one cannot be passed over unnoticed.
    """

    def __init__(self, schema_for_id: SchemaForId, fields: Mapping[str, JoinField | None]) -> None:
        wanted = {kind: (field.name,) for kind, field in fields.items() if field is not None}
        aliases = {alias: wanted[kind] for alias, kind in EVENT_ALIASES.items() if kind in wanted}
        self._decoder = BatchDecoder(schema_for_id, {**wanted, **aliases})
        self._fields = fields

    def __call__(self, batch: RecordBatch) -> Sequence[Sequence[str] | None]:
        """The keys of each record; raises the `RecordError` of the first that cannot be read."""
        read = self._decoder.decode(batch.values)
        if read.failures:
            raise read.failures[0][1]
        return [self._of(record, data or {}) for record, data in zip(read.records, read.data, strict=True)]

    def _of(self, record: str, data: Mapping[str, Any]) -> Sequence[str] | None:
        kind = canonical_event(record.rpartition(".")[2]).value
        if kind not in self._fields:
            message = f"Nobody has said what {record} is joined with."
            raise RecordError("WRONG_RECORD", message, stage="apply", remediation="Name it in the join fields.")
        field = self._fields[kind]
        return None if field is None else _keys(field, data.get(field.name), kind)


def _keys(field: JoinField, value: Any, kind: str) -> Sequence[str]:
    try:
        return [str(key) for key in field.keys(value) if key is not None]
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        message = f"The field {field.name} of {kind} holds no join key: {error!r}."
        raise RecordError(
            "NO_JOIN_KEY", message, stage="apply", remediation="Mend the producer, then replay."
        ) from None
