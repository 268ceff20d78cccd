"""Examples of records: `avro/examples/<owner>/<Record>.json`, one real record each, readable and checkable.

Values are by wire names as JSON has them: enums as symbols, exact numbers and times as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from avro.codec import WriterSchema, decode_body, encode_body
from avro.contract import contract
from avro.generate import SCHEMA_DIR
from avro.plain import from_avro, to_avro
from domain.catalogue import RECORDS, RecordType
from domain.envelope import event_type
from domain.errors import ContractError, OrdertruthError
from topics.contracts.envelope import DERIVED_HEADERS, FACT_HEADERS, Header
from topics.contracts.kinds import is_derived

EXAMPLES_DIR = SCHEMA_DIR.parent / "examples"
MEND = "Run `ordertruth contracts examples`."


@dataclass(frozen=True, slots=True)
class Example:
    """A record as it lies on its topic: the key, the headers as text, the value by wire names."""

    key: str
    headers: Mapping[str, str]
    value: Mapping[str, Any]

    def text(self) -> str:
        """As it is committed."""
        shown = {"key": self.key, "headers": dict(self.headers), "value": dict(self.value)}
        return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


class Publishable(Protocol):
    """What of a record is needed to make an example of it; rows of the outbox have it."""

    @property
    def key(self) -> str:
        """The record key."""

    @property
    def record(self) -> str:
        """Full name of the record."""

    @property
    def headers(self) -> Iterable[tuple[str, bytes]]:
        """The Kafka headers."""

    @property
    def body(self) -> bytes:
        """Avro, by the committed schema, without the wire header."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend about an example: in which file, what is wrong, what to do."""

    file: str
    what: str
    mend: str = MEND


def example_path(record: RecordType, root: Path = EXAMPLES_DIR) -> Path:
    """Where the example of a record lies."""
    return root / record.owner / f"{record.name}.json"


def example_of(record: RecordType, root: Path = EXAMPLES_DIR) -> Example | None:
    """The committed example of a record; None when there is none. Raises `ContractError` for a file that is none."""
    path = example_path(record, root)
    if not path.is_file():
        return None
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return Example(str(read["key"]), dict(read["headers"]), dict(read["value"]))
    except (ValueError, KeyError, TypeError) as error:
        message = f"The example {path.name} of {record.owner} cannot be read: {error!r}."
        raise ContractError(message, remediation=MEND) from error


def example_from(published: Publishable, record: RecordType) -> Example:
    """The example a published record makes. Raises `RecordError` when its body is not of its contract."""
    data = decode_body(published.body, _writer(record))
    value = from_avro(record.model, data).model_dump(mode="json", by_alias=True)
    return Example(published.key, {name: text.decode() for name, text in published.headers}, value)


def best_examples(published: Iterable[Publishable], records: Iterable[RecordType] = RECORDS) -> dict[str, Example]:
    """For each record by name the published one that says most: most fields filled, then the shortest, then the first.

    Records of which none was published are not in the answer.
    """
    types = {contract(r.name).full_name: r for r in records}
    found: dict[str, tuple[tuple[int, int], Example]] = {}
    for one in published:
        record = types.get(one.record)
        if record is None:
            continue
        example = example_from(one, record)
        filled = sum(value not in (None, [], {}) for value in example.value.values())
        worth = (filled + len(example.headers), -len(one.body))
        if record.name not in found or worth > found[record.name][0]:
            found[record.name] = (worth, example)
    return {name: example for name, (_, example) in found.items()}


def write_examples(
    examples: Mapping[str, Example], root: Path = EXAMPLES_DIR, records: Iterable[RecordType] = RECORDS
) -> list[Path]:
    """Write examples by record name; returns the files that changed, or went because no record has their name.

    The example of a record that is not among `examples` stays.
    """
    paths = {example_path(r, root): r for r in records}
    changed = []
    for path, record in paths.items():
        example = examples.get(record.name)
        if example is None or (path.is_file() and path.read_text(encoding="utf-8") == example.text()):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(example.text(), encoding="utf-8")
        changed.append(path)
    for path in sorted(set(root.rglob("*.json")) - set(paths)):
        path.unlink()
        changed.append(path)
    return changed


def without_example(records: Iterable[RecordType] = RECORDS, root: Path = EXAMPLES_DIR) -> list[str]:
    """Names of the records nobody has given an example yet."""
    return [r.name for r in records if not example_path(r, root).is_file()]


def example_problems(records: Iterable[RecordType] = RECORDS, root: Path = EXAMPLES_DIR) -> list[Problem]:
    """Everything wrong with the committed examples: unreadable, not of their contract, odd headers, of no record."""
    records = tuple(records)
    found = []
    for record in records:
        file = str(example_path(record, root).relative_to(root.parent))
        try:
            example = example_of(record, root)
        except ContractError as error:
            found.append(Problem(file, error.message))
            continue
        if example is not None:
            found += [Problem(file, what) for what in (*value_problems(record, example), *_headers(record, example))]
    known = {example_path(r, root) for r in records}
    orphans = sorted(set(root.rglob("*.json")) - known)
    return found + [Problem(str(p.relative_to(root.parent)), "no record has this name") for p in orphans]


def encoded(record: RecordType, example: Example) -> bytes:
    """The Avro body of an example. Raises `ContractError` naming what does not fit its contract."""
    try:
        model = record.model.model_validate(example.value)
    except ValidationError as error:
        where = ", ".join(".".join(map(str, p["loc"])) + ": " + p["msg"] for p in error.errors()[:5])
        message = f"it does not fit {record.name}: {where}"
        raise ContractError(message, remediation=MEND) from None
    return encode_body(record.name, to_avro(model))


def value_problems(record: RecordType, example: Example) -> list[str]:
    """Why a value is not of its contract: it must encode, and decode to what it says."""
    try:
        body = encoded(record, example)
        data = decode_body(body, _writer(record))
        again = from_avro(record.model, data).model_dump(mode="json", by_alias=True)
    except OrdertruthError as error:
        return [error.message]
    if again != dict(example.value):
        differing = sorted(n for n in {*again, *example.value} if again.get(n) != example.value.get(n))
        return [f"it reads differently once it was encoded: {', '.join(differing)}"]
    return []


def _headers(record: RecordType, example: Example) -> list[str]:
    derived = is_derived(record)
    known: tuple[Header, ...] = DERIVED_HEADERS if derived else FACT_HEADERS
    found = [f"header {h.name}: {p}" for h in known if (p := h.problem(example.headers.get(h.name))) is not None]
    found += [f"header {name} is in no contract" for name in sorted(set(example.headers) - {h.name for h in known})]
    wanted = {"ce_subject": example.key, "ce_tenantid": example.key.partition(":")[0], "ce_source": record.owner}
    if not derived:
        wanted["ce_type"] = event_type(record.owner, record.aggregate, record.name)
        wanted["ce_aggregatetype"] = record.aggregate
        wanted["ce_dataschema"] = f"urn:avro:{contract(record.name).full_name}"
        if "version" in example.value:
            wanted["ce_aggregateversion"] = str(example.value["version"])
    return found + [
        f"header {name} is {example.headers.get(name)!r}, not {value!r}"
        for name, value in wanted.items()
        if example.headers.get(name) != value
    ]


def _writer(record: RecordType) -> WriterSchema:
    agreed = contract(record.name)
    return WriterSchema(agreed.full_name, agreed.text, agreed.parsed)
