"""The judgement: what of the platform's work can be recomputed from the topics alone, and what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from avro.codec import decode
from avro.registry import Registry
from compose.chaos.faults.fault import Poison
from compose.chaos.faults.zombie import ZOMBIE_KEY
from compose.stack.endpoints import Endpoints
from compose.verify import accounting
from compose.verify.compare import Mismatch
from compose.verify.expected import Expected, fold
from compose.verify.raw import Raw, read_all
from compose.verify.run import CONSUMER, Report
from domain.order_state.facts import Outcome
from domain.order_state.policy import REFERENCE_V1
from streams.engine.position import Position
from streams.engine.processor import Counts
from topics.catalogue import ORDER_STATE, ORDER_STATE_CHANGELOG, PRODUCT_ORDERS, dead_letters_of

COPIES = frozenset({"derived topic", "postgres", "clickhouse"})


@dataclass(slots=True)
class Judgement:
    """What the oracle found; `findings` are sentences, one for each thing that is wrong.

    `lost` is how many records are not where they ought to be: orders that a copy lacks or holds at an older version
    (each copy counts), events that the group's own count lacks, poison records without a dead letter.
    `double_counted` is how many were counted beyond the distinct events that are there (applied and stale together,
    by partition), and dead letters beyond the first of a record.
    `copies_on_topic` are the readable records whose event stands on the topic before them, `duplicates_counted` how
    many the worker has counted: these must be equal, whoever repeated them.
    """

    lost: int = 0
    double_counted: int = 0
    accounting_ok: bool = False
    events: int = 0
    copies_on_topic: int = 0
    duplicates_counted: int = 0
    outputs: int = 0
    findings: list[str] = field(default_factory=list)


def judge(endpoints: Endpoints, report: Report, poisons: Sequence[Poison]) -> Judgement:
    """Judge a platform at rest, beside and after `verify`, in this order:

    1. the raw events are folded once more; each partition's records have one possible count of applied, stale and
       duplicate, because the worker reads them in this order too: its own count must be that one;
    2. what `verify` found is sorted into lost and doubled;
    3. the versions of each order on the derived topic never go back, and nothing of a refused transaction is there;
    4. each poison record is among the dead letters exactly once, byte for byte.
    """
    kafka = endpoints.kafka_config()
    judgement = Judgement(findings=[str(m) for m in report.mismatches])
    with Registry(endpoints.registry_url) as registry:
        expected = fold(read_all(kafka, PRODUCT_ORDERS.name), registry.schema_for_id, REFERENCE_V1)
        _judge_outputs(judgement, read_all(kafka, ORDER_STATE.name), registry)
    found = accounting.positions(read_all(kafka, ORDER_STATE_CHANGELOG.name))
    exact = _judge_counts(judgement, expected, found)
    judgement.lost += len({(m.where, m.key) for m in report.mismatches if m.where in COPIES and _is_behind(m)})
    # the sink of analytics reads the same topic, and puts the same records aside for itself
    letters = [
        letter
        for letter in read_all(kafka, dead_letters_of(PRODUCT_ORDERS.name).name)
        if ("dlq_consumer", CONSUMER.encode()) in letter.headers
    ]
    places = accounting.dead_letters(letters, CONSUMER)
    judgement.double_counted += sum(count - 1 for count in places.values() if count > 1)
    judgement.lost += sum(1 for place in expected.unreadable if not places[place])
    _judge_poison(judgement, letters, poisons)
    judgement.events = expected.read.total()
    judgement.accounting_ok = (
        exact
        and bool(report.accounting["balanced"])
        and not any(m.where in ("accounting", "dead letters") for m in report.mismatches)
    )
    return judgement


def _judge_counts(judgement: Judgement, expected: Expected, found: dict[int, Position]) -> bool:
    exact = True
    for partition in sorted({*found, *expected.read}):
        position = found.get(partition)
        counts = position.counts.get(PRODUCT_ORDERS.name, Counts()) if position else Counts()
        outcomes = expected.outcomes[partition]
        distinct = outcomes[Outcome.APPLIED] + outcomes[Outcome.STALE]
        beyond = counts.applied + counts.stale - distinct
        judgement.double_counted += max(0, beyond)
        judgement.lost += max(0, -beyond)
        judgement.copies_on_topic += outcomes[Outcome.DUPLICATE]
        judgement.duplicates_counted += counts.duplicate
        ought = (outcomes[Outcome.APPLIED], outcomes[Outcome.DUPLICATE], outcomes[Outcome.STALE])
        told = (counts.applied, counts.duplicate, counts.stale)
        if ought != told:
            exact = False
            where = f"{PRODUCT_ORDERS.name}[{partition}]"
            judgement.findings.append(f"{where}: applied, duplicate, stale ought to be {ought} and were told as {told}")
    return exact


def _is_behind(mismatch: Mismatch) -> bool:
    if mismatch.field == "(record)":
        return mismatch.actual is None
    if mismatch.field != "version":
        return False
    return mismatch.actual is None or mismatch.expected is None or bool(mismatch.actual < mismatch.expected)


def _judge_outputs(judgement: Judgement, outputs: Iterator[Raw], registry: Registry) -> None:
    """The order of versions, as a read-committed consumer sees it: a newer state is never followed by an older."""
    newest: dict[tuple[int, bytes], int] = {}
    home: dict[bytes, int] = {}
    for record in outputs:
        judgement.outputs += 1
        key, where = record.key or b"", f"{record.topic}[{record.partition}]@{record.offset}"
        if key == ZOMBIE_KEY:
            judgement.double_counted += 1
            judgement.findings.append(f"{where}: an output of a refused transaction is visible")
            continue
        if home.setdefault(key, record.partition) != record.partition:
            judgement.findings.append(f"{where}: order {key!r} also lies in partition {home[key]}")
        version = int(decode(record.value or b"", registry.schema_for_id).data["version"])
        before = newest.get((record.partition, key), 0)
        if version < before:
            judgement.findings.append(f"{where}: order {key!r} goes back from version {before} to {version}")
        newest[record.partition, key] = max(version, before)


def _judge_poison(judgement: Judgement, letters: Sequence[Raw], poisons: Sequence[Poison]) -> None:
    kept = Counter(
        (letter.key, letter.value, tuple((n, v) for n, v in letter.headers if not n.startswith("dlq_")))
        for letter in letters
    )
    for poison in poisons:
        times = kept[poison.key, poison.value, tuple(poison.headers)]
        if times != 1:
            where = f"{PRODUCT_ORDERS.name}[{poison.partition}]@{poison.offset}"
            judgement.findings.append(f"{where}: poison ({poison.kind}) is {times} times among the dead letters")
