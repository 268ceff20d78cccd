"""The cases application: findings, their ends and people's decisions in, one case for each mismatch out, and alerts.

It alone writes cases. The rules are in `domain/case`; here they meet topics, a store and timers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

import orjson

from avro.batch import BatchDecoder
from avro.codec import WriterSchema, encode_model, frame
from avro.contract import contract
from avro.essentials import Essentials, essentials
from avro.moments import format_microseconds, microseconds
from avro.plain import from_avro
from avro.uuids import format_uuid
from domain.alert.record import AGGREGATE as ALERT
from domain.alert.record import Alert
from domain.case.file import CaseFile
from domain.case.inputs import Ceased, Decided, Found, Input, Reached
from domain.case.policy import REFERENCE, CasePolicy
from domain.case.record import AGGREGATE as CASE
from domain.case.record import OWNER, ReconciliationCase
from domain.case.step import Step, step
from domain.case_decision.events import EVENTS
from domain.derivation import InputRef
from domain.drift.finding import DriftFinding
from domain.envelope import event_type
from domain.errors import IntegrityError, RecordError
from domain.fold.facts import Outcome
from streams.engine.batch import Headers, RecordBatch
from streams.engine.processor import Counts, Output, TimedState, Timer
from topics.catalogue import ALERTS, DRIFT_FINDINGS, RECONCILIATION_CASES

WAKE = "wake"
GRACE_US = 1_000_000
"""How much later than a deadline facts may still be published without being taken back."""

_DECISIONS = {event.__name__: event for event in EVENTS}
_FINDING = DriftFinding.__name__


class Contracts(Protocol):
    """What of a schema registry is needed; handed in, so that the registry stays outside."""

    def schema_for_id(self, schema_id: int) -> WriterSchema:
        """The schema a record was written with; raises `RecordError` or `UnavailableError`."""
        ...

    def id_for(self, topic: str, record_name: str) -> int:
        """Schema id of a record on a topic; raises `UnavailableError`."""
        ...


class CasesProcessor:
    """Takes findings and decisions into the file of their case, and publishes what follows from it."""

    grace_us = GRACE_US

    def __init__(self, contracts: Contracts, policy: CasePolicy = REFERENCE) -> None:
        self._contracts = contracts
        self._policy = policy
        names = (_FINDING, *_DECISIONS)
        self._decoder = BatchDecoder(contracts.schema_for_id, {name: _fields(name) for name in names})

    def process(self, batch: RecordBatch, now: datetime, state: TimedState, out: list[Output]) -> Counts:
        """See `Processor.process`: one case record for each case the batch changed, and every alert."""
        counts = Counts(read=len(batch))
        files: dict[bytes, CaseFile] = {}
        cases: dict[bytes, ReconciliationCase] = {}
        wakes: dict[bytes, int | None] = {}
        for key, given in self._read(batch):
            file = files.get(key)
            if file is None:
                file = files[key] = _restored(key, state.get(key))
            done = step(file, given, self._policy)
            counts.applied += done.outcome is Outcome.APPLIED
            counts.duplicate += done.outcome is Outcome.DUPLICATE
            counts.stale += done.outcome is Outcome.STALE
            if done.outcome is Outcome.APPLIED:
                wakes[key] = done.wake_us
            if done.alert is not None:
                out.append(self._alert(done.alert, file))
            if done.case is not None:
                cases[key] = done.case
        for key, case in cases.items():
            out.append(self._case(case, files[key]))
        for key, wake_us in wakes.items():
            _keep(state, key, files[key], wake_us)
        return counts

    def on_timer(self, timer: Timer, state: TimedState, out: list[Output]) -> None:
        """A deadline of a case is believed: time has reached it."""
        file = _restored(timer.key, state.get(timer.key))
        done: Step = step(file, Reached(timer.deadline_us), self._policy)
        if done.alert is not None:
            out.append(self._alert(done.alert, file))
        if done.case is not None:
            out.append(self._case(done.case, file))
        _keep(state, timer.key, file, done.wake_us)

    def _read(self, batch: RecordBatch) -> Iterator[tuple[bytes, Input]]:
        """Each record as what it is to its case; raises the `RecordError` of the first bad one."""
        ends = batch.topic == DRIFT_FINDINGS.name
        read = self._decoder.decode(
            [value if value is not None else b"" for value in batch.values] if ends else batch.values
        )
        failures = dict(read.failures)
        for index, key in enumerate(batch.keys):
            if not key:
                raise _bad("NO_KEY", "The record has no key, so nobody can say which case it is about.")
            envelope = essentials(batch.headers[index])
            if envelope.subject != key.decode(errors="replace"):
                raise _bad("KEY_MISMATCH", f"The key {key!r} is not the subject {envelope.subject!r}.")
            if ends and batch.values[index] is None:
                ref = _ref(batch, index, _FINDING, envelope)
                yield key, Ceased(envelope.aggregate_version, envelope.recorded_us, ref)
                continue
            if index in failures:
                raise failures[index]
            name = read.records[index].rpartition(".")[2]
            yield key, _input(name, read.data[index] or {}, envelope, _ref(batch, index, name, envelope))

    def _case(self, case: ReconciliationCase, file: CaseFile) -> Output:
        return self._output(RECONCILIATION_CASES.name, CASE, case.case_id, case, file)

    def _alert(self, alert: Alert, file: CaseFile) -> Output:
        return self._output(ALERTS.name, ALERT, alert.dedup_key, alert, file)

    def _output(
        self, topic: str, aggregate: str, key: str, record: ReconciliationCase | Alert, file: CaseFile
    ) -> Output:
        name = type(record).__name__
        body = encode_model(record)
        at = format_microseconds(file.reached_us)
        cause = record.derivation.inputs[-1].event_id if record.derivation.inputs else ""
        headers: Headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", format_uuid(hashlib.blake2b(body, digest_size=16).digest()).encode()),
            ("ce_type", event_type(OWNER, aggregate, f"{name}Derived").encode()),
            ("ce_source", OWNER.encode()),
            ("ce_subject", key.encode()),
            ("ce_time", at),
            ("ce_recordedtime", at),
            ("ce_tenantid", key.partition(":")[0].encode()),
            ("ce_causationid", cause.encode()),
            ("ce_policyversion", f"{self._policy.policy_id}.v{self._policy.version}".encode()),
            ("ce_aggregatetype", aggregate.encode()),
            ("ce_aggregateversion", b"%d" % record.version),
            ("content-type", b"application/avro"),
        ]
        return Output(topic, key.encode(), frame(self._contracts.id_for(topic, name), body), headers)


def _fields(name: str) -> tuple[str, ...]:
    return tuple(field["name"] for field in contract(name).schema["fields"])


def _input(name: str, data: Mapping[str, Any], envelope: Essentials, ref: InputRef) -> Input:
    if name == _FINDING:
        finding = from_avro(DriftFinding, data)
        _require(finding.finding_id, envelope)
        return Found(finding, envelope.recorded_us, ref)
    kind = _DECISIONS.get(name)
    if kind is None:
        raise _bad("WRONG_RECORD", f"{name} is neither a finding nor a decision about a case.")
    decision = from_avro(kind, data)
    _require(decision.case_id, envelope)
    if decision.version != envelope.aggregate_version:
        text = f"Header ce_aggregateversion is {envelope.aggregate_version}, the decision says {decision.version}."
        raise _bad("VERSION_MISMATCH", text)
    return Decided(decision, microseconds(decision.occurred_at), ref)


def _require(found: str, envelope: Essentials) -> None:
    if found != envelope.subject:
        raise _bad("KEY_MISMATCH", f"The record about {found!r} has the subject {envelope.subject!r}.")


def _ref(batch: RecordBatch, index: int, name: str, envelope: Essentials) -> InputRef:
    return InputRef(
        event_id=envelope.event_id,
        event_type=name,
        version=envelope.aggregate_version,
        topic=batch.topic,
        partition=batch.partition,
        offset=batch.offsets[index],
    )


def _restored(key: bytes, stored: bytes | None) -> CaseFile:
    if stored is None:
        return CaseFile(key.decode())
    try:
        return CaseFile.from_plain(orjson.loads(stored))
    except (ValueError, LookupError, TypeError) as error:
        message = f"What is kept of case {key!r} cannot be read: {error!r}."
        raise IntegrityError(message, remediation="Rebuild the state from the events.") from error


def _keep(state: TimedState, key: bytes, file: CaseFile, wake_us: int | None) -> None:
    state.put(key, orjson.dumps(file.to_plain()))
    if wake_us is None:
        state.cancel_timer(key, WAKE)
    else:
        state.set_timer(key, WAKE, wake_us)


def _bad(code: str, message: str) -> RecordError:
    return RecordError(code, message, stage="apply", remediation="Find the producer and mend it; then replay.")
