"""ClickHouse's HTTP interface over the engine, for the loopback interface."""

from __future__ import annotations

import hmac
import json
import uuid
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import structlog

from sinks.clickhouse_server.engine import EngineError
from sinks.clickhouse_server.request import BadRequestError, decode_body, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sinks.clickhouse_server.engine import Engine

BODY_MAX_BYTES = 1024 * 1024 * 1024
IDLE_TIMEOUT_S = 300
CODE_AUTHENTICATION_FAILED = 516
CODE_UNKNOWN = 1002

# The statuses the real server answers with; every other refusal is a 500 there, and 400 where the user is at fault.
_STATUS = {
    60: 404,
    81: 404,
    36: 400,
    46: 400,
    47: 400,
    49: 500,
    62: 400,
    115: 404,
    159: 408,
    164: 500,
    241: 500,
    CODE_AUTHENTICATION_FAILED: 401,
}
_USER_AT_FAULT = frozenset({6, 16, 26, 27, 33, 35, 38, 41, 42, 43, 44, 50, 53, 57, 69, 70, 72, 82, 108, 117, 130, 131})

log = structlog.get_logger(__name__)


class ClickHouseHttpServer(ThreadingHTTPServer):
    """Serves one engine to one user; requests run in parallel."""

    daemon_threads = True
    # Waited for by the caller, who knows how long it may take.
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], engine: Engine, *, user: str, password: str) -> None:
        super().__init__(address, _Handler)
        self.engine = engine
        self.user = user
        self.password = password

    def service_actions(self) -> None:
        """Between requests: close the sessions nobody uses."""
        self.engine.expire()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is its own business."""
        log.info("connection ended early", client=str(client_address))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ClickHouseHttpServer
    timeout = IDLE_TIMEOUT_S
    # An answer goes out in one segment instead of waiting for the acknowledgement of its headers.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._answer(200, b"Ok.\n", {})
            return
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        try:
            body = self._body()
            names = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True, strict_parsing=False))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if not self._is_known(names, headers):
                text = (
                    f"Code: {CODE_AUTHENTICATION_FAILED}. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)"
                )
                self._refuse(401, CODE_AUTHENTICATION_FAILED, text)
                return
            request = parse(
                names,
                decode_body(body, headers.get("content-encoding", "")),
                headers,
                headers.get("content-type"),
            )
            outcome = self.server.engine.run(request)
        except BadRequestError as error:
            self._refuse(error.status, CODE_UNKNOWN, f"Code: {CODE_UNKNOWN}. DB::Exception: {error}.")
            return
        except EngineError as error:
            status = _STATUS.get(error.code, 400 if error.code in _USER_AT_FAULT else 500)
            self._refuse(status, error.code or CODE_UNKNOWN, str(error))
            return
        answer = {
            "X-ClickHouse-Summary": json.dumps(outcome.summary),
            "X-ClickHouse-Query-Id": names.get("query_id") or str(uuid.uuid4()),
            "X-ClickHouse-Timezone": "UTC",
            "Content-Type": "text/plain; charset=UTF-8" if outcome.format is None else "application/octet-stream",
        }
        if outcome.format is not None:
            answer["X-ClickHouse-Format"] = outcome.format
        self._answer(200, outcome.body, answer)

    def _is_known(self, names: dict[str, str], headers: dict[str, str]) -> bool:
        user = names.get("user") or headers.get("x-clickhouse-user", "")
        password = names.get("password") or headers.get("x-clickhouse-key", "")
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                user, _, password = b64decode(credentials).decode().partition(":")
            except ValueError:
                return False
        known_user = hmac.compare_digest(user.encode(), self.server.user.encode())
        return hmac.compare_digest(password.encode(), self.server.password.encode()) and known_user

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > BODY_MAX_BYTES:
            self.close_connection = True
            msg = f"the body may have {BODY_MAX_BYTES} bytes"
            raise BadRequestError(msg, status=413)
        return self.rfile.read(int(length))

    def _chunks(self) -> Iterator[bytes]:
        total = 0
        while True:
            try:
                size = int(self.rfile.readline(64).split(b";", 1)[0], 16)
            except ValueError:
                size = -1
            total += size
            if size < 0 or total > BODY_MAX_BYTES:
                # What follows cannot be told apart from another request any more.
                self.close_connection = True
                msg = "the chunked body is malformed or too long"
                raise BadRequestError(msg)
            if size == 0:
                while self.rfile.readline(1024).strip():
                    pass
                return
            data = self.rfile.read(size)
            if len(data) < size:
                self.close_connection = True
                msg = "the body ended early"
                raise BadRequestError(msg)
            yield data
            self.rfile.readline(8)

    def _refuse(self, status: int, code: int, text: str) -> None:
        self._answer(status, text.encode() + b"\n", {"X-ClickHouse-Exception-Code": str(code)})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Requests are not logged: statements may hold personal data."""
