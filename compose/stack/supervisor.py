"""The process that owns the stack: starts the parts under guards, looks after them, and stops them.

Run as `python -m compose.stack.supervisor [--detach]` with its settings in STACK_SUPERVISOR_SETTINGS. Order of a stop:

1. the schema ids are recorded, while the registry still answers;
2. every part is asked to stop, all at once, and waited for;
3. the record is removed, which tells everyone that nothing runs;
4. the lock is released with the process.

SIGTERM stops, SIGHUP starts again the parts that have ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psutil
import structlog

from compose.logs import configure_logs, log_what_nobody_caught
from compose.settings import Settings
from compose.stack.assembly import assemble
from compose.stack.endpoints import masked
from compose.stack.folder import StateFolder
from compose.stack.kafka_access import secure_kafka
from compose.stack.part import TITLES, tail, trim
from compose.stack.record import Failure, PartRecord, ProcessId, StackRecord
from compose.stack.schema_ids import check_schema_ids, record_schema_ids
from domain.errors import IntegrityError, OrdertruthError, UnavailableError

if TYPE_CHECKING:
    from compose.stack.assembly import Assembly
    from compose.stack.guarded import GuardedProcess
    from compose.stack.part import Part

SETTINGS_VARIABLE = "STACK_SUPERVISOR_SETTINGS"
POLL_S = 0.1
WATCH_S = 0.25
LOCK_WAIT_S = 15.0
LEFTOVER_WAIT_S = 10.0

log = structlog.get_logger(__name__)


class Stopped(Exception):  # noqa: N818 - an order, not an error
    """A stop was asked for while the stack was starting."""


class Supervisor:
    """Brings the stack up, keeps the record current, and takes it down."""

    def __init__(self, settings: Settings, run_id: str, owner: int | None) -> None:
        self.settings = settings
        self.folder = StateFolder(settings.state_path)
        self.stop = threading.Event()
        self.repair = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[str, GuardedProcess] = {}
        me = ProcessId.of(os.getpid())
        assert me is not None
        self.record = StackRecord(run_id, "starting", me, owner)

    def run(self) -> int:
        """Everything from start to stop; returns the exit status."""
        assembly: Assembly | None = None
        try:
            self._stop_leftovers()
            self._publish(self.record)
            assembly = assemble(self.settings, self.folder)
            self._bring_up(assembly)
            self._watch(assembly)
        except Stopped:
            pass
        except Exception as error:
            log.exception("the stack failed") if not isinstance(error, OrdertruthError) else log.error(str(error))
            self._stop_all(None)
            self._publish(replace(self.record, phase="failed", failure=Failure.of(error), endpoints=None))
            return 1
        self._stop_all(assembly)
        self.folder.record_file.unlink(missing_ok=True)
        return 0

    def wake(self) -> None:
        """Make the watching thread look at once."""
        self._wake.set()

    def _publish(self, record: StackRecord) -> None:
        self.record = record
        record.write(self.folder.record_file)

    def _update(self, name: str, **changes: Any) -> None:
        with self._lock:
            self._publish(self.record.with_part(name, **changes))

    def _stop_leftovers(self) -> None:
        """Stop what an earlier supervisor recorded and could not stop; its guard was killed as well."""
        with suppress(IntegrityError):
            before = StackRecord.read(self.folder.record_file)
            left = [p.process.process() for p in before.parts.values() if p.process] if before else []
            alive = [process for process in left if process is not None]
            for process in alive:
                with suppress(psutil.Error):
                    process.terminate()
            _, stubborn = psutil.wait_procs(alive, timeout=LEFTOVER_WAIT_S)
            for process in stubborn:
                with suppress(psutil.Error):
                    process.kill()

    def _bring_up(self, assembly: Assembly) -> None:
        addresses = _shown(assembly)
        records = {
            name: PartRecord(name, "starting", address=addresses[name], log=str(self.folder.log(name)))
            for name in (*assembly.embedded, *assembly.external)
        }
        for part in assembly.parts:
            records[part.name] = replace(records[part.name], port=part.port)
        self._publish(replace(self.record, parts=records))
        with ThreadPoolExecutor(max(1, len(records)), thread_name_prefix="start") as pool:
            jobs = [pool.submit(self._start, part) for part in assembly.parts]
            jobs += [pool.submit(self._look, name) for name in assembly.external]
            errors = [error for job in jobs if (error := job.exception()) is not None]
        if self.stop.is_set():
            raise Stopped
        if errors:
            # A part that was stopped because another failed is not the reason.
            raise next((e for e in errors if not isinstance(e, Stopped)), errors[0])
        if assembly.addresses.is_secure:
            secure_kafka(assembly.addresses)
        if "registry" in assembly.embedded:
            check_schema_ids(self.folder.schema_ids_file, assembly.addresses.registry_url)
        versions = {name: part.version for name, part in self.record.parts.items()}
        self._publish(replace(self.record, phase="running", endpoints=replace(assembly.addresses, versions=versions)))

    def _look(self, name: str) -> None:
        from compose.stack.external import checks

        try:
            version = checks(self.settings)[name]()
        except OrdertruthError as error:
            self._update(name, state="failed", detail=error.message)
            raise
        self._update(name, state="external", version=version, since=time.time())

    def _start(self, part: Part) -> None:
        """Prepare and start one part and wait until it answers. Raises OrdertruthError, or Stopped."""
        try:
            trim(self.folder.log(part.name))
            part.prepare()
            process = part.process()
            with self._lock:
                if self.stop.is_set():
                    raise Stopped
                self._running[part.name] = process
            process.start()
            assert process.pid is not None
            self._update(part.name, process=ProcessId.of(process.pid), state="starting", detail="")
            version = self._await(part, process)
        except OrdertruthError as error:
            self._update(part.name, state="failed", detail=error.message)
            raise
        except OSError as error:
            msg = f"{TITLES[part.name]} could not be prepared: {error}."
            self._update(part.name, state="failed", detail=msg)
            raise UnavailableError(msg, remediation="Run `ordertruth doctor`.") from error
        self._update(part.name, state="healthy", version=version, since=time.time())
        log.info("part is healthy", part=part.name, version=version)

    def _await(self, part: Part, process: GuardedProcess) -> str:
        deadline = time.monotonic() + self.settings.stack.start_timeout_s
        reason = ""
        while not self.stop.is_set():
            try:
                return part.check()
            except OrdertruthError:
                raise
            except Exception as error:
                reason = str(error) or type(error).__name__
            status = process.poll()
            logged = self.folder.log(part.name)
            if status is not None:
                msg = f"{TITLES[part.name]} ended with status {status} while starting:\n{tail(logged)}\n"
                raise UnavailableError(msg, remediation=f"See {logged}, and run `ordertruth doctor`.")
            if time.monotonic() > deadline:
                msg = f"{TITLES[part.name]} did not answer in {self.settings.stack.start_timeout_s:.0f} s: {reason}."
                raise UnavailableError(
                    msg, remediation=f"See {logged}, or raise ORDERTRUTH_STACK__START_TIMEOUT_S on a slow machine."
                )
            self.stop.wait(POLL_S)
        raise Stopped

    def _watch(self, assembly: Assembly) -> None:
        """Until a stop is asked for: notice parts that end, start them again when told to."""
        parts = {part.name: part for part in assembly.parts}
        while not self.stop.is_set():
            for name, process in self._running.items():
                status = process.poll()
                if status is not None and self.record.parts[name].state == "healthy":
                    log.error("part ended by itself", part=name, status=status)
                    self._update(name, state="failed", process=None, detail=f"ended with status {status}")
            if self.repair.is_set():
                self.repair.clear()
                self._repair(parts)
            if not self.folder.supervisor_lock.exists():
                # The folder was deleted: nobody could find this stack any more to stop it.
                log.error("the state folder is gone; stopping")
                self.stop.set()
            self._wake.wait(WATCH_S)
            self._wake.clear()

    def _repair(self, parts: dict[str, Part]) -> None:
        broken = [name for name, part in self.record.parts.items() if part.state == "failed" and name in parts]
        for name in broken:
            self._update(name, state="starting", detail="")
        for name in broken:
            self._running[name].stop()
            try:
                self._start(parts[name])
            except OrdertruthError as error:
                log.error("part could not be started again", part=name, reason=str(error))

    def _stop_all(self, assembly: Assembly | None) -> None:
        with self._lock:
            self.stop.set()
            processes = dict(self._running)
        if self.record.phase == "running":
            self._tell_phase("stopping")
        if assembly and "registry" in processes and self.record.endpoints:
            try:
                record_schema_ids(self.folder.schema_ids_file, assembly.addresses.registry_url)
            except (OSError, ValueError, KeyError, IntegrityError) as error:
                log.warning("schema ids were not recorded", reason=str(error))
        for process in processes.values():
            process.request_stop()
        for name, process in processes.items():
            process.stop()
            # The folder may have been deleted; that must not keep the next part running.
            with suppress(OSError):
                self._update(name, state="stopped", process=None)

    def _tell_phase(self, phase: str) -> None:
        with suppress(OSError):
            self._publish(replace(self.record, phase=phase))


def _shown(assembly: Assembly) -> dict[str, str]:
    where = assembly.addresses
    return {
        "kafka": where.kafka_bootstrap,
        "registry": where.registry_url,
        "postgres": masked(where.database_url),
        "clickhouse": masked(where.clickhouse_dsn),
    }


def _hold_lock(folder: StateFolder) -> int:
    """Take the lock only one supervisor of a state folder can have; the kernel releases it with the process."""
    fd = os.open(folder.supervisor_lock, os.O_CREAT | os.O_RDWR, 0o600)
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_S)
        else:
            me = ProcessId.of(os.getpid())
            assert me is not None
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{me.pid} {me.started}".encode(), 0)
            return fd


def main() -> int:
    """Run the supervisor; returns its exit status."""
    if "--detach" in sys.argv[1:] and os.fork():
        return 0
    if "--detach" in sys.argv[1:]:
        os.setsid()
    plan = json.loads(os.environ.pop(SETTINGS_VARIABLE))
    settings = Settings(**plan["settings"], _env_file=None)
    configure_logs(settings.log_level, app="stack")
    log_what_nobody_caught()
    try:
        lock = _hold_lock(StateFolder(settings.state_path))
    except BlockingIOError:
        log.error("another supervisor owns this state folder", folder=str(settings.state_path))
        return 1
    supervisor = Supervisor(settings, plan["run_id"], plan["owner"])

    def asked_to_stop(_number: int, _frame: object) -> None:
        supervisor.stop.set()
        supervisor.wake()

    def asked_to_repair(_number: int, _frame: object) -> None:
        supervisor.repair.set()
        supervisor.wake()

    signal.signal(signal.SIGTERM, asked_to_stop)
    signal.signal(signal.SIGINT, asked_to_stop)
    signal.signal(signal.SIGHUP, asked_to_repair)
    status = supervisor.run()
    os.close(lock)
    return status


if __name__ == "__main__":
    sys.exit(main())
