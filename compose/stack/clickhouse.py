"""ClickHouse: its engine inside a process of ours that speaks ClickHouse's HTTP interface on the loopback interface."""

from __future__ import annotations

import base64
import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from compose.stack.guarded import GuardedProcess, python_path
from compose.stack.part import answers
from compose.stack.ports import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

USER = "ordertruth"
HTTP_TIMEOUT_S = 5.0
STOP_TIMEOUT_S = 15.0
HTTP_PORT = 8123
HTTPS_PORT = 8443


@dataclass
class ClickHouse:
    """The embedded analytics server; `folder` holds its data, `root` is where the platform's packages are."""

    folder: Path
    log: Path
    root: Path
    password: str
    port: int
    name: str = "clickhouse"

    @property
    def dsn(self) -> str:
        """Its address for the ordinary client, password included; compressing within one machine is waste."""
        return f"clickhouse://{USER}:{self.password}@{LOOPBACK}:{self.port}/default?compress=false"

    def prepare(self) -> None:
        """Make its data folder."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def process(self) -> GuardedProcess:
        """The server, not started; the password travels in its environment, which other users cannot read."""
        return GuardedProcess(
            [sys.executable, "-m", "sinks.clickhouse_server", "--path", str(self.folder), "--port", str(self.port)],
            log_path=self.log,
            env={
                **os.environ,
                "PYTHONPATH": python_path(self.root),
                "CLICKHOUSE_SERVER_USER": USER,
                "CLICKHOUSE_SERVER_PASSWORD": self.password,
            },
            stop_timeout_s=STOP_TIMEOUT_S,
        )

    def check(self) -> str:
        """Ask for its version with SQL."""
        if not answers(self.port):
            raise ConnectionRefusedError
        return server_version(self.dsn)


def server_version(dsn: str) -> str:
    """The version of the server at `dsn`, asked with SQL over HTTP. Raises OSError when it does not answer."""
    parts = urlsplit(dsn)
    secure = parts.scheme in {"https", "clickhouses"} or parts.port == HTTPS_PORT
    port = parts.port or (HTTPS_PORT if secure else HTTP_PORT)
    host = parts.hostname or LOOPBACK
    request = urllib.request.Request(f"{'https' if secure else 'http'}://{host}:{port}/", data=b"SELECT version()")
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        request.add_header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if host == LOOPBACK else []))
    try:
        with opener.open(request, timeout=HTTP_TIMEOUT_S) as answer:
            return str(answer.read().decode().strip())
    except urllib.error.HTTPError as error:
        msg = f"HTTP {error.code}: {error.read(300).decode(errors='replace').strip()}"
        raise ConnectionError(msg) from None
