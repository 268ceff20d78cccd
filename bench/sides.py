"""Who is measured: each side is a module that is run with a plan, and what is particular about it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compose.stack.assembly import ROOT
from domain.errors import ConfigurationError

OURS = "ordertruth"
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
"""The peers' pins contradict the platform's, so their packages live in an environment of their own (`make peers`)."""


@dataclass(frozen=True, slots=True)
class Side:
    """One way to do the derivation.

    `module` is run as a process with the plan as its only argument: `group`, `input`, `output`, `changelog`,
    `dead_letters`, `kafka`, `registry_url`, `schemas`, `data_dir`, `partitions`, `commit_ms`, `store`, `instance` and
    what `extras` adds. `own_packages` says that it runs in the peers' environment. `is_default` sides are those an
    unqualified run compares with; those `in_group` share partitions between processes.
    """

    name: str
    module: str
    label: str
    own_packages: bool = False
    is_default: bool = False
    extras: Mapping[str, Any] = field(default_factory=dict)
    in_group: bool = True


_JAVA = "bench.kafka_streams"
_QUIX = "bench.quix"
_BYTEWAX = "bench.bytewax_flow"
_EOS = {"guarantee": "exactly_once_v2"}
_ALO = {"guarantee": "at_least_once"}

SIDES: Mapping[str, Side] = {
    side.name: side
    for side in (
        Side(OURS, "bench.order_state", "this engine, exactly once"),
        Side(
            "kafka_streams_eos",
            _JAVA,
            "Kafka Streams (Java), exactly once, 1 thread",
            is_default=True,
            extras={**_EOS, "threads": 1},
        ),
        Side(
            "kafka_streams_alo", _JAVA, "Kafka Streams (Java), at least once, 1 thread", extras={**_ALO, "threads": 1}
        ),
        Side(
            "kafka_streams_eos_2", _JAVA, "Kafka Streams (Java), exactly once, 2 threads", extras={**_EOS, "threads": 2}
        ),
        Side("quix_eos", _QUIX, "Quix Streams, exactly once", True, True, {"guarantee": "exactly-once"}),
        Side("quix_alo", _QUIX, "Quix Streams, at least once", True, False, {"guarantee": "at-least-once"}),
        Side("bytewax", _BYTEWAX, "Bytewax, no transaction, no changelog", True, True, in_group=False),
        Side(
            "bytewax_recovery",
            _BYTEWAX,
            "Bytewax, no transaction, recovery store on disk",
            True,
            False,
            {"recovery": True},
            in_group=False,
        ),
        Side("plain_faust", "bench.plain_faust", "plain Faust with a table, at least once", is_default=True),
    )
}
DEFAULT_PEERS = tuple(side.name for side in SIDES.values() if side.is_default)
PEERS = tuple(name for name in SIDES if name != OURS)


def chosen(names: Sequence[str], peers_python: Path) -> list[Side]:
    """Our side and the named ones, in the order given; `all` stands for every peer.

    Raises `ConfigurationError` for an unknown name, and when the packages a peer needs are not installed.
    """
    wanted = list(dict.fromkeys(peer for name in names for peer in (PEERS if name == "all" else (name,))))
    unknown = [name for name in wanted if name not in SIDES]
    if unknown:
        message = f"Unknown peers: {', '.join(unknown)}."
        raise ConfigurationError(message, remediation=f"Choose from {', '.join(PEERS)} or `all`.")
    sides = [SIDES[OURS], *(SIDES[name] for name in wanted if name != OURS)]
    missing = [side.name for side in sides if importlib.util.find_spec(side.module) is None]
    if missing:
        message = f"This release cannot run {', '.join(missing)}."
        raise ConfigurationError(message, remediation="Leave them out of --peers.")
    foreign = [side.name for side in sides if side.own_packages]
    if foreign and not peers_python.is_file():
        message = f"{', '.join(foreign)} need packages of their own, and {peers_python} is not there."
        raise ConfigurationError(
            message, remediation="Run `make peers` (once), give --peers-python, or leave them out of --peers."
        )
    return sides


def command(side: Side, plan_json: str, peers_python: Path) -> list[str]:
    """What to execute for a side."""
    # -P keeps the folder it is started in out of the module path; what is imported comes from PYTHONPATH
    return [str(peers_python) if side.own_packages else sys.executable, "-P", "-m", side.module, plan_json]
