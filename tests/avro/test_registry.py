"""How the client takes a registry that is away or answers strangely; what a real one says is in the stack's tests."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from avro.registry import Registry
from domain.errors import ConfigurationError, ContractError, OrdertruthError, RecordError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOPIC = "t"
RECORD = "ProductOrderSubmitted"
CALLS: tuple[Callable[[Registry], object], ...] = (
    lambda r: r.schema_for_id(1),
    lambda r: r.id_for(TOPIC, RECORD),
    lambda r: r.register(TOPIC, RECORD),
    lambda r: r.incompatibility(TOPIC, RECORD),
    lambda r: r.subjects(),
)


class Answers:
    """What the server says next; the last answer is repeated."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.waiting = list(answers)
        self.asked: list[str] = []

    def next(self, path: str) -> tuple[int, str]:
        self.asked.append(path)
        return self.waiting.pop(0) if len(self.waiting) > 1 else self.waiting[0]


@contextmanager
def server(*answers: tuple[int, str]) -> Iterator[tuple[str, Answers]]:
    script = Answers(*answers)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = script.next(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names the base class looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}", script
        finally:
            running.shutdown()
            thread.join()


def failure(url: str, call: Callable[[Registry], object], **settings: Any) -> OrdertruthError:
    with Registry(url, **{"attempts": 2, **settings}) as registry, pytest.raises(OrdertruthError) as caught:
        call(registry)
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("call", CALLS)
def test_an_outage_names_the_address_and_the_mend(call: Callable[[Registry], object]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    error = failure(url, call)
    assert isinstance(error, UnavailableError)
    assert url in error.message
    assert "SCHEMA_REGISTRY_URL" in error.remediation


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "answer",
    [(500, '{"error_code":50001,"message":"boom"}'), (503, "<html>"), (429, "{}"), (200, "<html>"), (404, "<html>")],
)
def test_a_registry_that_fails_is_unavailable_and_never_an_unknown_id(
    call: Callable[[Registry], object], answer: tuple[int, str]
) -> None:
    with server(answer) as (url, _):
        assert type(failure(url, call)) is UnavailableError


def test_a_registry_that_hangs_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert type(failure(url, CALLS[0], attempts=1, timeout_s=0.2)) is UnavailableError


def test_a_short_outage_is_ridden_out() -> None:
    schema = json.dumps({"schema": '{"type":"record","name":"R","fields":[]}'})
    with server((500, "{}"), (503, "{}"), (200, schema)) as (url, script), Registry(url) as registry:
        assert registry.schema_for_id(7).full_name == "R"
        assert len(script.asked) == 3
        registry.schema_for_id(7)
        assert len(script.asked) == 3, "a schema is fetched once"


def test_retries_are_bounded() -> None:
    with server((500, "{}")) as (url, script):
        failure(url, CALLS[0], attempts=3)
        assert len(script.asked) == 3


def test_an_unknown_id_is_a_record_error_and_is_not_asked_again_at_once() -> None:
    with server((404, '{"error_code":40403,"message":"no"}')) as (url, script), Registry(url) as registry:
        for _ in range(3):
            with pytest.raises(RecordError) as caught:
                registry.schema_for_id(9)
            assert (caught.value.code, caught.value.stage) == ("UNKNOWN_SCHEMA_ID", "decode")
        assert len(script.asked) == 1


@pytest.mark.parametrize("schema_id", [0, 1 << 31, (1 << 32) - 1])
def test_an_id_no_registry_can_give_is_unknown_without_asking(schema_id: int) -> None:
    with server((500, "{}")) as (url, script):
        error = failure(url, lambda r: r.schema_for_id(schema_id))
        assert isinstance(error, RecordError)
        assert error.code == "UNKNOWN_SCHEMA_ID"
        assert script.asked == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"schema": "{}", "schemaType": "JSON"}, "UNKNOWN_SCHEMA_ID"),
        ({"schema": '"string"'}, "UNDECODABLE"),
    ],
)
def test_a_schema_that_cannot_be_read_with_is_the_records_fault(answer: dict[str, str], code: str) -> None:
    with server((200, json.dumps(answer))) as (url, _):
        error = failure(url, CALLS[0])
    assert isinstance(error, RecordError)
    assert error.code == code


@pytest.mark.parametrize("status", [401, 403])
def test_denied_access_is_a_matter_of_settings_and_passwords_are_not_repeated(status: int) -> None:
    with server((status, '{"error_code":40101,"message":"no"}')) as (url, _):
        error = failure(url.replace("://", "://me:secret@"), CALLS[0])
    assert isinstance(error, ConfigurationError)
    assert "secret" not in str(error)


def test_a_refused_schema_carries_the_registrys_reason() -> None:
    level = (200, '{"compatibilityLevel":"FULL_TRANSITIVE"}')
    with server(level, (409, '{"error_code":409,"message":"field x has no default"}')) as (url, _):
        error = failure(url, CALLS[2])
    assert isinstance(error, ContractError)
    assert "field x has no default" in error.message
    assert RECORD in error.message
