"""What a published schema may not look like (R53-R55, R94, and the contract's join fields)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avro.generate import SCHEMA_DIR, schema_path
from avro.joins import BY_NESTED_RECORD, required_fields
from avro.names import namespace
from domain.catalogue import RECORDS, RecordType
from domain.model import Classification
from domain.tense import is_command, is_past_tense

_CLASSIFICATIONS = frozenset(c.value for c in Classification)
_TIMESTAMPS = frozenset({"timestamp-millis", "timestamp-micros"})
_TIME_NAME = re.compile(
    r"(^|.*[a-z0-9])(At|Time|Timestamp|Date|Since|Until|EffectiveFrom)$|^(since|until|effectiveFrom)$"
)
_NO_MONEY = re.compile(r".*(Percent|Ratio|Rate|Quantity)$|^(percent|ratio|rate|quantity)$")
_DERIVED = "derivation"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: in which file, at which field (empty for the record), what is wrong, what to do."""

    file: str
    field: str
    problem: str
    mend: str


def lint(records: Iterable[RecordType] = RECORDS, root: Path = SCHEMA_DIR) -> list[Finding]:
    """Everything wrong with the committed schemas of `records`."""
    found = []
    for record in records:
        path = schema_path(record, root)
        file = str(path.relative_to(root))
        try:
            schema = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            found.append(Finding(file, "", f"it cannot be read: {error}", "Run `ordertruth schemas generate`."))
            continue
        found += lint_schema(schema, record, file)
    return found


def lint_schema(schema: Mapping[str, Any], record: RecordType, file: str) -> list[Finding]:
    """Everything wrong with one schema. A record with a `derivation` is a view; every other one is an event."""
    fields = frozenset(f["name"] for f in schema["fields"])
    found = [Finding(file, "", *_namespace(schema, record))] if schema.get("namespace") != namespace(record) else []
    if _DERIVED not in fields:
        found += [Finding(file, "", problem, mend) for problem, mend in _tense(schema["name"])]
        missing = [f for f in required_fields(record.aggregate, schema["name"], fields) if f not in fields]
        found += [_no_join(file, name) for name in missing]
    found += [Finding(file, *rest) for rest in _record(schema, "")]
    return found


def _namespace(schema: Mapping[str, Any], record: RecordType) -> tuple[str, str]:
    wanted = namespace(record)
    return f"its namespace is {schema.get('namespace')!r}", f"Make it {wanted!r}: `ordertruth schemas generate` does."


def _tense(name: str) -> Iterator[tuple[str, str]]:
    if is_command(name):
        yield f"{name} is a command", "Topics carry facts: name what happened, as in ProductOrderCancelled."
    elif not is_past_tense(name):
        yield f"{name} does not say what happened", "End the name in a past participle, as in QuoteApproved."


def _no_join(file: str, name: str) -> Finding:
    return Finding(file, name, "this join field is missing", "Add it, null where the owner may not know it.")


Rest = tuple[str, str, str]


def _record(schema: Mapping[str, Any], path: str) -> Iterator[Rest]:
    if not schema.get("doc"):
        yield path, f"{schema['name']} has no doc", "Give its class in domain/ a docstring."
    fields = {f["name"]: f for f in schema["fields"]}
    for name in BY_NESTED_RECORD.get(schema["name"], ()):
        if name not in fields:
            yield f"{path}.{name}".lstrip("."), "this join field is missing", "Add it, null where it does not apply."
    for name, field in fields.items():
        here = f"{path}.{name}".lstrip(".")
        if not field.get("doc"):
            yield here, "it has no doc", 'Annotate it with Doc("...").'
        if field.get("classification") not in _CLASSIFICATIONS:
            mend = f"Annotate it with Doc(..., Classification....): one of {', '.join(sorted(_CLASSIFICATIONS))}."
            yield here, f"its classification is {field.get('classification')!r}", mend
        yield from _type(field["type"], here, name, "currency" in fields)


def _type(schema: Any, path: str, name: str, has_currency: bool) -> Iterator[Rest]:
    """Problems of a field's type; `name` is the field's, `has_currency` whether a currency stands beside it."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _type(branch, path, name, has_currency)
        return
    kind = schema if isinstance(schema, str) else schema["type"]
    logical = None if isinstance(schema, str) else schema.get("logicalType")
    if isinstance(kind, (list, Mapping)):
        yield from _type(kind, path, name, has_currency)
    elif kind in ("float", "double"):
        yield path, f"it is a {kind}, which cannot hold a price exactly", "Use Money, or a Decimal with its digits."
    elif kind == "record":
        yield from _record(schema, path)
    elif kind == "enum" and not schema.get("doc"):
        yield path, f"the enum {schema['name']} has no doc", "Give its class in domain/ a docstring."
    elif kind in ("array", "map"):
        yield from _type(schema["items" if kind == "array" else "values"], path, name, has_currency)
    elif logical == "decimal":
        if not has_currency and not _NO_MONEY.fullmatch(name):
            yield path, "it is an amount without a currency", "Use Money, or put a currency beside it."
    elif kind in ("long", "int", "string") and _TIME_NAME.fullmatch(name) and logical not in _TIMESTAMPS:
        yield path, f"it is a time written as {logical or kind}", "Use a datetime: long with timestamp-micros."
