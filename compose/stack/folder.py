"""The state folder: where everything the embedded stack keeps lies."""

from __future__ import annotations

import base64
import json
import os
import secrets
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from domain.errors import ConfigurationError, IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

LAYOUT = 1
SECRET_BYTES = 24
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
# Others may pass through (PostgreSQL runs as a user of its own when the owner is root) and see nothing.
FOLDER_MODE = 0o711


class StateFolder:
    """Paths and small files of a state folder.

    `state.json` says which layout the folder has, the Kafka cluster id and whether Kafka has users; `secrets.json`
    holds the passwords of the embedded services and of Kafka's users; `ports.json` the chosen ports; `stack.json` what
    runs (see `record`); `denials` is what Kafka's authoriser refused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state_file = path / "state.json"
        self.secrets_file = path / "secrets.json"
        self.ports_file = path / "ports.json"
        self.record_file = path / "stack.json"
        self.schema_ids_file = path / "registry-ids.json"
        self.start_lock = path / "start.lock"
        self.supervisor_lock = path / "supervisor.lock"
        self.logs = path / "logs"
        self.denials = self.logs / "kafka-authorizer.log"

    def part(self, name: str) -> Path:
        """The folder of one part's data."""
        return self.path / name

    def log(self, name: str) -> Path:
        """The log file of one part."""
        return self.logs / f"{name}.log"

    def prepare(self) -> None:
        """Create the folder, or see that it is ours and can be written.

        Raises ConfigurationError when it cannot be used, IntegrityError when its files are damaged or of another
        layout.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if self.state_file.exists():
                self.check()
            else:
                self._refuse_foreign()
                write_json(
                    self.state_file,
                    {"layout": LAYOUT, "cluster_id": _cluster_id(), "created": datetime.now(UTC).isoformat()},
                )
            if not os.access(self.path, os.W_OK | os.X_OK):
                raise PermissionError(13, "not writable", str(self.path))
            self.path.chmod(FOLDER_MODE)
            self.logs.mkdir(exist_ok=True)
        except OSError as error:
            msg = f"The state folder {self.path} cannot be used: {error.strerror or error}."
            raise ConfigurationError(
                msg, remediation="Correct its permissions, or set ORDERTRUTH_STATE_DIR to a folder of yours."
            ) from None

    def check(self) -> dict[str, Any]:
        """Read `state.json`. Raises IntegrityError when it is damaged or of another layout."""
        state = read_json(self.state_file)
        if state.get("layout") != LAYOUT or not isinstance(state.get("cluster_id"), str):
            msg = f"{self.state_file} describes layout {state.get('layout')!r}, and this version reads {LAYOUT}."
            raise IntegrityError(
                msg,
                remediation="Use the version that made it, or another ORDERTRUTH_STATE_DIR, or delete the folder "
                "to start from nothing.",
            )
        return state

    @property
    def is_secure(self) -> bool:
        """Whether its Kafka was begun with users and grants, and therefore always has them."""
        return self.state_file.exists() and self.check().get("secure") is True

    def make_secure(self) -> None:
        """Note that its Kafka has users from the first start on.

        Raises ConfigurationError when there are data already: an open broker has no user that could make others.
        """
        if self.is_secure:
            return
        if (self.part("kafka") / "data").exists():
            msg = f"Kafka's data in {self.path} were begun without users."
            raise ConfigurationError(
                msg, remediation="Set ORDERTRUTH_STATE_DIR to a new folder for a secure stack, or delete this one."
            )
        write_json(self.state_file, {**self.check(), "secure": True})

    def _refuse_foreign(self) -> None:
        strange = [p.name for p in self.path.iterdir() if p.name not in {"cache", "logs", "start.lock"}]
        if strange:
            msg = f"{self.path} has no state.json and holds other things ({', '.join(sorted(strange)[:3])})."
            raise IntegrityError(
                msg, remediation="Restore state.json, or set ORDERTRUTH_STATE_DIR to an empty or new folder."
            )

    def secret(self, name: str) -> str:
        """The password of a service, made on first use."""
        known = read_json(self.secrets_file) if self.secrets_file.exists() else {}
        if not isinstance(known.get(name), str):
            known[name] = secrets.token_urlsafe(SECRET_BYTES)
            write_json(self.secrets_file, known)
        return str(known[name])

    def kept_ports(self) -> dict[str, int]:
        """The ports of the last start; nothing when they are unreadable, because new ones do no harm."""
        try:
            kept = read_json(self.ports_file) if self.ports_file.exists() else {}
        except IntegrityError:
            return {}
        return {name: port for name, port in kept.items() if isinstance(port, int)}


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises IntegrityError, with the mend, when the file does not hold one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read: {error}."
        raise IntegrityError(msg, remediation=_mend(path)) from None
    if not isinstance(value, dict):
        msg = f"{path} does not hold a JSON object."
        raise IntegrityError(msg, remediation=_mend(path))
    return value


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a private JSON file in one step: a reader sees the old or the new content, a crash neither half."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE), "w") as file:
        json.dump(value, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _mend(path: Path) -> str:
    if path.name == "stack.json":
        return f"Run `ordertruth down` and delete {path}: it only says what runs; no data is in it."
    return f"Restore {path}, or delete the folder {path.parent} to start from nothing."


def _cluster_id() -> str:
    """22 characters as Kafka gives them: never with a leading `-`, which command lines take for an option."""
    while (made := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made
