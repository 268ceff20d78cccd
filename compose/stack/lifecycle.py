"""Bringing the stack up and down, and using it for the length of a block."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

from compose.stack.assembly import ROOT, embedded_names, jar_cache, java
from compose.stack.folder import StateFolder
from compose.stack.guarded import GuardedProcess, python_path
from compose.stack.jars import JAVA_PARTS
from compose.stack.part import tail
from compose.stack.progress import Silent
from compose.stack.record import StackRecord, holder
from compose.stack.supervisor import SETTINGS_VARIABLE
from domain.errors import ConfigurationError, IntegrityError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compose.settings import Settings
    from compose.stack.endpoints import Endpoints
    from compose.stack.progress import Reporter

POLL_S = 0.05
APPEAR_S = 30.0
STOP_S = 60.0


def up(settings: Settings, reporter: Reporter | None = None) -> Endpoints:
    """Start the stack, or mend one that has lost a part, and leave it running; returns where everything is.

    Raises ConfigurationError, IntegrityError, or UnavailableError naming the part; nothing is left running then.
    """
    told = reporter or Silent()
    folder = StateFolder(settings.state_path)
    folder.prepare()
    with _start_lock(folder):
        running = _reuse(settings, folder, told)
        if running is not None:
            return running
        _fetch(settings, told)
        run_id = uuid.uuid4().hex
        try:
            _spawn_detached(settings, folder, run_id)
            return _await(folder, run_id, told, settings)
        except BaseException:
            # Ctrl-C, a failed part: a half-started stack must not stay behind.
            _take_down(folder)
            raise


def down(settings: Settings, reporter: Reporter | None = None) -> bool:
    """Stop the stack and wait until nothing of it is left; returns whether there was one.

    Raises UnavailableError when a process cannot be stopped.
    """
    folder = StateFolder(settings.state_path)
    if not folder.path.is_dir():
        return False
    return _take_down(folder, reporter or Silent())


def current(settings: Settings) -> StackRecord | None:
    """What is recorded of the stack; None when nothing runs. Raises IntegrityError when the record is damaged."""
    return StackRecord.read(StateFolder(settings.state_path).record_file)


@contextmanager
def running_stack(settings: Settings, reporter: Reporter | None = None) -> Iterator[Endpoints]:
    """A stack for the length of a block: the one that runs, else one that is stopped at the end of the block.

    A stack started here is tied to this process: when it dies, however it dies, everything stops. Raises as `up`.
    """
    told = reporter or Silent()
    folder = StateFolder(settings.state_path)
    folder.prepare()
    tied: GuardedProcess | None = None
    try:
        with _start_lock(folder):
            endpoints = _reuse(settings, folder, told)
            if endpoints is None:
                _fetch(settings, told)
                run_id = uuid.uuid4().hex
                tied = GuardedProcess(
                    [sys.executable, "-m", "compose.stack.supervisor"],
                    log_path=folder.log("supervisor"),
                    env=_environment(settings, run_id, os.getpid()),
                    cwd=None,
                    stop_timeout_s=STOP_S,
                )
                tied.start()
                endpoints = _await(folder, run_id, told, settings)
        yield endpoints
    finally:
        if tied is not None:
            tied.stop()


def _reuse(settings: Settings, folder: StateFolder, told: Reporter) -> Endpoints | None:
    """The endpoints of the running stack, mended if a part has ended; None when none runs."""
    record = StackRecord.read(folder.record_file)
    if record is None:
        _stop_unrecorded(folder, told)
    if record is None or not record.is_alive or record.phase in {"failed", "stopping"}:
        if record is not None and record.is_alive:
            _take_down(folder)
        return None
    if record.phase == "running":
        _refuse_other_settings(settings, record)
        if record.broken:
            os.kill(record.supervisor.pid, signal.SIGHUP)
            _await_repair(folder, record.broken, settings, told)
    return _await(folder, record.run_id, told, settings)


def _refuse_other_settings(settings: Settings, record: StackRecord) -> None:
    wanted = frozenset(embedded_names(settings))
    if record.endpoints is not None and record.endpoints.embedded != wanted:
        msg = "The stack that runs was started with other settings: it embeds "
        msg += f"{', '.join(sorted(record.endpoints.embedded))}, and these settings {', '.join(sorted(wanted))}."
        raise ConfigurationError(msg, remediation="Run `ordertruth down` first.")
    if settings.stack.secure and record.endpoints is not None and not record.endpoints.is_secure:
        msg = "The stack that runs is not secure: its Kafka has no users."
        mend = (
            "Set ORDERTRUTH_STATE_DIR to a new folder for a secure stack, or run `ordertruth down` and delete this one."
        )
        raise ConfigurationError(msg, remediation=mend)


def _await_repair(folder: StateFolder, broken: list[str], settings: Settings, told: Reporter) -> None:
    deadline = time.monotonic() + settings.stack.start_timeout_s + APPEAR_S
    seen_starting = False
    while time.monotonic() < deadline:
        record = StackRecord.read(folder.record_file)
        if record is None or not record.is_alive:
            break
        _tell(record, told)
        states = [record.parts[name].state for name in broken]
        seen_starting = seen_starting or "starting" in states
        if all(state == "healthy" for state in states) and not record.broken:
            return
        if seen_starting and "failed" in states and "starting" not in states:
            break
        time.sleep(POLL_S)
    msg = f"These parts could not be started again: {', '.join(broken)}."
    raise UnavailableError(msg, remediation=f"See the logs in {folder.logs}, or run `ordertruth down` and `up`.")


def _fetch(settings: Settings, told: Reporter) -> None:
    wanted = [name for name in embedded_names(settings) if name in JAVA_PARTS]
    if wanted:
        java()
        jar_cache(settings).ensure(told.download, wanted)


def _environment(settings: Settings, run_id: str, owner: int | None) -> dict[str, str]:
    plan = {"settings": settings.revealed(), "run_id": run_id, "owner": owner}
    return {**os.environ, "PYTHONPATH": python_path(ROOT), SETTINGS_VARIABLE: json.dumps(plan)}


def _spawn_detached(settings: Settings, folder: StateFolder, run_id: str) -> None:
    with folder.log("supervisor").open("ab") as output:
        done = subprocess.run(
            [sys.executable, "-m", "compose.stack.supervisor", "--detach"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=_environment(settings, run_id, None),
            start_new_session=True,
            check=False,
        )
    if done.returncode:
        msg = f"The stack's supervisor could not be started:\n{tail(folder.log('supervisor'))}\n"
        raise UnavailableError(msg, remediation="Run `make setup` again, then `ordertruth doctor`.")


def _await(folder: StateFolder, run_id: str, told: Reporter, settings: Settings) -> Endpoints:
    """Follow a start until it is done. Raises what the supervisor recorded when it failed."""
    appeared = time.monotonic() + APPEAR_S
    deadline = appeared + settings.stack.start_timeout_s
    while time.monotonic() < deadline:
        record = _read_quietly(folder)
        mine = record if record is not None and record.run_id == run_id else None
        if mine is not None:
            _tell(mine, told)
            if mine.failure is not None:
                raise mine.failure.error()
            if mine.phase == "running" and mine.endpoints is not None:
                return mine.endpoints
        if (mine is None and time.monotonic() > appeared) or (mine is not None and not mine.is_alive):
            break
        time.sleep(POLL_S)
    msg = f"The stack's supervisor ended or does not answer:\n{tail(folder.log('supervisor'))}\n"
    raise UnavailableError(msg, remediation=f"See {folder.logs}, and run `ordertruth doctor`.")


def _read_quietly(folder: StateFolder) -> StackRecord | None:
    # A damaged record of an earlier run is about to be replaced by the new supervisor.
    with suppress(IntegrityError):
        return StackRecord.read(folder.record_file)
    return None


def _tell(record: StackRecord, told: Reporter) -> None:
    told.parts(
        {name: part.state for name, part in record.parts.items()},
        {name: part.detail or part.address for name, part in record.parts.items()},
    )


def _take_down(folder: StateFolder, told: Reporter | None = None) -> bool:
    try:
        record = StackRecord.read(folder.record_file)
    except IntegrityError:
        if _stop_unrecorded(folder, told or Silent()):
            return True
        raise
    if record is None:
        return _stop_unrecorded(folder, told or Silent())
    supervisor = record.supervisor.process()
    parts = [p.process.process() for p in record.parts.values() if p.process]
    left = [process for process in parts if process is not None]
    if supervisor is not None:
        with suppress(psutil.NoSuchProcess):
            supervisor.terminate()
        _wait_gone(supervisor, folder, told or Silent())
    _, alive = psutil.wait_procs(left, timeout=STOP_S if supervisor else 0.0)
    for process in alive:
        # Supervisor and guard were both killed: nobody else stops what they left.
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(alive, timeout=STOP_S)
    if alive:
        msg = f"These processes of the stack did not stop: {', '.join(str(p.pid) for p in alive)}."
        raise UnavailableError(msg, remediation="Stop them by hand.")
    failed = _read_quietly(folder)
    if failed is None or failed.failure is None or failed.run_id != record.run_id:
        folder.record_file.unlink(missing_ok=True)
    return supervisor is not None or bool(left)


def _stop_unrecorded(folder: StateFolder, told: Reporter) -> bool:
    """Stop a supervisor whose record is lost or damaged; whether there was one."""
    found = holder(folder.supervisor_lock)
    process = found.process() if found else None
    if process is None:
        return False
    with suppress(psutil.NoSuchProcess):
        process.terminate()
    _wait_gone(process, folder, told)
    return True


def _wait_gone(supervisor: psutil.Process, folder: StateFolder, told: Reporter) -> None:
    deadline = time.monotonic() + STOP_S
    while supervisor.is_running() and supervisor.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            # Its guards stop the parts when it is gone.
            supervisor.kill()
            return
        record = _read_quietly(folder)
        if record is not None:
            _tell(record, told)
        time.sleep(POLL_S)


@contextmanager
def _start_lock(folder: StateFolder) -> Iterator[None]:
    """Only one start at a time for a state folder; the others wait and then find the stack running."""
    with folder.start_lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
