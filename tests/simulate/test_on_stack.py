"""The simulation on real parts: through store, outbox and relay, and straight, the topics hold the same."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from avro.registry import Registry
from compose.platform import prepare
from compose.settings import Settings
from compose.simulate import direct
from compose.simulate.direct import Record
from compose.simulate.enterprise import Enterprise
from compose.simulate.faults.truth import Faults
from compose.simulate.faults.wire import Wire
from compose.simulate.publish import Run
from compose.stack.endpoints import Endpoints
from compose.verify.raw import read_all
from topics.owner_topics import OWNER_TOPICS
from topics.relay import Relay
from topics.topic import Topic

pytestmark = pytest.mark.stack

ORDERS = 20
STORED, STRAIGHT = 1_012, 1_013
"""Seeds nobody else simulates on this stack; matters of the first suffer faults."""

Ordered = dict[tuple[str, bytes], list[tuple[bytes, list[tuple[str, bytes]]]]]


def _wanted(seed: int, profile: str) -> tuple[Ordered, Faults]:
    faults = Faults(seed, profile)
    found = Wire(faults).all(direct.messages(Enterprise(ORDERS, seed, faults).run()))
    return _by_key(direct.records(found, lambda _, __: 0)), faults


def _by_key(records: Iterable[Record]) -> Ordered:
    """What arrived for each key, in order; the schema id is the registry's own and left out."""
    found: Ordered = defaultdict(list)
    for record in records:
        found[record.topic, record.key].append((record.value[5:], list(record.headers)))
    return dict(found)


def _arrived(stack: Endpoints, seed: int) -> Ordered:
    prefix = f"sim-{seed}:".encode()

    def of(topic: Topic) -> list[Record]:
        found = read_all(stack.kafka_config(), topic.name)
        return [
            Record(raw.topic, raw.key or b"", raw.value or b"", raw.headers)
            for raw in found
            if (raw.key or b"").startswith(prefix)
        ]

    with ThreadPoolExecutor(len(OWNER_TOPICS)) as readers:  # each waits for the broker most of its time
        return _by_key(record for records in readers.map(of, OWNER_TOPICS) for record in records)


@pytest.fixture
def ordinary_relay(stack: Endpoints, stack_settings: Settings) -> Iterator[Relay]:
    """A relay that leads already, as on a stack whose workers run; its wire is honest."""
    prepare(stack_settings, stack)
    with Registry(stack.registry_url) as registry:
        relay, stop = Relay(stack.database_url, stack.kafka_config(), registry), threading.Event()
        thread = threading.Thread(target=relay.run, args=(stop,))
        thread.start()
        yield relay
        stop.set()
        thread.join()
        relay.close()


@pytest.mark.usefixtures("ordinary_relay")
def test_what_the_store_publishes_is_what_the_direct_way_would(stack: Endpoints, stack_settings: Settings) -> None:
    run = Run(stack_settings, stack, orders=ORDERS, seed=STORED, profile="mixed", rate=0)
    summary = run.through_store()
    wanted, faults = _wanted(STORED, "mixed")
    assert _arrived(stack, STORED) == wanted
    assert summary.truths == faults.truths()
    assert sum(summary.published_by_topic.values()) == sum(map(len, wanted.values()))
    assert summary.progress.orders_done > 0
    assert summary.to_plain()["tenant"] == f"sim-{STORED}"


def test_the_same_seed_again_publishes_nothing_new(stack: Endpoints, stack_settings: Settings) -> None:
    before = _arrived(stack, STORED)
    summary = Run(stack_settings, stack, orders=ORDERS, seed=STORED, profile="mixed", rate=0).through_store()
    assert summary.published_by_topic == {}
    assert _arrived(stack, STORED) == before


def test_the_direct_way_publishes_every_event(stack: Endpoints, stack_settings: Settings) -> None:
    summary = Run(stack_settings, stack, orders=ORDERS, seed=STRAIGHT, profile="none", rate=0).straight()
    wanted, _ = _wanted(STRAIGHT, "none")
    assert _arrived(stack, STRAIGHT) == wanted
    assert summary.truths == ()
    assert sum(summary.published_by_topic.values()) == sum(map(len, wanted.values()))
