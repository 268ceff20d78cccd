"""The command line on a state folder of its own, as a user has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from compose.settings import Settings
from compose.stack.endpoints import Endpoints
from compose.stack.folder import StateFolder
from compose.stack.ports import is_free
from compose.stack.record import StackRecord
from tests.conftest import EMBEDDED, REPOSITORY
from tests.stack.processes import mentioning

ELSEWHERE = ("ORDERTRUTH_", "KAFKA_", "SCHEMA_REGISTRY_URL", "DATABASE_URL", "CLICKHOUSE_DSN")


class Installation:
    """`ordertruth` with one state folder; `out` is where JSON goes, `said` what was printed beside it."""

    def __init__(self, state_dir: Path, cache_dir: Path) -> None:
        self.folder = StateFolder(state_dir)
        self.settings = Settings(state_dir=state_dir, cache_dir=cache_dir, _env_file=None, **EMBEDDED)
        self.out = state_dir.parent / "out.json"
        self.said = ""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(ELSEWHERE)}
        self.environment = {
            **clean,
            "PYTHONPATH": str(REPOSITORY),
            "ORDERTRUTH_STATE_DIR": str(state_dir),
            "ORDERTRUTH_CACHE_DIR": str(cache_dir),
        }

    def run(self, *words: str, timeout_s: float = 120, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "compose.cli", *words],
            env={**self.environment, **environ},
            cwd=self.out.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def json(self, *words: str, status: int = 0, timeout_s: float = 120) -> dict[str, Any]:
        """What a command writes with `--json PATH`; it must end with this status and show no traceback."""
        self.out.unlink(missing_ok=True)
        done = self.run(*words, "--json", str(self.out), timeout_s=timeout_s)
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        self.said = done.stdout
        value = json.loads(self.out.read_text())
        assert isinstance(value, dict)
        return value

    @property
    def endpoints(self) -> Endpoints:
        record = StackRecord.read(self.folder.record_file)
        assert record is not None
        assert record.endpoints is not None
        return record.endpoints

    def left_over(self) -> list[str]:
        """Our processes that run and our ports that are taken: those of the stack and its workers."""
        found = [f"process {pid}" for pid in {*mentioning(self.folder.path), *self._living_by_environment()}]
        return found + [f"port {port} ({name})" for name, port in self.folder.kept_ports().items() if not is_free(port)]

    def _living_by_environment(self) -> list[int]:
        """Workers name the state folder in their environment alone."""
        found = []
        for process in psutil.process_iter():
            try:
                named = process.environ().get("ORDERTRUTH_STATE_DIR") == str(self.folder.path)
                if named and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found
