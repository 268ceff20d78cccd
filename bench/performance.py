"""`docs/performance.md` from the JSON of runs: no figure in it is written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.report import NOTHING, Table, tables, times
from bench.sides import OURS, SIDES
from bench.statistics import PER_CPU_SECOND
from bench.workload import Shape

_HEAD = """\
# Performance

Written by `ordertruth bench-report`; change [bench/](../bench/README.md), not this page. Events per second depend on
the machine and on what else runs on it; the ratios of one run depend on it much less, so they are what counts.

## How it is measured

Every side does the same derivation over the same topic: all event types of a product order, the fold to its facts, the
full contract record with its derivation block, and a changelog, with 4 partitions and the same commit interval.
Sides in Python share the platform's own reader, fold, derivation and writer, compiled alike. The events are those of
real aggregates under many order numbers, in two shapes: *bursty* (the events of an order in a row, about one output for
ten events) and *uniform* (twenty thousand orders in turn, about one output for each event).

The clock runs between *committed* offsets after a warm-up of 250,000 events (a quarter of a smaller run), in repeats
that take turns between the sides; medians are given. CPU seconds of client and broker are counted apart. At the end of
each run the last record of every order must be equal on all sides. Stores are all in memory, or all on disk.

| side | is |
|---|---|
"""
_FAIRNESS = """
What each was given: Kafka Streams reused readers and a cache larger than its working set; Quix Streams a sink that
writes each order once for a checkpoint, inside its transaction (it and Faust keep bytes, as their stores want them,
where ours and Kafka Streams keep objects beside); Bytewax its batched stateful step; Faust a `take`,
larger batches and a short linger. Each side's outputs for each event stand in the table: where they differ from ours by
more than a tenth, its speed is not comparable. What Bytewax keeps is not in Kafka, so it writes no changelog.
"""


def page(results: Sequence[Mapping[str, Any]]) -> str:
    """The whole page in Markdown, for results of any modes."""
    lines = [_HEAD + "\n".join(f"| `{side.name}` | {side.label} |" for side in SIDES.values()), _FAIRNESS]
    if not results:
        lines.append("No run has been recorded yet.\n")
    for result in results:
        lines += _run(result)
    return "\n".join(lines).rstrip() + "\n"


def _run(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {result['mode'].capitalize()}\n\n```sh\n{result['command']}\n```\n"
    yield f"{_machine(result['machine'])}\n"
    if result["mode"] == "throughput":
        yield "![Events per second relative to ours](performance.svg)\n"
        yield _markdown(_ratios(result))
    for table in tables(result):
        yield _markdown(table)


def _machine(found: Mapping[str, Any]) -> str:
    packages = {**found["packages"], **{f"{n} (peers)": v for n, v in found["peers_packages"].items()}}
    versions = ", ".join(f"{name} {number}" for name, number in packages.items())
    words = [
        f"{found['cores']} cores ({found['processor']}), {found['memory_gib']} GiB, {found['system']}; the broker on",
        f"the same machine. Kafka {found['kafka']}, Python {found['python']}, {versions}.",
        f"{found['partitions']} partitions, commits every {found['commit_ms']} ms, stores: {found['store']}.",
        f"Load before the run: {found['load_before']}.",
    ]
    return " ".join(words)


def _ratios(result: Mapping[str, Any]) -> Table:
    columns = ("ours to", *(shape.value for shape in Shape), "the lower", "for each CPU second, the lower")
    rows: list[tuple[str, ...]] = []
    for name in result[Shape.BURSTY.value]["sides"]:
        if name != OURS:
            shapes = [times(result[shape.value]["ratio"].get(name)) for shape in Shape]
            lower = [times(result["ratio"].get(key)) for key in (name, f"{name}{PER_CPU_SECOND}")]
            rows.append((name, *shapes, *lower))
    return Table("Events per second, ours divided by theirs", columns, rows, "")


def _markdown(table: Table) -> str:
    head = [" | ".join(row) for row in (table.columns, ["---"] * len(table.columns))]
    body = [" | ".join(cell or NOTHING for cell in row) for row in table.rows]
    lines = "\n".join(f"| {line} |" for line in (*head, *body))
    return f"{table.title}:\n\n{lines}\n" + (f"\n{table.remark}\n" if table.remark else "")
