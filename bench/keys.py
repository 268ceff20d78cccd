"""Throughput with few and with many live orders in the store, everything else being the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from typing import Any

from avro.registry import Registry
from bench.live_orders import LiveOrder, live_order, seed
from bench.measure import Bounds, Timing, measure
from bench.outputs import written
from bench.plan import Stage
from bench.sides import OURS, Side
from bench.statistics import summary
from bench.templates import DIGITS, Message
from bench.throughput import warm_up
from bench.workload import publish

FEW = 10_000
UPDATES = 5


def run(stage: Stage, sides: Sequence[Side], *, few: int = FEW) -> dict[str, Any]:
    """Our engine over the same number of events with few and with many orders restored before; `ratio` many to few.

    Events go round the orders in turn, so that both have the same outputs for each event. Over the run an order of the
    few grows by many versions, one of the many by one at most; so the many begin at versions spread over the same
    range, and a state has the same size on average.
    """
    side = next(side for side in sides if side.name == OURS)
    many = stage.options.orders
    total = stage.options.events + warm_up(stage.options.events)
    ahead = -(-total // few)
    results: dict[str, dict[str, Any]] = {}
    timings: dict[int, list[Timing]] = {few: [], many: []}
    outputs: dict[int, list[float]] = {few: [], many: []}
    with Registry(stage.endpoints.registry_url) as registry:
        stage.tell(f"making an order of {ahead} further versions")
        order = live_order(registry, UPDATES + 2 * ahead)
        base = order.live_from + UPDATES
        versions = {few: _at(base, few), many: _spread(base, ahead, many)}
        for repeat in range(1, stage.options.repeats + 1):
            for orders in (few, many):
                timing, written_share = _once(stage, side, registry, order, versions[orders], total, repeat)
                timings[orders].append(timing)
                outputs[orders].append(written_share)
                stage.tell(f"{orders:,} orders {repeat}: {timing.events / timing.seconds:,.0f} events/s")
    for orders in (few, many):
        share = sum(outputs[orders]) / len(outputs[orders])
        results[str(orders)] = {**summary(timings[orders]), "outputs_per_event": round(share, 4)}
    speed = [results[str(orders)]["events_per_second"] for orders in (few, many)]
    return {
        "keys": {"few": few, "many": many, "updates": UPDATES, "events": total, "orders": results},
        "ratio": {"many_to_few": round(speed[1] / speed[0], 3)},
    }


def _once(
    stage: Stage, side: Side, registry: Registry, order: LiveOrder, versions: Mapping[int, int], total: int, repeat: int
) -> tuple[Timing, float]:
    name = f"keys-{len(versions)}-{repeat}"
    with stage.source(name, {}) as source:
        plan = stage.plan(side, source, name)
        publish(plan["kafka"], registry, source, islice(_in_turn(order, versions), total))
        with stage.topics_of(plan):
            seed(plan["kafka"], plan["changelog"], order, versions, UPDATES)
            timing = measure(side, [plan], Bounds(warm_up(stage.options.events), total), stage.place())
            return timing, written(plan["kafka"], plan["output"]).records / total


def _in_turn(order: LiveOrder, versions: Mapping[int, int]) -> Iterator[Message]:
    """The next event of each order, round and round."""
    reached = dict(versions)
    for number in cycle(versions):
        yield order.history[reached[number]].message(b"%0*d" % (DIGITS, number))
        reached[number] += 1


def _at(version: int, orders: int) -> dict[int, int]:
    return dict.fromkeys(range(orders), version)


def _spread(base: int, ahead: int, orders: int) -> dict[int, int]:
    return {number: base + number % (ahead + 1) for number in range(orders)}
