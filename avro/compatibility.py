"""The gate no incompatible change passes: each schema against every version of it that was ever released.

Released versions lie in `avro/history/<owner>/<RecordName>/<n>.avsc`, numbered from 1, and only grow in number.
FULL_TRANSITIVE means that the current schema reads what every one of them wrote, and the other way round; beyond that
nothing may be read without an error and mean something else (`avro/meaning.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastavro import parse_schema

from avro.generate import SCHEMA_DIR, pretty, schema_for, schema_path
from avro.meaning import changed_meaning, invalid_defaults
from avro.resolution import Problem, Rule, problems
from domain.catalogue import RECORDS, RecordType
from domain.errors import ContractError, IntegrityError

HISTORY_DIR = Path(__file__).parent / "history"


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """A change that may not be made: of which record, at which field, against which released version, and why.

    `version` is 0 where the schema is wrong by itself.
    """

    record: str
    field: str
    version: int
    rule: Rule
    reason: str


@dataclass(frozen=True, slots=True)
class Version:
    """One released version of a record's schema."""

    number: int
    schema: dict[str, Any]


def full_transitive(record: str, current: dict[str, Any], released: Iterable[Version]) -> list[Incompatibility]:
    """What keeps `current` from being FULL_TRANSITIVE with every released version of `record`."""
    released = tuple(released)
    found = [_incompatibility(record, 0, "", p) for p in invalid_defaults(current)]
    meanings = changed_meaning(current, [version.schema for version in released])
    for version, otherwise in zip(released, meanings, strict=True):
        number, schema = version.number, version.schema
        forth = [_incompatibility(record, number, _FORTH, p) for p in problems(current, schema)]
        back = [_incompatibility(record, number, _BACK, p) for p in problems(schema, current)]
        found += [*forth, *back, *(_incompatibility(record, number, "", p) for p in otherwise)]
    return found


_FORTH, _BACK = "new readers cannot read old records: ", "old readers cannot read new records: "


def _incompatibility(record: str, version: int, whose: str, problem: Problem) -> Incompatibility:
    return Incompatibility(record, problem.path, version, problem.rule, whose + problem.reason)


def history_of(record: RecordType, root: Path = HISTORY_DIR) -> list[Version]:
    """The released versions of a record, oldest first.

    Raises `IntegrityError` naming the file when one is missing from the sequence or cannot be read.
    """
    folder = _folder(record, root)
    return [Version(number, _read(folder / f"{number}.avsc")) for number in range(1, _count(folder) + 1)]


def stale(records: Iterable[RecordType] = RECORDS, schemas: Path = SCHEMA_DIR) -> list[str]:
    """The `.avsc` files that do not say what the models in `domain/` say, relative to the schema folder."""
    wanted = {schema_path(r, schemas): pretty(schema_for(r)) for r in records}
    differing = [p for p, text in wanted.items() if not p.is_file() or p.read_text(encoding="utf-8") != text]
    orphaned = set(schemas.rglob("*.avsc")) - set(wanted)
    return sorted(str(p.relative_to(schemas)) for p in {*differing, *orphaned})


def check(
    records: Iterable[RecordType] = RECORDS, root: Path = HISTORY_DIR, schemas: Path = SCHEMA_DIR
) -> list[Incompatibility]:
    """Every difference from what was released that may not be, of models and `.avsc` files, removed records included.

    A file that was edited by hand counts as well as the model it should follow: files are what is registered.
    """
    records = tuple(records)
    found: list[Incompatibility] = []
    for record in records:
        found += full_transitive(record.name, schema_for(record), history_of(record, root))
    found += (f for f in check_files(records, root, schemas) if f not in found)
    known = {_folder(r, root) for r in records}
    for folder in sorted(p for p in root.glob("*/*") if p.is_dir() and p not in known):
        reason = "the record was released and is gone; topics still hold it"
        found.append(Incompatibility(folder.name, "", _count(folder), Rule.RECORD_REMOVED, reason))
    return found


def check_files(
    records: Iterable[RecordType] = RECORDS, root: Path = HISTORY_DIR, schemas: Path = SCHEMA_DIR
) -> list[Incompatibility]:
    """The part of `check` that is about the `.avsc` files; a missing one is told by `stale`."""
    paths = [(record, schema_path(record, schemas)) for record in records]
    return [f for record, path in paths if path.is_file() for f in _of_file(record, path, history_of(record, root))]


def _of_file(record: RecordType, path: Path, history: list[Version]) -> list[Incompatibility]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        parse_schema(schema, _write_hint=False, _ignore_default_error=True)
    except Exception as error:  # whatever is wrong with the text of the file, it is this file that needs mending
        return [Incompatibility(record.name, "", 0, Rule.SCHEMA_UNREADABLE, f"its file is no Avro schema: {error}")]
    return full_transitive(record.name, schema, history)


def unreleased(records: Iterable[RecordType] = RECORDS, root: Path = HISTORY_DIR) -> list[str]:
    """Names of the records whose schema differs from their newest released version, or never was released."""
    return [r.name for r in records if _is_new(r, history_of(r, root))]


def release(records: Iterable[RecordType] = RECORDS, root: Path = HISTORY_DIR) -> list[Path]:
    """Add every schema that differs from its newest version as the next one; returns the files written.

    Raises `ContractError` naming record, field and reason, and writes nothing, when any change is incompatible.
    """
    records = tuple(records)
    found = check(records, root)
    if found:
        first = found[0]
        message = f"{first.record}.{first.field} breaks version {first.version}: {first.reason}."
        raise ContractError(message, remediation="Add fields with a default, remove only such fields, keep types.")
    written = []
    for record in records:
        history = history_of(record, root)
        if _is_new(record, history):
            path = _folder(record, root) / f"{len(history) + 1}.avsc"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:  # a released version is never written over
                file.write(pretty(schema_for(record)))
            written.append(path)
    return written


def _is_new(record: RecordType, history: list[Version]) -> bool:
    return not history or history[-1].schema != schema_for(record)


def _folder(record: RecordType, root: Path) -> Path:
    return root / record.owner / record.name


def _count(folder: Path) -> int:
    numbers = sorted(int(p.stem) for p in folder.glob("*.avsc") if p.stem.isdigit())
    if numbers != list(range(1, len(numbers) + 1)):
        message = f"{folder} has the versions {numbers}, not an unbroken sequence from 1."
        raise IntegrityError(message, remediation="Bring the missing file back from version control.")
    return len(numbers)


def _read(path: Path) -> dict[str, Any]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"The released schema {path} cannot be read: {error}."
        raise IntegrityError(message, remediation="Bring it back from version control.") from error
    if not isinstance(schema, dict):
        message = f"The released schema {path} is no record."
        raise IntegrityError(message, remediation="Bring it back from version control.")
    return schema
