"""From a finding on Kafka to people and back, by real workers, one of them killed on the way."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer

from avro.codec import decode, encode_model, frame
from avro.headers import format_time
from avro.registry import Registry
from compose.supervise import Supervised
from compose.verify.raw import read_all
from domain.case_decision import events as e
from domain.drift.finding import DriftFinding, finding_id
from streams.testing import Record, event
from tests.domain.cases import ENTITY, MINUTE, RULE, decided, finding
from tests.sinks.alerts import Receiver, receiving
from tests.streams.platform import Platform, eventually, kill, told_on_failure
from topics.catalogue import CASE_DECISIONS, DRIFT_FINDINGS, RECONCILIATION_CASES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

CASE_ID = finding_id(RULE, *ENTITY)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A webhook that the workers of the test are configured with."""
    with receiving() as found:
        channel = {"name": "own", "kind": "webhook", "url": found.url, "secret": "s", "not_tenants": []}
        monkeypatch.setenv("ORDERTRUTH_ALERTS__CHANNELS", json.dumps([channel]))
        monkeypatch.setenv("ORDERTRUTH_ALERTS__GROUP_WAIT_S", "0")
        monkeypatch.setenv("ORDERTRUTH_ALERTS__GROUP_INTERVAL_S", "0")
        yield found


class Owners:
    """Writes findings and decisions as their producers do."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.registry = Registry(platform.endpoints.registry_url)
        config = {**platform.endpoints.kafka_config(), "partitioner": "murmur2_random", "linger.ms": 0}
        self.producer = Producer(config)

    def stands(self, found: DriftFinding, at: datetime) -> None:
        value = frame(self.registry.id_for(DRIFT_FINDINGS.name, "DriftFinding"), encode_model(found))
        self._send(DRIFT_FINDINGS.name, Record(CASE_ID.encode(), value, _headers(found.version, at)))

    def gone(self, version: int, at: datetime) -> None:
        self._send(DRIFT_FINDINGS.name, Record(CASE_ID.encode(), None, _headers(version, at)))

    def decides(self, kind: type[e.CaseDecisionEvent], version: int, at: datetime) -> None:
        said = decided(kind, version, at, mismatch_since=at - 40 * MINUTE).decision
        self._send(CASE_DECISIONS.name, event(said, self.registry, subject=CASE_ID))

    def _send(self, topic: str, record: Record) -> None:
        self.producer.produce(topic, key=record.key, value=record.value, headers=list(record.headers))
        assert self.producer.flush(20) == 0

    @property
    def case(self) -> dict[str, Any]:
        """The newest record of the case; empty before the first."""
        found = list(read_all(self.platform.endpoints.kafka_config(), RECONCILIATION_CASES.name))
        return dict(decode(found[-1].value or b"", self.registry.schema_for_id).data) if found else {}


def _headers(version: int, at: datetime) -> list[tuple[str, bytes]]:
    moment = format_time(at).encode()
    return [
        ("ce_id", f"f-{version}".encode()),
        ("ce_subject", CASE_ID.encode()),
        ("ce_time", moment),
        ("ce_recordedtime", moment),
        ("ce_aggregateversion", str(version).encode()),
    ]


def test_a_finding_becomes_a_case_and_an_alert_and_both_end(platform: Platform, receiver: Receiver) -> None:
    owners, now = Owners(platform), datetime.now(UTC)
    owners.stands(finding(at=now - 33 * MINUTE, since=now - 80 * MINUTE), now - 33 * MINUTE)
    worker = Supervised(platform.settings, ["cases", "alerts"])
    with told_on_failure(worker.log_path), worker:
        eventually(lambda: len(receiver.told) == 1, "the alert is told")
        owners.decides(e.CaseAssigned, 1, now - 32 * MINUTE)
        eventually(lambda: owners.case.get("assigneeId") == "kim", "the case is assigned")
        kill(worker)
        # gone for longer than a case is kept open: it closes once the inputs are complete up to then
        owners.gone(2, now - 31 * MINUTE)
        eventually(lambda: owners.case["status"] == "CONVERGED", "the case is closed")
        eventually(lambda: len(receiver.told) == 2, "the end is told")
    case = owners.case
    assert [entry["what"] for entry in case["history"]] == ["OPENED", "CaseAssigned", "CEASED", "CONVERGED"]
    assert case["closedAt"] - case["ceasedAt"] == timedelta(minutes=30)
    assert Counter(receiver.told) == {(CASE_ID, 1): 1, (CASE_ID, 2): 1}
    assert [request.body["alerts"][0]["transition"] for request in receiver.taken] == ["OPENED", "RESOLVED"]
    owners.registry.close()
