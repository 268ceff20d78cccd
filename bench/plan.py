"""What a run is asked for, where it happens, and the plan each side's process is given."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.measure import Place, Plan
from bench.sides import PEERS_PYTHON, Side
from bench.topics import COMPACTED, PARTITIONS, create_topics, delete_topics
from compose.stack.endpoints import Endpoints
from compose.stack.folder import StateFolder
from compose.stack.record import StackRecord
from domain.errors import ConfigurationError

COMMIT_MS = 100
"""How long outputs may wait before they are committed, the same for every side that commits by the clock."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line.

    `slow_seconds` bounds the later repeats of slow sides; `orders` is how many a store holds where that is measured.
    """

    events: int
    repeats: int = 3
    rate: int = 5_000
    orders: int = 1_000_000
    store: str = "memory"
    keep: bool = False
    slow_seconds: float = 120.0
    peers_python: Path = PEERS_PYTHON


@dataclass(frozen=True, slots=True)
class Stage:
    """A running stack to measure on; `tell` is given one line for each thing done."""

    endpoints: Endpoints
    state_dir: Path
    options: Options
    tell: Callable[[str], None]
    token: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    @property
    def schemas_file(self) -> Path:
        """Where the sides without a registry client find schemas."""
        return self.state_dir / "bench" / f"schemas-{self.token}.json"

    def place(self) -> Place:
        """Where the sides run."""
        return Place(self.state_dir / "logs", self.options.peers_python, _broker_pid(self.state_dir))

    def plan(self, side: Side, source: str, run: str, *, instance: int = 0) -> Plan:
        """The plan of one process; `run` tells the runs of a side apart."""
        name = f"bench-{self.token}-{run}-{side.name}"
        topics = f"bench.{self.token}.{run}.{side.name}"
        return {
            "group": name,
            "instance": str(instance),
            "input": source,
            "output": f"{topics}.states",
            "changelog": f"{topics}.changelog",
            "dead_letters": f"{topics}.dead-letters",
            "kafka": self.endpoints.kafka_config(),
            "registry_url": self.endpoints.registry_url,
            "schemas": str(self.schemas_file),
            "data_dir": str(self.state_dir / "bench" / name / str(instance)),
            "partitions": PARTITIONS,
            "commit_ms": COMMIT_MS,
            "store": self.options.store,
            **side.extras,
        }

    @contextmanager
    def topics_of(self, plan: Plan) -> Iterator[None]:
        """The topics and the data folder of a side's run, for the length of a block."""
        made = {plan["output"]: COMPACTED, plan["changelog"]: COMPACTED, plan["dead_letters"]: {}}
        create_topics(plan["kafka"], made)
        try:
            yield
        finally:
            if not self.options.keep:
                self.discard(plan["output"].removesuffix(".states"))
                self.discard(plan["group"])
                shutil.rmtree(Path(plan["data_dir"]).parent, ignore_errors=True)

    @contextmanager
    def source(self, name: str, settings: dict[str, str]) -> Iterator[str]:
        """An input topic for the length of a block."""
        topic = f"bench.{self.token}.{name}.events"
        create_topics(self.endpoints.kafka_config(), {topic: settings})
        try:
            yield topic
        finally:
            if not self.options.keep:
                self.discard(topic)

    def discard(self, part_of_name: str) -> None:
        """Delete the topics whose names hold this; only those of this run."""
        if self.token in part_of_name:
            delete_topics(self.endpoints.kafka_config(), part_of_name)


def require_open(endpoints: Endpoints) -> None:
    """Raise `ConfigurationError` when the stack is secure: the peers make topics, as nobody in particular."""
    if endpoints.is_secure:
        message = "The measurements need a stack without users, and this one is secure."
        raise ConfigurationError(message, remediation="Set ORDERTRUTH_STATE_DIR to a folder without a secure stack.")


def _broker_pid(state_dir: Path) -> int | None:
    """The process of the embedded broker; None when it is someone else's."""
    record = StackRecord.read(StateFolder(state_dir).record_file)
    part = record.parts.get("kafka") if record is not None else None
    return part.process.pid if part is not None and part.process is not None else None
