"""The figures of a run as tables, the same for the screen and for the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from bench.sides import OURS
from bench.statistics import PER_CPU_SECOND
from bench.workload import Shape

NOTHING = "-"


class Table(NamedTuple):
    """One table with what stands above and below it."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    remark: str


def tables(result: Mapping[str, Any]) -> Iterator[Table]:
    """The tables of a result, by its mode."""
    yield from _TABLES[result["mode"]](result)


def times(ratio: float | None) -> str:
    """A ratio for people."""
    return NOTHING if ratio is None else f"{ratio:.2f} x"


def _throughput(result: Mapping[str, Any]) -> Iterator[Table]:
    columns = (
        "side",
        "events/s",
        "CPU s",
        "broker CPU s",
        "events/CPU s",
        "peak MiB",
        "outputs/event",
        "ours is faster by",
        "by CPU s",
    )
    for shape in Shape:
        found = result[shape.value]
        title = f"{shape}: {found['events']:,} events of {found['orders']:,} orders, {found['warm_up']:,} to warm up"
        rows = [_throughput_row(name, side, found["ratio"]) for name, side in found["sides"].items()]
        equal = "equal" if found["tables_equal"] else "DIFFERENT"
        remark = f"The last records of all orders are {equal} on all sides."
        if found["outputs_differ"]:
            remark += f" More than a tenth more or fewer outputs than ours: {', '.join(found['outputs_differ'])}."
        yield Table(title, columns, rows, remark)


def _throughput_row(name: str, side: Mapping[str, Any], ratio: Mapping[str, float]) -> tuple[str, ...]:
    if "failed" in side:
        return (name, "failed", *[NOTHING] * 7)
    return (
        name,
        *_rates(side),
        f"{side['outputs_per_event']:.3f}",
        "" if name == OURS else times(ratio.get(name)),
        "" if name == OURS else times(ratio.get(f"{name}{PER_CPU_SECOND}")),
    )


def _rates(side: Mapping[str, Any]) -> tuple[str, ...]:
    broker = side["broker_cpu_seconds"]
    return (
        f"{side['events_per_second']:,}",
        f"{side['cpu_seconds']:.1f}",
        NOTHING if broker is None else f"{broker:.1f}",
        f"{side['events_per_cpu_second']:,}",
        f"{side['memory_mib']:.0f}",
    )


def _latency(result: Mapping[str, Any]) -> Iterator[Table]:
    columns = ("side", "events", "p50 ms", "p99 ms")
    for shape in Shape:
        rows: list[tuple[str, ...]] = [
            (name, "failed", NOTHING, NOTHING)
            if "failed" in side
            else (name, f"{side['events']:,}", f"{side['p50_ms']:.0f}", f"{side['p99_ms']:.0f}")
            for name, side in result[shape.value]["sides"].items()
        ]
        title = f"{shape}: event appended until visible to a reader of committed records, {result['rate']:,} events/s"
        yield Table(title, columns, rows, "")


def _keys(result: Mapping[str, Any]) -> Iterator[Table]:
    found = result["keys"]
    columns = ("orders", "events/s", "CPU s", "broker CPU s", "events/CPU s", "peak MiB", "outputs/event")
    rows = [
        (f"{int(orders):,}", *_rates(side), f"{side['outputs_per_event']:.3f}")
        for orders, side in found["orders"].items()
    ]
    title = f"live orders in the store, {found['updates']} changelog records each; {found['events']:,} events"
    yield Table(title, columns, rows, f"With the many: {result['ratio']['many_to_few']:.2f} of the speed with the few.")


def _scale(result: Mapping[str, Any]) -> Iterator[Table]:
    columns = ("side", "workers", "events/s", "CPU s", "broker CPU s", "events/CPU s", "peak MiB")
    for shape in Shape:
        rows: list[tuple[str, ...]] = []
        for name, side in result[shape.value]["sides"].items():
            if "failed" in side:
                rows.append((name, "failed", *[NOTHING] * 5))
            else:
                rows += [(name, workers, *_rates(found)) for workers, found in side["workers"].items()]
        title = f"{shape}: one and two workers; the broker runs on the same {result['machine']['cores']} cores"
        yield Table(title, columns, rows, "")


def _restore(result: Mapping[str, Any]) -> Iterator[Table]:
    found = result["restore"]
    columns = ("start", "records", "orders", "seconds", "CPU s", "records/s", "resident MiB")
    rows: list[tuple[str, ...]] = [
        (
            name,
            f"{once['records']:,}",
            f"{once['orders']:,}",
            f"{once['seconds']:.1f}",
            f"{once['cpu_seconds']:.1f}",
            f"{once['records_per_second']:,}",
            f"{once['resident_mib']:,}",
        )
        for name, once in (("first", found["restored"]), ("again", found["again"]))
    ]
    title = (
        f"{found['orders']:,} orders of {found['updates']} changelog records of {found['bytes_per_record']} bytes, "
        f"none compacted, store: {found['store']}"
    )
    yield Table(title, columns, rows, "")


def _memory(result: Mapping[str, Any]) -> Iterator[Table]:
    found = result["memory"]
    columns = ("when", "resident bytes for each order", "of these its state", "the store's own")
    rows: list[tuple[str, ...]] = [
        (
            when,
            f"{found[name]['resident_bytes_per_order']:,}",
            f"{found[name]['state_bytes_per_order']:,}",
            f"{found[name]['overhead_per_order']:,}",
        )
        for when, name in (("in the middle of its life", "mid_life"), ("at its end", "full_life"))
    ]
    title = f"{found['orders']:,} orders of {found['items']} items, store: {found['store']}"
    yield Table(title, columns, rows, "The store alone; a worker's facts of the orders it last worked on come on top.")


def _api(result: Mapping[str, Any]) -> Iterator[Table]:
    found = result["api"]
    columns = ("request", "requests", "p50 ms", "p99 ms", "max ms")
    kinds = {**found["kinds"], "all": found["all"]}
    rows: list[tuple[str, ...]] = [
        (name, f"{kind['requests']:,}", f"{kind['p50_ms']:.1f}", f"{kind['p99_ms']:.1f}", f"{kind['max_ms']:.1f}")
        for name, kind in kinds.items()
    ]
    title = f"query API over {found['orders']:,} orders: {found['clients']} clients, {found['rate']} requests/s in all"
    remark = f"{found['failed']} failed; {found['server_cpu_ms']:.1f} ms of the server's CPU for a request."
    yield Table(title, columns, rows, remark)


def _rebuild(result: Mapping[str, Any]) -> Iterator[Table]:
    found = result["rebuild"]
    spent = found["rebuild"]["seconds"]
    columns = ("orders", "events", "seconds", "fold", "indexes", "catch up", "CPU s", "exchange ms", "orders/s")
    row = (
        f"{found['orders']:,}",
        f"{found['events']:,}",
        f"{spent['all']:.1f}",
        f"{spent['fold']:.1f}",
        f"{spent['finish']:.1f}",
        f"{spent['catch up']:.1f}",
        f"{found['rebuild']['cpu_seconds']:.1f}",
        f"{found['rebuild']['exchange_ms']:.0f}",
        f"{found['orders_per_second']:,}",
    )
    equal = "equal to" if found["equal"] else "DIFFERENT from"
    remark = (
        f"Meanwhile {found['written_meanwhile']:,} events were published and {found['reads']:,} rows read, "
        f"at most in {found['read_max_ms']:.0f} ms; {found['gaps']} were not there. "
        f"At rest the {found['rows']:,} rows are {equal} the fold of the topic."
    )
    yield Table("order states rebuilt while worker, sink and readers go on", columns, [row], remark)


_TABLES: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Table]]] = {
    "throughput": _throughput,
    "latency": _latency,
    "keys": _keys,
    "scale": _scale,
    "restore": _restore,
    "memory": _memory,
    "api": _api,
    "rebuild": _rebuild,
}
