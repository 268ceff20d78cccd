"""What a live order costs in resident memory: the store, filled by whole lives of orders of four items."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import psutil

from bench.lives import FOUR_ITEMS, Life, lives
from domain.errors import UnavailableError
from streams.engine.opening import StoreKind, opener
from streams.engine.store import Store

TEMPLATES = 400
INTERLEAVED = 2_000
"""Orders whose lives go on in turn, so that their values lie in memory as they come, not one order after the other."""
PATIENCE_SECONDS = 900.0


def run(*, orders: int = 200_000, store: StoreKind = StoreKind.MEMORY) -> dict[str, Any]:
    """Fill a store in a process of its own and report resident bytes for each live order beyond the empty process.

    `mid_life` and `full_life` are the same orders when half of each one's events and when all have been applied;
    `state_bytes_per_order` is key and value, `overhead_per_order` what the store and the allocator add to them.
    """
    with tempfile.TemporaryDirectory(prefix="ordertruth-bench-") as folder:
        given = Path(folder) / "lives.msgpack"
        # made in this process: what making them leaves behind would hide the first values in the other's memory
        given.write_bytes(msgspec.msgpack.encode(lives(TEMPLATES, bundles=FOUR_ITEMS)))
        plan = {"lives": str(given), "orders": orders, "store": store, "folder": folder}
        command = [sys.executable, "-m", __spec__.name, json.dumps(plan)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    if done.returncode:
        message = f"The measured process ended with status {done.returncode}: {done.stderr.strip()[-500:]}."
        raise UnavailableError(message, remediation="See whether the machine has the memory for it.")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    """Do what the plan on the command line says, and print the result as JSON."""
    plan = json.loads(sys.argv[1])
    told = msgspec.msgpack.decode(Path(plan["lives"]).read_bytes(), type=list[Life])
    orders = plan["orders"]
    store = opener(StoreKind(plan["store"]), Path(plan["folder"]) / "stores")(0)
    base, began, cpu = _resident(), time.monotonic(), time.process_time()
    result: dict[str, Any] = {"orders": orders, "store": plan["store"], "items": 4}
    for name, share in (("mid_life", (0.0, 0.5)), ("full_life", (0.5, 1.0))):
        size = _live(store, told, orders, *share)
        resident = (_resident() - base) / orders
        result[name] = {
            "resident_bytes_per_order": round(resident),
            "state_bytes_per_order": round(size / orders),
            "overhead_per_order": round(resident - size / orders),
        }
    result |= {"seconds": round(time.monotonic() - began, 1), "cpu_seconds": round(time.process_time() - cpu, 1)}
    sys.stdout.write(json.dumps(result))


def _live(store: Store, told: list[Life], orders: int, begin: float, end: float) -> int:
    """Let every order live from one share of its events to another; bytes of all keys and values then."""
    size = 0
    numbers = iter(range(orders))
    while group := list(islice(numbers, INTERLEAVED)):
        steps = {n: _part(told[n % len(told)], begin, end) for n in group}
        for step in range(max(map(len, steps.values()))):
            for number, life in steps.items():
                if step < len(life):
                    store.put(_key(number), _own(life[step], number))
            store.release()
            store.committed()
        size += sum(len(_key(number)) + len(life[-1]) for number, life in steps.items())
    return size


def _part(life: Life, begin: float, end: float) -> Life:
    return life[int(len(life) * begin) : int(len(life) * end)]


def _key(number: int) -> bytes:
    return b"sim-1:order-%08d" % number


def _own(value: bytes, number: int) -> bytes:
    """The value as an object of its own, as decoding and encoding make it."""
    return value[:-8] + b"%08d" % number


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    main()
