"""The faults: each does its harm, makes it good again, and says what was seen."""

from __future__ import annotations

from collections.abc import Mapping

from compose.chaos.faults.fault import Fault
from compose.chaos.faults.group import Pause, Rebalance, StateLost, WorkerKill
from compose.chaos.faults.records import Duplicates, PoisonRecords, Reordering
from compose.chaos.faults.schemas import SchemaEvolution
from compose.chaos.faults.services import BrokerKill, BrokerPause, ClickHouseDown, PostgresRestart
from compose.chaos.faults.zombie import ZombieCommit

FAULTS: Mapping[str, type[Fault]] = {
    fault.name: fault
    for fault in (
        WorkerKill,
        Duplicates,
        Reordering,
        PoisonRecords,
        Rebalance,
        Pause,
        ZombieCommit,
        BrokerKill,
        BrokerPause,
        PostgresRestart,
        ClickHouseDown,
        StateLost,
        SchemaEvolution,
    )
}
"""Every fault by its name in a schedule."""

__all__ = ["FAULTS", "Fault"]
