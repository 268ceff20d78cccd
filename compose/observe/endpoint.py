"""`/livez`, `/readyz`, `/metrics`, `/status` and `/stacks` of a worker, on the loopback interface only."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from compose.observe.collector import worker_registry
from compose.observe.register import LOOPBACK, enrol, leave
from compose.observe.watched import Watched, by_topic
from compose.settings import Settings
from domain.errors import ConfigurationError
from streams.engine.health import Check

JSON = "application/json"
REQUEST_TIMEOUT_S = 5.0

log = structlog.get_logger(__name__)

Answer = tuple[HTTPStatus, str, bytes]


class Answers:
    """What is answered, from the applications of a worker; `about` says which worker it is."""

    def __init__(
        self, watched: Sequence[Watched], registry: CollectorRegistry, live_seconds: float, about: Mapping[str, Any]
    ) -> None:
        self._watched = watched
        self._registry = registry
        self._live_seconds = live_seconds
        self._about = about
        self.paths: Mapping[str, Callable[[str], Answer]] = {
            "/livez": lambda _: self._health("live", self._live()),
            "/readyz": lambda _: self._health("ready", self._ready()),
            "/metrics": self._metrics,
            "/status": lambda _: self._status(),
            "/stacks": lambda _: _stacks(),
        }

    def _live(self) -> dict[str, Sequence[Check]]:
        now = time.monotonic()
        return {w.name: w.live(now, self._live_seconds) for w in self._watched}

    def _ready(self) -> dict[str, Sequence[Check]]:
        return {w.name: [w.ready()] for w in self._watched}

    def _health(self, what: str, checks: Mapping[str, Sequence[Check]]) -> Answer:
        holds = all(check.holds for found in checks.values() for check in found)
        told = {what: holds, "apps": {name: [_told(c) for c in found] for name, found in checks.items()}}
        return _json(told, HTTPStatus.OK if holds else HTTPStatus.SERVICE_UNAVAILABLE)

    def _metrics(self, accepted: str) -> Answer:
        encode, content_type = choose_encoder(accepted)
        return HTTPStatus.OK, content_type, encode(self._registry)

    def _status(self) -> Answer:
        live, ready = self._live(), self._ready()
        apps = {}
        for watched in self._watched:
            state = watched.state()
            failing = [c for c in (*live[watched.name], *ready[watched.name]) if not c.holds]
            apps[watched.name] = {
                "live": all(c.holds for c in live[watched.name]),
                "ready": all(c.holds for c in ready[watched.name]),
                "failing": [_told(c) for c in failing],
                "phase": state.phase,
                "positions": by_topic(state.positions),
                "lag": by_topic(state.lag),
                "last_commit": None if state.committed_at is None else _when(state.committed_at),
                **(state.detail or {}),
            }
        return _json({**self._about, "apps": apps}, HTTPStatus.OK)


@contextmanager
def served(answers: Answers, port: int) -> Iterator[int]:
    """Answer on this port, or a free one when it is 0, in threads of their own; gives the port.

    Nothing here waits for the worker's event loop, so that one that hangs can still be asked. Raises
    `ConfigurationError` when the port is taken.
    """

    class Handler(_Handler):
        paths = answers.paths

    try:
        server = _Server((LOOPBACK, port), Handler)
    except OSError as error:
        message = f"Port {port} for the worker's health cannot be used: {error.strerror}."
        mend = "Give each worker its own --health-port, or none to have one chosen."
        raise ConfigurationError(message, remediation=mend) from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="health", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def observed(
    settings: Settings, watched: Sequence[Watched], *, apps: Sequence[str], instance: str, port: int
) -> Iterator[None]:
    """Answer for a worker while the block runs, and keep it on record until it ends in good order."""
    live_seconds = settings.worker.live_timeout_s
    about: dict[str, Any] = {}
    answers = Answers(watched, worker_registry(watched, live_seconds), live_seconds, about)
    with served(answers, port) as bound:
        record = enrol(settings.state_path, apps, instance, bound)
        about.update(name=record.name, instance=instance, pid=record.process.pid, restarts=record.restarts)
        about["started"] = datetime.fromtimestamp(record.started, UTC).isoformat(timespec="milliseconds")
        log.info("worker starts", health=f"http://{LOOPBACK}:{bound}", pid=record.process.pid, restarts=record.restarts)
        try:
            yield
        except KeyboardInterrupt:
            leave(settings.state_path, record)
            raise
        leave(settings.state_path, record)
        log.info("worker stopped")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        # whoever asked has gone: nothing is wrong with the worker
        log.debug("health request not answered", client=str(client_address), error=repr(sys.exc_info()[1]))


class _Handler(BaseHTTPRequestHandler):
    paths: Mapping[str, Callable[[str], Answer]]
    timeout = REQUEST_TIMEOUT_S
    server_version = "ordertruth"
    sys_version = ""

    def do_GET(self) -> None:
        answer = self.paths.get(self.path.partition("?")[0])
        if answer is None:
            known = ", ".join(self.paths)
            self._send(_json({"error": f"There is nothing here; ask {known}."}, HTTPStatus.NOT_FOUND))
            return
        self._send(answer(self.headers.get("Accept", "")))

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, answer: Answer) -> None:
        status, content_type, body = answer
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Being asked is not worth a line."""


def _told(check: Check) -> dict[str, Any]:
    told = {"check": check.name, "holds": check.holds, "since": _when(check.since), "detail": check.detail}
    return {**told, "what_to_do": check.remediation} if check.remediation else told


def _when(monotonic_seconds: float) -> str:
    at = time.time() - (time.monotonic() - monotonic_seconds)
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _json(value: Any, status: HTTPStatus) -> Answer:
    return status, JSON, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _stacks() -> Answer:
    """Where every thread is at this moment."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    lines: list[str] = []
    for number, frame in sys._current_frames().items():  # noqa: SLF001 - the interpreter's own name for it
        lines += [f"thread {names.get(number, number)}\n", *traceback.format_stack(frame), "\n"]
    return HTTPStatus.OK, "text/plain; charset=utf-8", "".join(lines).encode()
