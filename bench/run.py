"""The one entry: a mode of measurement on a running stack, with what it was measured on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench import api, keys, latency, memory, rebuild, restore, scale, throughput
from bench.machine import command, machine
from bench.plan import Stage
from bench.schemas import write_schemas
from bench.sides import Side
from domain.errors import ConfigurationError
from streams.engine.opening import StoreKind


def _restore(stage: Stage, _: Sequence[Side]) -> dict[str, Any]:
    options = stage.options
    store = StoreKind(options.store)
    return {"restore": restore.run(stage.endpoints, stage.state_dir, orders=options.orders, store=store)}


def _memory(stage: Stage, _: Sequence[Side]) -> dict[str, Any]:
    return {"memory": memory.run(orders=stage.options.orders, store=StoreKind(stage.options.store))}


def _api(stage: Stage, _: Sequence[Side]) -> dict[str, Any]:
    options = stage.options
    return {"api": api.run(stage.endpoints, orders=options.orders, rate=options.rate)}


def _rebuild(stage: Stage, _: Sequence[Side]) -> dict[str, Any]:
    return {"rebuild": rebuild.run(stage, orders=stage.options.orders)}


MODES: Mapping[str, Callable[[Stage, Sequence[Side]], dict[str, Any]]] = {
    "throughput": throughput.run,
    "latency": latency.run,
    "keys": keys.run,
    "scale": scale.run,
    "restore": _restore,
    "memory": _memory,
    "api": _api,
    "rebuild": _rebuild,
}
COMPARING = frozenset({"throughput", "latency", "scale"})
"""Modes that measure peers as well."""


def require_mode(mode: str) -> None:
    """Raise `ConfigurationError` for a mode that does not exist."""
    if mode not in MODES:
        message = f"There is no mode {mode!r}."
        raise ConfigurationError(message, remediation=f"Choose from {', '.join(MODES)}.")


def run(stage: Stage, sides: Sequence[Side], mode: str) -> dict[str, Any]:
    """Measure in one of `MODES`; sides are ours first, then the peers to compare with."""
    described = {"mode": mode, "command": command(stage, sides, mode), "machine": machine(stage, sides)}
    write_schemas(stage.endpoints.registry_url, stage.schemas_file)
    try:
        return {**described, **MODES[mode](stage, sides)}
    finally:
        stage.schemas_file.unlink(missing_ok=True)
        if not stage.options.keep:
            stage.discard(stage.token)
