"""The CloudEvents envelope as Kafka headers, binary mode (R87, R88)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from domain.envelope import Envelope
from domain.errors import ContractError, RecordError

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/avro"

Headers = list[tuple[str, bytes]]

_REQUIRED = {
    "ce_id": "event_id",
    "ce_type": "event_type",
    "ce_source": "source",
    "ce_subject": "subject",
    "ce_dataschema": "data_schema",
    "ce_correlationid": "correlation_id",
    "ce_causationid": "causation_id",
    "ce_tenantid": "tenant_id",
    "ce_actorid": "actor_id",
    "ce_actorrole": "actor_role",
    "ce_policyversion": "policy_version",
    "ce_aggregatetype": "aggregate_type",
    "ce_commandid": "command_id",
}
_TIMES = {"ce_time": "time", "ce_recordedtime": "recorded_time"}
_OPTIONAL = {"ce_reasoncode": "reason_code", "ce_corrects": "corrects", "traceparent": "traceparent"}
_VERSION = "ce_aggregateversion"
_READ_ONCE = frozenset({*_REQUIRED, *_TIMES, *_OPTIONAL, _VERSION, "ce_specversion", "content-type"}) - {"traceparent"}

_SPEC_HEADER = ("ce_specversion", SPEC_VERSION.encode())
_CONTENT_HEADER = ("content-type", CONTENT_TYPE.encode())
_texts_of = attrgetter(*_REQUIRED.values())
_times_of = attrgetter(*_TIMES.values())

_EVENT_TYPE = re.compile(r"com\.ordertruth\.[a-z0-9-]+\.[a-z0-9-]+\.[a-z0-9-]+\.v[1-9][0-9]*")
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)
_VERSION_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


@lru_cache(maxsize=1024)
def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds and `Z`. Raises `ContractError` for a datetime without time zone."""
    if moment.tzinfo is None:
        message = f"The time {moment.isoformat()} has no time zone."
        raise ContractError(message, remediation="Pass an aware datetime.")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def parse_time(text: str) -> datetime:
    """The UTC time of an RFC 3339 text; digits past the microsecond are cut off. Raises `ValueError`."""
    if not _RFC3339.fullmatch(text):
        message = f"{text!r} is not RFC 3339"
        raise ValueError(message)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        message = f"{text!r} is out of range"
        raise ValueError(message) from None


def to_headers(envelope: Envelope) -> Headers:
    """The headers of an event, in a fixed order; optional ones that are absent are left out."""
    headers: Headers = [_SPEC_HEADER]
    headers += [(name, text.encode()) for name, text in zip(_REQUIRED, _texts_of(envelope), strict=True)]
    headers += [(name, format_time(moment).encode()) for name, moment in zip(_TIMES, _times_of(envelope), strict=True)]
    headers.append((_VERSION, str(envelope.aggregate_version).encode()))
    for name, field in _OPTIONAL.items():
        value = getattr(envelope, field)
        if value is not None:
            headers.append((name, value.encode()))
    headers.append(_CONTENT_HEADER)
    return headers


def from_headers(headers: Iterable[tuple[str, bytes | None]] | None) -> Envelope:
    """The envelope an event arrived in; headers of others are passed over.

    Raises `RecordError` BAD_HEADERS (stage `decode`) naming the header that is missing or wrong.
    """
    found = _texts(headers or ())
    _expect(found, "ce_specversion", SPEC_VERSION)
    _expect(found, "content-type", CONTENT_TYPE)
    values: dict[str, Any] = {field: _present(found, name) for name, field in _REQUIRED.items()}
    if not _EVENT_TYPE.fullmatch(values["event_type"]):
        raise bad_header("ce_type", f"{values['event_type']!r} is not com.ordertruth.<owner>.<aggregate>.<event>.v<n>")
    if not values["subject"].startswith(f"{values['tenant_id']}:"):
        raise bad_header("ce_subject", f"{values['subject']!r} does not belong to tenant {values['tenant_id']!r}")
    values |= {field: _time(name, _present(found, name)) for name, field in _TIMES.items()}
    number = _present(found, _VERSION)
    if not _VERSION_NUMBER.fullmatch(number):
        raise bad_header(_VERSION, f"{number!r} is no version: they count from 1")
    values |= {field: found.get(name) or None for name, field in _OPTIONAL.items()}
    return Envelope(**values, aggregate_version=int(number))


def _texts(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        if name in found and name in _READ_ONCE:
            raise bad_header(name, "it is there twice")
        if name not in _READ_ONCE and name != "traceparent":
            continue
        try:
            found[name] = (value or b"").decode()
        except UnicodeDecodeError:
            raise bad_header(name, "it is not UTF-8") from None
    return found


def _present(found: dict[str, str], name: str) -> str:
    value = found.get(name)
    if not value:
        raise bad_header(name, "it is missing" if value is None else "it is empty")
    return value


def _expect(found: dict[str, str], name: str, wanted: str) -> None:
    value = _present(found, name)
    if value != wanted:
        raise bad_header(name, f"{value!r} is not {wanted!r}")


def _time(name: str, text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise bad_header(name, str(error)) from None


def bad_header(name: str, problem: str) -> RecordError:
    """What is wrong with a header, and what to do."""
    return RecordError(
        "BAD_HEADERS",
        f"Header {name}: {problem}.",
        stage="decode",
        remediation="Mend the producer: every event carries the CloudEvents headers of the contract.",
    )
