"""The command line: tokens, the server as a process, and one order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from compose.cli import app
from sinks.postgres.sink import PostgresSink
from sinks.tables import TABLES
from tests.conftest import REPOSITORY
from tests.console.conftest import TENANT
from tests.console.enterprise import records, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compose.settings import Settings
    from compose.stack.endpoints import Endpoints

pytestmark = pytest.mark.stack

ORDER = records()["order_state"][0]
SHOWN = ("order_state", "order_status_support", "order_timeline", "quote_timeline")


class Shell:
    """`ordertruth` against the session's stack: within this process, and as a process of its own."""

    def __init__(self, settings: Settings) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ORDERTRUTH_", "KAFKA_", "DATABASE_URL"))}
        self._own = {"ORDERTRUTH_STATE_DIR": str(settings.state_path)}
        self._environment = {**clean, **self._own, "PYTHONPATH": str(REPOSITORY)}

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "compose.cli", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self._environment, stdout=pipe, stderr=pipe, text=True)

    def run(self, *words: str, status: int = 0) -> str:
        """What is printed, and for a failure what is said about it."""
        done = CliRunner().invoke(app, words, env=self._own)
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))


@pytest.fixture(scope="module")
def shell(stack: Endpoints, stack_settings: Settings) -> Iterator[Shell]:
    with PostgresSink(stack.database_url, TABLES) as sink:
        sink.setup()
        topics = {table.name: table.topic for table in TABLES}
        for name in SHOWN:
            sink.reset(topics[name])
            write(sink, name, records()[name])
        yield Shell(stack_settings)
        for name in SHOWN:
            sink.reset(topics[name])


def test_tokens_are_made_listed_and_revoked(shell: Shell) -> None:
    made = shell.json("tokens", "create", "ada", "--tenant", TENANT, "--scope", "support", "--scope", "finance")
    assert made["token"].startswith("ot_")
    assert made["scopes"] == ["finance", "support"]
    assert made["token"] not in shell.run("tokens", "list")
    assert shell.json("tokens", "revoke", made["id"])["revoked_at"]
    (kept,) = [t for t in shell.json("tokens", "list")["tokens"] if t["id"] == made["id"]]
    assert kept["revoked_at"]
    assert "no token" in shell.run("tokens", "revoke", "nothing", status=2)
    assert "account" in shell.run("tokens", "create", "x", "--tenant", TENANT, "--scope", "customer", status=2)
    assert "no scope" in shell.run("tokens", "create", "x", "--tenant", TENANT, "--scope", "king", status=2)


def test_the_server_answers_and_ends_when_told(shell: Shell) -> None:
    token = shell.run("tokens", "create", "ada", "--tenant", TENANT, "--scope", "operations").strip()
    server = shell.start("console", "--port", "0")
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[5].rstrip(";")
        with urllib.request.urlopen(f"{address}/health/ready", timeout=20) as answer:
            assert json.load(answer) == {"ready": True}
        request = urllib.request.Request(f"{address}/orders/{ORDER['orderId']}")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=20)
        request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert json.load(answer)["data"]["orderNumber"] == ORDER["orderNumber"]
    finally:
        server.send_signal(signal.SIGTERM)
        _, said = server.communicate(timeout=30)
    assert server.returncode in (0, 128 + signal.SIGTERM), said
    assert "Traceback" not in said
    assert token not in said


def test_an_order_on_the_command_line(shell: Shell) -> None:
    order_id = ORDER["orderId"]
    shown = shell.run("order", "show", order_id)
    assert ORDER["state"] in shown
    assert "oms decides" in shown
    assert shell.json("order", "status", order_id)["data"]["state"] == ORDER["state"]
    assert "ProductOrderCompleted" in shell.run("order", "timeline", order_id)
    assert "has nothing under" in shell.run("order", "show", f"{TENANT}:none", status=1)
    assert "whole id" in shell.run("order", "show", "without-tenant", status=2)
    assert "no audience" in shell.run("order", "status", order_id, "--audience", "king", status=2)
