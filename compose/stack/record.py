"""What runs: the file the supervisor writes and everyone else reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import psutil

from compose.stack.endpoints import Endpoints
from compose.stack.folder import read_json, write_json
from domain.errors import ConfigurationError, IntegrityError, OrdertruthError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

# The kernel counts in clock ticks since boot; the boot time itself is only known to the second.
START_TOLERANCE_S = 2.0
_ERRORS: dict[str, type[OrdertruthError]] = {
    error.__name__: error for error in (ConfigurationError, UnavailableError, IntegrityError)
}


@dataclass(frozen=True)
class ProcessId:
    """A process, told apart from a later one with the same number; `started` is in seconds since 1970."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The running process with this number, if there is one."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    def process(self) -> psutil.Process | None:
        """The process while it lives; None when it has ended or its number now belongs to another."""
        try:
            found = psutil.Process(self.pid)
            if abs(found.create_time() - self.started) > START_TOLERANCE_S:
                return None
            return None if found.status() == psutil.STATUS_ZOMBIE else found
        except psutil.Error:
            return None


def holder(lock: Path) -> ProcessId | None:
    """The living supervisor that wrote its name into its lock file.

    It is found this way even when the record is lost or damaged.
    """
    try:
        pid, started = lock.read_text(encoding="ascii").split()
        named = ProcessId(int(pid), float(started))
    except (OSError, ValueError):
        return None
    return named if named.process() is not None else None


@dataclass(frozen=True)
class PartRecord:
    """One part: `state` is starting, healthy, failed, stopped or external; `since` in seconds since 1970."""

    name: str
    state: str
    address: str = ""
    port: int | None = None
    version: str = ""
    process: ProcessId | None = None
    since: float = 0.0
    detail: str = ""
    log: str = ""


@dataclass(frozen=True)
class Failure:
    """Why a start failed, to be raised again in another process."""

    kind: str
    message: str
    remediation: str

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Describe an error; what is not of the platform's own tree counts as an unavailable part."""
        if isinstance(error, OrdertruthError):
            return cls(type(error).__name__, error.message, error.remediation)
        text = f"The stack's supervisor failed: {type(error).__name__}: {error}."
        return cls(UnavailableError.__name__, text, "Run `ordertruth doctor`.")

    def error(self) -> OrdertruthError:
        """The error to raise."""
        return _ERRORS.get(self.kind, UnavailableError)(self.message, remediation=self.remediation)


@dataclass(frozen=True)
class StackRecord:
    """The stack: `phase` is starting, running, stopping or failed.

    `run_id` tells one start from the next; `owner` is the process it ends with, None when it runs until `down`.
    """

    run_id: str
    phase: str
    supervisor: ProcessId
    owner: int | None = None
    parts: dict[str, PartRecord] = field(default_factory=dict)
    endpoints: Endpoints | None = None
    failure: Failure | None = None

    @property
    def is_alive(self) -> bool:
        """Whether its supervisor runs."""
        return self.supervisor.process() is not None

    @property
    def broken(self) -> list[str]:
        """The parts that should run and do not."""
        return [
            name
            for name, part in self.parts.items()
            if part.state == "failed"
            or (part.state == "healthy" and (part.process is None or part.process.process() is None))
        ]

    def with_part(self, name: str, **changes: Any) -> StackRecord:
        """The record with one part changed."""
        return replace(self, parts={**self.parts, name: replace(self.parts[name], **changes)})

    def write(self, path: Path) -> None:
        """Write it in one step, readable by its owner only: the endpoints hold passwords."""
        value = {**asdict(self), "endpoints": self.endpoints.to_json() if self.endpoints else None}
        write_json(path, value)

    @classmethod
    def read(cls, path: Path) -> StackRecord | None:
        """What is recorded, None when nothing is. Raises IntegrityError when the file is damaged."""
        if not path.exists() and not path.is_symlink():
            return None
        value = read_json(path)
        try:
            return cls(
                run_id=str(value["run_id"]),
                phase=str(value["phase"]),
                supervisor=ProcessId(**value["supervisor"]),
                owner=value["owner"],
                parts={name: _part(part) for name, part in value["parts"].items()},
                endpoints=Endpoints.from_json(value["endpoints"]) if value["endpoints"] else None,
                failure=Failure(**value["failure"]) if value["failure"] else None,
            )
        except (KeyError, TypeError, AttributeError) as error:
            msg = f"{path} is damaged: {error}."
            raise IntegrityError(
                msg, remediation=f"Run `ordertruth down` and delete {path}: it only says what runs; no data is in it."
            ) from None


def _part(value: dict[str, Any]) -> PartRecord:
    process = value.pop("process", None)
    return PartRecord(**value, process=ProcessId(**process) if process else None)
