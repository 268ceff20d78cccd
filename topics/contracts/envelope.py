"""The headers of a record as a consumer sees them: names, meaning, form (R68-R79, R87-R92)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from avro.headers import CONTENT_TYPE, SPEC_VERSION, parse_time, to_headers
from domain.envelope import Envelope

_MEANING: Mapping[str, str] = {
    "ce_specversion": "Version of CloudEvents.",
    "ce_id": "Identity of the event, the same when it is published again.",
    "ce_type": "What happened: owner, aggregate, event and version.",
    "ce_source": "The system that produced it.",
    "ce_subject": "Id of the aggregate, as in the record key.",
    "ce_dataschema": "Name of the record's Avro schema; the id in the value says which version of it.",
    "ce_correlationid": "The business transaction it belongs to.",
    "ce_causationid": "The command or event that led to it.",
    "ce_tenantid": "The tenant; every id begins with it and a colon.",
    "ce_actorid": "Who or which system decided.",
    "ce_actorrole": "In which role.",
    "ce_policyversion": "The rules it was decided by.",
    "ce_aggregatetype": "The kind of aggregate.",
    "ce_commandid": "The command that was carried out.",
    "ce_time": "When it happened; RFC 3339, UTC.",
    "ce_recordedtime": "When it was published by the platform's clock; RFC 3339, UTC.",
    "ce_aggregateversion": "Version of the aggregate after it, contiguous from 1.",
    "ce_reasoncode": "Why, in a stable code.",
    "ce_corrects": "`ce_id` of the event it corrects.",
    "traceparent": "W3C trace context.",
    "content-type": "Encoding of the value.",
}
_DERIVED_MEANING: Mapping[str, str] = {
    "ce_specversion": _MEANING["ce_specversion"],
    "ce_id": "Identity of the record; the same content has the same id.",
    "ce_type": "What was derived.",
    "ce_source": "The platform.",
    "ce_subject": "What it is about, as in the record key.",
    "ce_time": "When the newest event it rests on happened; RFC 3339, UTC.",
    "ce_recordedtime": "When it was derived by the platform's clock; RFC 3339, UTC.",
    "ce_tenantid": _MEANING["ce_tenantid"],
    "ce_causationid": "`ce_id` of the newest event it rests on.",
    "ce_policyversion": _MEANING["ce_policyversion"],
    "content-type": _MEANING["content-type"],
}
_DERIVED_OPTIONAL: Mapping[str, str] = {
    "ce_aggregatetype": "The kind of record.",
    "ce_aggregateversion": "Its `version`: rises with what was known when it was derived; tombstones have it, too.",
}
_CONSTANT = {"ce_specversion": SPEC_VERSION, "content-type": CONTENT_TYPE}
_TIMES = frozenset({"ce_time", "ce_recordedtime"})
_COUNTED = "ce_aggregateversion"
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Header:
    """One header: what it means, whether each record has it, and what its text looks like."""

    name: str
    meaning: str
    required: bool

    @property
    def schema(self) -> dict[str, Any]:
        """Its text as a JSON Schema."""
        schema: dict[str, Any] = {"type": "string", "description": self.meaning}
        if self.name in _CONSTANT:
            schema["const"] = _CONSTANT[self.name]
        elif self.name in _TIMES:
            schema["format"] = "date-time"
        elif self.name == _COUNTED:
            schema["pattern"] = "^[1-9][0-9]*$"
        return schema

    def problem(self, text: str | None) -> str | None:
        """What is wrong with its text (None when the record lacks it); None when nothing is."""
        if text is None:
            return "it is missing" if self.required else None
        if self.name in _CONSTANT and text != _CONSTANT[self.name]:
            return f"it is {text!r}, not {_CONSTANT[self.name]!r}"
        if self.name == _COUNTED and not (text.isdecimal() and text[0] != "0"):
            return f"{text!r} is no version: they count from 1"
        if self.name in _TIMES:
            try:
                parse_time(text)
            except ValueError as error:
                return str(error)
        return None if text else "it is empty"


def _fact_headers() -> tuple[Header, ...]:
    """As `to_headers` writes them: those of a bare envelope are required, the others may be there."""
    always = {name for name, _ in to_headers(_sample(bare=True))}
    return tuple(Header(name, _MEANING[name], name in always) for name, _ in to_headers(_sample(bare=False)))


def _sample(*, bare: bool) -> Envelope:
    values: dict[str, Any] = {"time": _ANY_TIME, "recorded_time": _ANY_TIME, "aggregate_version": 1}
    for field in fields(Envelope):
        if field.default is MISSING or not bare:
            values.setdefault(field.name, "any")
    return Envelope(**values)


FACT_HEADERS = _fact_headers()
"""The headers of an event on an owner's topic."""
DERIVED_HEADERS = (
    *(Header(name, meaning, required=True) for name, meaning in _DERIVED_MEANING.items()),
    *(Header(name, meaning, required=False) for name, meaning in _DERIVED_OPTIONAL.items()),
)
"""The headers of a derived record: nobody decided it, so nothing tells of commands and actors."""


def headers_schema(headers: tuple[Header, ...]) -> dict[str, Any]:
    """Headers as a JSON Schema of one object."""
    return {
        "type": "object",
        "required": [h.name for h in headers if h.required],
        "properties": {h.name: h.schema for h in headers},
    }
