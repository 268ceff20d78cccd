"""What is missing or wrong, and how to mend it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compose.observe.outside import view_workers
from compose.settings import load_settings
from compose.stack.assembly import embedded_names, jar_cache, java
from compose.stack.endpoints import BROKER_OBSERVER
from compose.stack.folder import StateFolder, read_json
from compose.stack.jars import JAVA_PARTS, OFFLINE_HELP
from compose.stack.part import PARTS
from compose.stack.ports import is_free
from compose.stack.postgres import bin_folder
from compose.stack.record import StackRecord
from compose.stack.view import protection, view
from domain.errors import ConfigurationError, IntegrityError, OrdertruthError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from compose.settings import Settings

PYTHON_OLDEST = (3, 11)
DISK_LEAST_BYTES = 2 * 1024**3
GIBIBYTE = 1024**3
OTHERS_MAY = 0o077
JAVA_TIMEOUT_S = 20
RESTART = "Run `ordertruth up`; it starts what is missing."


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `verdict` is ok, warn or fail; `exit_code` is that of its error, 0 when it is well."""

    subject: str
    verdict: str
    detail: str
    mend: str = ""
    exit_code: int = 0


def examine() -> list[Finding]:
    """Look at everything, even after something was found wrong; never raises for what it finds."""
    findings = [_python()]
    try:
        settings = load_settings()
    except ConfigurationError as error:
        return [*findings, _failed("settings", error)]
    findings += [Finding("settings", "ok", _summary(settings)), _compiled()]
    folder = StateFolder(settings.state_path)
    embedded = embedded_names(settings)
    looks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("state folder", lambda: _folder(folder)),
        ("disk", lambda: _disk(folder.path)),
    ]
    if any(name in JAVA_PARTS for name in embedded):
        looks += [("java", _java), ("jars", lambda: _jars(settings, embedded))]
    if "postgres" in embedded:
        looks.append(("postgresql programs", _postgres))
    looks += [
        ("stack", lambda: _stack(settings, folder)),
        ("kafka access", lambda: _access(settings, folder)),
        ("ports", lambda: _ports(settings, folder)),
        ("workers", lambda: _workers(settings, folder)),
    ]
    for subject, look in looks:
        try:
            findings.extend(look())
        except OrdertruthError as error:
            findings.append(_failed(subject, error))
        except OSError as error:
            findings.append(_failed(subject, UnavailableError(str(error))))
    return findings


def _failed(subject: str, error: OrdertruthError) -> Finding:
    return Finding(subject, "fail", error.message, error.remediation, error.exit_code)


def _python() -> Finding:
    version = ".".join(str(number) for number in sys.version_info[:3])
    if sys.version_info[:2] >= PYTHON_OLDEST:
        return Finding("python", "ok", version)
    return Finding("python", "fail", f"{version} is too old", "Use Python 3.11 or newer.", 2)


def _compiled() -> Finding:
    """What every event goes through is fast when it was compiled, and right in either case."""
    from streams import order_state

    if str(order_state.__file__).endswith(".py"):
        detail = "what every event goes through runs as plain Python, several times slower"
        return Finding("compiled modules", "warn", detail, "Install a C compiler and run `make compile`.")
    return Finding("compiled modules", "ok", "in use")


def _summary(settings: Settings) -> str:
    embedded = embedded_names(settings)
    outside = [name for name in PARTS if name not in embedded]
    return f"embedded: {', '.join(embedded) or 'none'}; existing services: {', '.join(outside) or 'none'}"


def _folder(folder: StateFolder) -> Iterator[Finding]:
    if not folder.path.exists():
        yield Finding("state folder", "ok", f"{folder.path} will be made")
        return
    if not folder.path.is_dir():
        msg = f"{folder.path} is not a folder."
        raise ConfigurationError(msg, remediation="Remove it, or set ORDERTRUTH_STATE_DIR.")
    if not os.access(folder.path, os.R_OK | os.W_OK | os.X_OK):
        msg = f"{folder.path} cannot be written by this user."
        raise ConfigurationError(msg, remediation="Correct its permissions, or set ORDERTRUTH_STATE_DIR.")
    if folder.state_file.exists():
        folder.check()
    for file in (folder.secrets_file, folder.ports_file, folder.schema_ids_file):
        if file.exists():
            read_json(file)
    data = folder.part("kafka") / "data"
    if data.exists() and not (data / "meta.properties").is_file():
        msg = f"Kafka's data folder {data} has no meta.properties: it is damaged."
        raise IntegrityError(
            msg, remediation="Restore it from a copy, or delete the whole state folder to start from nothing."
        )
    data = folder.part("postgres") / "data"
    if data.exists() and not (data / "PG_VERSION").is_file():
        msg = f"The database folder {data} has no PG_VERSION: it is damaged."
        raise IntegrityError(
            msg, remediation="Restore it from a copy, or delete the whole state folder to start from nothing."
        )
    yield Finding("state folder", "ok", str(folder.path))


def _disk(path: Path) -> Iterator[Finding]:
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free
    detail = f"{free / GIBIBYTE:.1f} GiB free"
    if free < DISK_LEAST_BYTES:
        yield Finding("disk", "fail", f"only {detail}", "Free some space, or set ORDERTRUTH_STATE_DIR.", 3)
    else:
        yield Finding("disk", "ok", detail)


def _java() -> Iterator[Finding]:
    program = java()
    done = subprocess.run(
        [str(program), "-version"], capture_output=True, text=True, timeout=JAVA_TIMEOUT_S, check=False
    )
    lines = done.stderr.strip().splitlines() or ["no answer"]
    if done.returncode:
        msg = f"{program} does not run: {lines[0]}."
        raise UnavailableError(msg, remediation="Run `make setup` again to install it anew.")
    yield Finding("java", "ok", lines[0])


def _jars(settings: Settings, embedded: tuple[str, ...]) -> Iterator[Finding]:
    cache = jar_cache(settings)
    wanted = [name for name in embedded if name in JAVA_PARTS]
    missing = cache.missing(wanted)
    if missing:
        names = ", ".join(jar.path.name for jar in missing[:3]) + (", ..." if len(missing) > 3 else "")
        yield Finding(
            "jars",
            "warn",
            f"{len(missing)} of {len(cache.jars)} files are missing or damaged in {cache.folder}: {names}",
            f"`ordertruth up` fetches them. {OFFLINE_HELP}",
        )
    else:
        yield Finding("jars", "ok", f"complete in {cache.folder}")


def _postgres() -> Iterator[Finding]:
    yield Finding("postgresql programs", "ok", str(bin_folder()))


def _stack(settings: Settings, folder: StateFolder) -> Iterator[Finding]:
    record, parts = view(settings)
    if record is not None and not record.is_alive:
        if record.failure is not None:
            yield Finding("last start", "warn", record.failure.message, record.failure.remediation)
        else:
            yield Finding(
                "stack record",
                "warn",
                f"{folder.record_file} is stale: its supervisor (pid {record.supervisor.pid}) is gone",
                "Run `ordertruth down` to clean up, or `ordertruth up` to start again.",
            )
    running = record is not None and record.is_alive
    for part in parts:
        subject = f"{part.title}"
        if part.is_good:
            yield Finding(subject, "ok", f"{part.state} at {part.address}")
        elif part.state == "down" and not running:
            yield Finding(subject, "ok", "not running")
        else:
            log = folder.log(part.name)
            why = part.detail or part.state
            mend = RESTART if running else "Start the service or correct the setting that names it."
            yield Finding(subject, "fail", why, f"{mend} Its log is {log}." if running else mend, 3)


def _access(settings: Settings, folder: StateFolder) -> Iterator[Finding]:
    """Who may write what, whether passwords are private, and whether refusals are recorded."""
    record = StackRecord.read(folder.record_file)
    endpoints = record.endpoints if record is not None and record.is_alive else None
    if endpoints is not None:
        yield Finding("kafka access", "ok", protection(endpoints))
    elif "kafka" in embedded_names(settings):
        secure = folder.is_secure or settings.stack.secure
        yield Finding("kafka access", "ok", "secure when it is started" if secure else "open when it is started")
    private = [folder.secrets_file, folder.record_file]
    private += [folder.part("kafka") / "server.properties"] if folder.is_secure else []
    if shown := [file for file in private if file.exists() and file.stat().st_mode & OTHERS_MAY]:
        mend = f"Run `chmod 600 {' '.join(map(str, shown))}`, and take a new state folder if others may have read them."
        yield Finding("passwords", "fail", f"others may read {', '.join(f.name for f in shown)}", mend, 2)
    if endpoints is not None and endpoints.denials:
        watching = any(w.app == BROKER_OBSERVER and w.is_good for w in view_workers(settings.state_path, None, 0.0))
        if not watching:
            mend = f"Start `ordertruth worker {BROKER_OBSERVER}`; it reads the log from its beginning."
            yield Finding(BROKER_OBSERVER, "warn", "nobody records what Kafka refuses", mend)


def _ports(settings: Settings, folder: StateFolder) -> Iterator[Finding]:
    record = StackRecord.read(folder.record_file)
    if record is not None and record.is_alive:
        return
    for name in embedded_names(settings):
        port = getattr(settings.stack, f"{name}_port")
        if port is not None and not is_free(port):
            setting = f"ORDERTRUTH_STACK__{name.upper()}_PORT"
            msg = f"{setting}: port {port} is taken by another process."
            raise ConfigurationError(
                msg, remediation="Stop that process, set another port, or remove the setting to have one chosen."
            )
    yield Finding("ports", "ok", "free")


def _workers(settings: Settings, folder: StateFolder) -> Iterator[Finding]:
    record = StackRecord.read(folder.record_file)
    endpoints = record.endpoints if record is not None and record.is_alive else None
    for worker in view_workers(settings.state_path, endpoints, time.time()):
        subject = f"{worker.app}/{worker.instance}"
        detail = f"{worker.state} at {worker.health}" + (f": {worker.detail}" if worker.detail else "")
        if worker.state == "ready":
            yield Finding(subject, "ok", detail)
        elif worker.is_good:
            yield Finding(subject, "warn", detail, worker.what_to_do)
        else:
            yield Finding(subject, "fail", detail, worker.what_to_do, 3)
