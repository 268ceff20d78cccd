"""An order-state worker on topics of its own, run with whichever engine, and the verifier over these topics."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from avro.registry import Registry
from compose.stack.guarded import GuardedProcess
from compose.supervise import environment
from compose.verify.derivation import Checked, Derivation, check
from compose.verify.rest import derivation_behind
from sinks.kafka_topic import TopicDirectory
from streams.testing import Record
from tests.streams.platform import eventually

if TYPE_CHECKING:
    from tests.streams.platform import Platform

KILLED = 128 + signal.SIGKILL
ORDERS = 12


class Patient:
    """Topics of its own, workers with whichever engine on them, and the verifier over these topics.

    `events` are those of some orders by version, so that every order has events in each part of them: what is lost in
    one part shows in the next.
    """

    def __init__(self, platform: Platform, folder: Path, partitions: int = 1) -> None:
        tag = uuid4().hex[:8]
        self.kafka = platform.endpoints.kafka_config()
        self.derivation = Derivation(
            f"patient-{tag}", *(f"patient-{tag}.{n}" for n in ("source", "derived", "changelog", "dead-letters"))
        )
        names = [v for k, v in asdict(self.derivation).items() if k != "consumer"]
        admin = AdminClient(dict(self.kafka))
        for made in admin.create_topics([NewTopic(name, partitions, 1) for name in names]).values():
            made.result(20)
        eventually(lambda: set(names) <= admin.list_topics(timeout=10).topics.keys(), "the topics are there")
        self.folder = folder
        self._armed = folder / "armed"
        self.log_path = folder / "worker.log"
        self._env = environment(platform.settings)
        self._registry_url = platform.endpoints.registry_url
        self._plan = {
            **asdict(self.derivation),
            "kafka": self.kafka,
            "registry_url": self._registry_url,
            "data_dir": str(folder),
            "armed": str(self._armed),
            "ghost": f"ghost-{tag}",
        }
        events = platform.events(ORDERS, seed=400)
        self.events = sorted(events, key=lambda r: int(dict(r.headers)["ce_aggregateversion"]))

    def worker(self, engine: str, instance: str = "0", **further: Any) -> GuardedProcess:
        """A worker nobody starts again; `further` goes into its plan."""
        plan = {**self._plan, "engine": engine, "instance": instance, **further}
        command = [sys.executable, "-m", "tests.streams.patient_worker", json.dumps(plan)]
        return GuardedProcess(command, log_path=self.log_path, env=self._env, stop_timeout_s=20.0)

    def publish(self, records: Sequence[Record]) -> None:
        producer = Producer({**self.kafka, "linger.ms": 5, "partitioner": "murmur2_random"})
        for record in records:
            producer.produce(self.derivation.source, key=record.key, value=record.value, headers=list(record.headers))
        assert producer.flush(30) == 0

    def told(self, what: str, instance: str = "0") -> Path:
        """The file a worker leaves when it is `restoring` and when it has `restored`."""
        return self.folder / f"{what}-{instance}"

    def arm(self, moment: str) -> None:
        """Have the worker do, or suffer, what is called so when it comes to it."""
        self._armed.write_text(moment)

    def disarm(self) -> None:
        self._armed.unlink()

    def is_armed(self) -> bool:
        return self._armed.exists()

    def committed(self) -> int:
        """How far the group has read, over all partitions."""
        return sum(TopicDirectory(self.kafka).committed(self.derivation.consumer, self.derivation.source).values())

    def has_read_everything(self) -> bool:
        return derivation_behind(self.kafka, self.derivation) == 0

    def await_rest(self) -> None:
        eventually(self.has_read_everything, "the worker has committed everything")

    def haunt(self) -> None:
        """Have a worker die that leaves its transaction open on the changelog."""
        with self.worker("ghost") as ghost:
            assert ghost.wait(90) == KILLED

    def lay_the_ghost(self) -> None:
        """End its transaction, as its successor or its timeout would."""
        Producer({**self.kafka, "transactional.id": self._plan["ghost"]}).init_transactions(30)

    def verdict(self) -> Checked:
        with Registry(self._registry_url) as registry:
            return check(self.kafka, registry.schema_for_id, self.derivation)


def assert_sound(checked: Checked) -> None:
    """The verifier finds nothing wrong."""
    assert [str(m) for m in checked.mismatches] == []
    assert checked.balance == (0, 0)
    assert len(checked.derived) == ORDERS
