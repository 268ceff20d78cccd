"""What one HTTP request asks of the engine."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the HTTP interface consumes itself; everything else in the query string is a setting of the engine.
TRANSPORT_NAMES = frozenset(
    {
        "query",
        "database",
        "user",
        "password",
        "query_id",
        "quota_key",
        "role",
        "session_id",
        "session_timeout",
        "session_check",
        "close_session",
        "default_format",
        "compress",
        "decompress",
        "buffer_size",
        "wait_end_of_query",
        "client_protocol_version",
        "stacktrace",
        "enable_http_compression",
        "http_zlib_compression_level",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "cancel_http_readonly_queries_on_client_close",
    }
)
SESSION_TIMEOUT_DEFAULT_S = 60
SESSION_TIMEOUT_MAX_S = 3600

_INSERT_WITH_DATA = re.compile(
    rb"\A\s*(INSERT\s+INTO\b.*?)\s+FORMAT\s+(\w+)(?:[ \t]*\r?\n|[ \t]+|\Z)", re.IGNORECASE | re.DOTALL
)
_DATA_IN_STATEMENT = re.compile(rb"\b(VALUES|SELECT|WITH|FROM\s+INFILE)\b", re.IGNORECASE)
_HEADER_BYTES = 64 * 1024


class BadRequestError(Exception):
    """The request cannot be understood; `status` is the HTTP status to answer with."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Insert:
    """An INSERT whose rows follow it as bytes in `format`; `statement` ends before its FORMAT clause."""

    statement: str
    format: str
    data: bytes


@dataclass(frozen=True)
class EngineRequest:
    """A statement, or an insert with its data, and the circumstances to run it in.

    `parameters` are values for the statement's placeholders, `settings` engine settings for this request alone,
    `session_timeout_s` how long the session `session_id` is kept when nobody uses it.
    """

    statement: str | Insert
    database: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    session_id: str | None = None
    session_timeout_s: int = SESSION_TIMEOUT_DEFAULT_S
    default_format: str = "TabSeparated"


def parse(names: Mapping[str, str], body: bytes, headers: Mapping[str, str], content_type: str | None) -> EngineRequest:
    """Make sense of a request: its query string (`names`), its decoded body and its headers (lower-case names).

    Raises BadRequestError when there is no statement or something is not supported.
    """
    values = dict(names)
    if content_type and content_type.startswith("multipart/form-data"):
        values.update(_form(body, content_type))
        body = b""
    return EngineRequest(
        statement=_statement(values.get("query", ""), body),
        database=values.get("database") or headers.get("x-clickhouse-database"),
        parameters={name[6:]: value for name, value in values.items() if name.startswith("param_")},
        settings={
            name: value
            for name, value in values.items()
            if name not in TRANSPORT_NAMES and not name.startswith("param_")
        },
        session_id=values.get("session_id") or None,
        session_timeout_s=_timeout(values.get("session_timeout")),
        default_format=values.get("default_format") or headers.get("x-clickhouse-format") or "TabSeparated",
    )


def _timeout(value: str | None) -> int:
    if value is None:
        return SESSION_TIMEOUT_DEFAULT_S
    if not value.isdigit() or int(value) > SESSION_TIMEOUT_MAX_S:
        msg = f"session_timeout must be a number of seconds up to {SESSION_TIMEOUT_MAX_S}"
        raise BadRequestError(msg)
    return int(value)


def _statement(query: str, body: bytes) -> str | Insert:
    # The interface puts the query string before the body, with a new line between them.
    whole = query.encode() + b"\n" + body if query and body else query.encode() or body
    if not whole.strip():
        msg = "the request holds no statement"
        raise BadRequestError(msg)
    match = _INSERT_WITH_DATA.match(whole[:_HEADER_BYTES])
    if match and not _DATA_IN_STATEMENT.search(match[1]):
        return Insert(match[1].decode(), match[2].decode(), whole[match.end() :])
    try:
        return whole.decode()
    except UnicodeDecodeError:
        msg = "the statement is not UTF-8"
        raise BadRequestError(msg) from None


def _form(body: bytes, content_type: str) -> dict[str, str]:
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    values = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() is not None:
            msg = "external data are not supported by this server"
            raise BadRequestError(msg, status=501)
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            values[name] = payload.decode()
    return values


def decode_body(body: bytes, encoding: str) -> bytes:
    """Undo a Content-Encoding. Raises BadRequestError when it is unknown or the body is not in it."""
    name = encoding.strip().lower()
    try:
        if name in {"", "identity"}:
            return body
        if name in {"gzip", "deflate"}:
            return zlib.decompress(body, wbits=47 if name == "gzip" else 15)
        if name == "lz4":
            import lz4.frame  # type: ignore[import-untyped]

            return bytes(lz4.frame.decompress(body))
        if name == "zstd":
            return _zstd(body)
    except (zlib.error, RuntimeError, ValueError, EOFError) as error:
        msg = f"the body is not valid {name}: {error}"
        raise BadRequestError(msg) from None
    msg = f"Content-Encoding {name!r} is not supported by this server"
    raise BadRequestError(msg, status=415)


def _zstd(body: bytes) -> bytes:
    import sys

    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    try:
        return zstd.decompress(body)
    except zstd.ZstdError as error:
        raise ValueError(str(error)) from None
