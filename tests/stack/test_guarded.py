"""What a guard promises: the charge never outlives its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from compose.stack.guarded import GuardedProcess
from domain.errors import UnavailableError
from tests.stack.processes import is_alive, until

OWNER = """
import sys, time
from pathlib import Path
from compose.stack.guarded import GuardedProcess
charge = GuardedProcess(["sleep", "300"], log_path=Path(sys.argv[1])).start()
print(charge.pid, charge.guard_pid, flush=True)
time.sleep(300)
"""


def test_stop_ends_the_charge_and_reports_its_status(tmp_path: Path) -> None:
    with GuardedProcess(["sleep", "300"], log_path=tmp_path / "log") as charge:
        assert is_alive(charge.pid)
        assert charge.poll() is None

    assert not is_alive(charge.pid)
    assert charge.poll() == 128 + signal.SIGTERM
    assert charge.stop() == 128 + signal.SIGTERM


def test_exit_status_and_output_of_a_charge_that_ends_by_itself(tmp_path: Path) -> None:
    charge = GuardedProcess(["sh", "-c", "echo said; exit 7"], log_path=tmp_path / "log").start()

    assert charge.wait(10) == 7
    assert (tmp_path / "log").read_text() == "said\n"
    charge.stop()


def test_charge_that_ignores_the_stop_is_killed_with_its_children(tmp_path: Path) -> None:
    script = (
        f"trap '' TERM; sleep 300 & echo $! > {tmp_path}/child; "
        f"(setsid sleep 300 & echo $! > {tmp_path}/orphan); sleep 300; sleep 300"
    )
    charge = GuardedProcess(["sh", "-c", script], log_path=tmp_path / "log", stop_timeout_s=0.3).start()
    assert until(lambda: (tmp_path / "orphan").exists() and bool((tmp_path / "orphan").read_text()))
    pids = [int((tmp_path / name).read_text()) for name in ("child", "orphan")]

    charge.stop()

    assert charge.poll() == 128 + signal.SIGKILL
    assert not any(is_alive(pid) for pid in [charge.pid, *pids])


def test_charge_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True, env=_environment()
    )
    assert owner.stdout is not None
    charge, guard = (int(word) for word in owner.stdout.readline().split())
    assert is_alive(charge)

    owner.kill()
    owner.wait()
    owner.stdout.close()

    assert until(lambda: not is_alive(charge) and not is_alive(guard), 5)


@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's help, which Linux alone gives")
def test_charge_ends_when_its_guard_is_killed(tmp_path: Path) -> None:
    charge = GuardedProcess(["sleep", "300"], log_path=tmp_path / "log").start()
    assert charge.guard_pid is not None

    os.kill(charge.guard_pid, signal.SIGKILL)

    assert until(lambda: not is_alive(charge.pid), 5)
    charge.stop()


def test_interrupt_from_the_keyboard_does_not_reach_the_charge(tmp_path: Path) -> None:
    with GuardedProcess(["sleep", "300"], log_path=tmp_path / "log") as charge:
        assert charge.pid is not None
        assert os.getpgid(charge.pid) != os.getpgid(0)


def test_command_that_cannot_be_executed_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no-such-program could not be started"):
        GuardedProcess([tmp_path / "no-such-program"], log_path=tmp_path / "log").start()


def test_stop_before_start_and_stop_timing(tmp_path: Path) -> None:
    charge = GuardedProcess(["sleep", "300"], log_path=tmp_path / "log")
    assert charge.stop() == 0
    charge.start()
    began = time.monotonic()
    charge.stop()
    assert time.monotonic() - began < 2


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
