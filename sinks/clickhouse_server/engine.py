"""The engine: one folder, one process, one handle for each request or session."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import chdb

from sinks.clickhouse_server.request import Insert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sinks.clickhouse_server.request import EngineRequest

APPEND_BYTES = 4 * 1024 * 1024
_SETTING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_COMMENT = re.compile(r"--[^\n]*|#![^\n]*|/\*.*?\*/", re.DOTALL)
_RETURNS_ROWS = re.compile(r"[\s(]*(SELECT|WITH|SHOW|DESCRIBE|DESC|EXISTS|EXPLAIN|CHECK|VALUES)\b", re.IGNORECASE)
_TRAILING_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*\Z", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)")


class EngineError(Exception):
    """The engine refused; `code` is its number, 0 when it gave none."""

    def __init__(self, message: str) -> None:
        text = message[message.find("Code: ") :] if "Code: " in message else message
        super().__init__(text.strip())
        found = _CODE.search(text)
        self.code = int(found[1]) if found else 0


@dataclass(frozen=True)
class Outcome:
    """What a statement gave: bytes in `format` (None for a statement without rows) and the summary's counts."""

    body: bytes
    format: str | None
    summary: dict[str, str]


@dataclass
class _Session:
    handle: Any
    lock: threading.Lock = field(default_factory=threading.Lock)
    last_used_s: float = field(default_factory=time.monotonic)
    timeout_s: int = 0
    database: str | None = None


class Engine:
    """Owns the data folder. Requests may come from any thread.

    A request without a session runs on a handle of its own, so that neither settings nor the current database leak
    into another; handles are cheap (about a millisecond). A session keeps its handle, with its temporary tables and
    settings, and runs one request at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = str(path.resolve())
        self._root = self._connect()
        self._sessions: dict[str, _Session] = {}
        self._guard = threading.Lock()

    def run(self, request: EngineRequest) -> Outcome:
        """Run one request. Raises EngineError."""
        try:
            if request.session_id is not None:
                return self._run_in_session(request, request.session_id)
            handle = self._connect()
            try:
                self._apply(handle, request.database, request.settings)
                return _execute(handle, request)
            finally:
                handle.close()
        except (chdb.ChdbError, RuntimeError) as error:
            raise EngineError(str(error)) from None

    def _connect(self) -> Any:
        return chdb.connect(self._path)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Close every handle; waits for the requests of sessions that still run."""
        with self._guard:
            sessions = list(self._sessions.values())
            self._sessions.clear()
        for session in sessions:
            with session.lock:
                session.handle.close()
        self._root.close()

    def expire(self) -> None:
        """Close the sessions nobody used within their timeout."""
        now = time.monotonic()
        with self._guard:
            old = [k for k, s in self._sessions.items() if now - s.last_used_s > s.timeout_s and not s.lock.locked()]
            closing = [self._sessions.pop(key) for key in old]
        for session in closing:
            with session.lock:
                session.handle.close()

    def _run_in_session(self, request: EngineRequest, key: str) -> Outcome:
        with self._guard:
            session = self._sessions.get(key)
            if session is None:
                session = self._sessions[key] = _Session(self._connect())
            session.last_used_s = time.monotonic()
            session.timeout_s = request.session_timeout_s
            # Taken under the guard, so that nobody closes the session between finding and using it.
            while not session.lock.acquire(timeout=0.05):
                self._guard.release()
                self._guard.acquire()
        try:
            before = dict(_current(session.handle, request.settings))
            try:
                self._apply(session.handle, request.database, request.settings)
                return _execute(session.handle, request)
            finally:
                _restore(session.handle, before)
        finally:
            session.last_used_s = time.monotonic()
            session.lock.release()

    @staticmethod
    def _apply(handle: Any, database: str | None, settings: dict[str, str]) -> None:
        if database:
            handle.query(f"USE `{_escape(database, '`')}`", "TabSeparated")
        if settings:
            pairs = ", ".join(f"{_checked(name)} = '{_escape(value)}'" for name, value in settings.items())
            handle.query(f"SET {pairs}", "TabSeparated")


def _checked(name: str) -> str:
    if not _SETTING_NAME.match(name):
        msg = f"Code: 115. DB::Exception: Setting {name!r} is not a name. (UNKNOWN_SETTING)"
        raise EngineError(msg)
    return name


def _escape(text: str, quote: str = "'") -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}")


def _current(handle: Any, settings: dict[str, str]) -> Iterator[tuple[str, str | None]]:
    """The values of `settings` before a request changes them; None for a default."""
    if not settings:
        return
    names = ", ".join(f"'{_checked(name)}'" for name in settings)
    rows = handle.query(f"SELECT name, value, changed FROM system.settings WHERE name IN ({names})", "JSONEachRow")
    for line in rows.bytes().splitlines():
        row = json.loads(line)
        yield row["name"], str(row["value"]) if row["changed"] else None


def _restore(handle: Any, before: dict[str, str | None]) -> None:
    if before:
        pairs = ", ".join(
            f"{name} = DEFAULT" if value is None else f"{name} = '{_escape(value)}'" for name, value in before.items()
        )
        handle.query(f"SET {pairs}", "TabSeparated")


def _execute(handle: Any, request: EngineRequest) -> Outcome:
    statement = request.statement
    if isinstance(statement, Insert):
        return _insert(handle, statement)
    bare = _COMMENT.sub(" ", statement)
    returns_rows = _RETURNS_ROWS.match(bare) is not None
    result = handle.query(statement, request.default_format, params=request.parameters or None)
    explicit = _TRAILING_FORMAT.search(bare)
    return Outcome(
        body=bytes(result.bytes() or b""),
        format=(explicit[1] if explicit else request.default_format) if returns_rows else None,
        summary={
            "read_rows": str(result.rows_read()),
            "read_bytes": str(result.bytes_read()),
            "written_rows": str(result.rows_written()),
            "written_bytes": str(result.bytes_written()),
            "elapsed_ns": str(int(result.elapsed() * 1e9)),
        },
    )


def _insert(handle: Any, insert: Insert) -> Outcome:
    # The streaming insert takes binary formats whole; data within a statement are read as text up to a zero byte.
    with handle.send_insert(insert.statement, insert.format) as writer:
        for start in range(0, len(insert.data), APPEND_BYTES):
            writer.append(insert.data[start : start + APPEND_BYTES])
        result = writer.finish()
    rows, size = str(result.rows_written), str(result.bytes_written)
    counts = {"read_rows": rows, "read_bytes": size, "written_rows": rows, "written_bytes": size}
    return Outcome(b"", None, {**counts, "elapsed_ns": str(int(result.elapsed * 1e9))})
