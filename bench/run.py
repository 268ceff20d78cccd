"""The one entry: a mode of measurement on a running stack, and what it was measured on."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import psutil

from bench import throughput
from bench.plan import Stage
from bench.schemas import write_schemas
from bench.sides import Side
from domain.errors import ConfigurationError

MODES: Mapping[str, Callable[[Stage, Sequence[Side]], dict[str, Any]]] = {
    "throughput": throughput.run,
}


def require_mode(mode: str) -> None:
    """Raise `ConfigurationError` for a mode that does not exist."""
    if mode not in MODES:
        message = f"There is no mode {mode!r}."
        raise ConfigurationError(message, remediation=f"Choose from {', '.join(MODES)}.")


def run(stage: Stage, sides: Sequence[Side], mode: str) -> dict[str, Any]:
    """Measure in one of `MODES`; sides are ours first, then the peers to compare with."""
    write_schemas(stage.endpoints.registry_url, stage.schemas_file)
    try:
        return {"mode": mode, "machine": machine(stage), **MODES[mode](stage, sides)}
    finally:
        if not stage.options.keep:
            stage.discard(stage.token)
            stage.schemas_file.unlink(missing_ok=True)


def machine(stage: Stage) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "kafka": stage.endpoints.versions.get("kafka", ""),
        "packages": {name: version(name) for name in ("confluent-kafka", "faust-streaming", "fastavro")},
        "stores": stage.options.store,
        "load_before": round(psutil.getloadavg()[0], 2),
    }
