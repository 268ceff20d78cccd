"""Apicurio Registry: the schema registry, its data in a file so that ids outlive the process."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compose.stack.guarded import GuardedProcess
from compose.stack.part import answers
from compose.stack.ports import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

HTTP_TIMEOUT_S = 5.0
STOP_TIMEOUT_S = 10.0
API = "/apis/ccompat/v7"


@dataclass
class Registry:
    """The embedded schema registry; `home` is the unpacked program, `folder` its data, `heap_mb` in MiB."""

    folder: Path
    log: Path
    java: Path
    home: Path
    port: int
    management_port: int
    heap_mb: int
    name: str = "registry"

    @property
    def url(self) -> str:
        """The address of its Confluent-compatible interface."""
        return f"http://{LOOPBACK}:{self.port}{API}"

    def prepare(self) -> None:
        """Make its data folder."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def process(self) -> GuardedProcess:
        """The registry, not started."""
        # Without WRITE_DELAY=0 the ids registered last are lost with the process, while Kafka keeps the records.
        options = {
            "quarkus.http.host": LOOPBACK,
            "quarkus.http.port": self.port,
            "quarkus.management.host": LOOPBACK,
            "quarkus.management.port": self.management_port,
            "apicurio.storage.kind": "sql",
            "apicurio.storage.sql.kind": "h2",
            "apicurio.datasource.url": f"jdbc:h2:file:{self.folder / 'db'};WRITE_DELAY=0",
            "apicurio.datasource.jdbc.initial-size": 2,
            "apicurio.datasource.jdbc.min-size": 2,
            "quarkus.banner.enabled": "false",
        }
        command = [
            str(self.java),
            f"-Xmx{self.heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            "--enable-native-access=ALL-UNNAMED",
            *(f"-D{name}={value}" for name, value in options.items()),
            "-jar",
            str(self.home / "quarkus-run.jar"),
        ]
        return GuardedProcess(command, log_path=self.log, cwd=self.folder, stop_timeout_s=STOP_TIMEOUT_S)

    def check(self) -> str:
        """Ask for its subjects, as clients do, and for its version."""
        if not answers(self.port):
            raise ConnectionRefusedError
        get_json(f"{self.url}/subjects")
        info = get_json(f"http://{LOOPBACK}:{self.port}/apis/registry/v3/system/info")
        return str(info["version"])


def get_json(url: str, timeout_s: float = HTTP_TIMEOUT_S) -> Any:
    """What a registry answers to a GET, decoded. Raises OSError or ValueError when it does not answer properly."""
    request = urllib.request.Request(url, headers={"Accept": "application/json, */*"})
    # Proxies are for the outside; the registry named here is asked directly when it is on this machine.
    opener = urllib.request.build_opener(
        *([urllib.request.ProxyHandler({})] if f"//{LOOPBACK}:" in url or "//localhost:" in url else [])
    )
    with opener.open(request, timeout=timeout_s) as answer:
        return json.loads(answer.read())
