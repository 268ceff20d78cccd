"""The demonstration as it goes, and what it came to."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol, Self

import typer

from compose.demo.score import Score, kind_of

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from compose.demo.run import Progress, Summary

POLL_SECONDS = 0.25


class Phased(Protocol):
    """What is to be told of: in which phase it is."""

    phase: str


class LiveLines(AbstractContextManager["LiveLines"]):
    """One line on standard error for each phase; for logs and pipes."""

    def __init__(self, progress: Phased) -> None:
        self._progress = progress
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        told = ""
        while True:
            ended = self._stop.wait(POLL_SECONDS)
            if self._progress.phase != told:
                told = self._progress.phase
                typer.echo(f"{time.monotonic() - self._began:6.1f} s  {told}", err=True)
            if ended:
                return


class _Table:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._began = time.monotonic()

    def __rich__(self) -> RenderableType:
        from rich.align import Align
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        p = self._progress
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim")
        table.add_column(justify="right")
        run = p.running
        rows: list[tuple[str, int | str]] = [
            ("matters lived through", f"{run.orders_done} of {run.orders}"),
            ("commands", run.commands),
            ("refused", run.refused),
            ("events published", run.published),
            ("sent twice on purpose", p.duplicated),
            ("swapped on purpose", p.swapped),
            *((f"to be read by {name}", count) for name, count in p.behind.items()),
        ]
        for label, value in rows:
            table.add_row(label, f"{value:,}" if isinstance(value, int) else value)
        bar = Align.left(ProgressBar(total=run.orders, completed=run.orders_done, width=40))
        return Group(Text(f"{time.monotonic() - self._began:5.1f} s  {p.phase}", style="bold"), bar, table)


def live_table(progress: Progress) -> Live:
    """A picture on the terminal that follows the demonstration."""
    from rich.console import Console
    from rich.live import Live

    return Live(_Table(progress), console=Console(file=sys.stderr), refresh_per_second=8)


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """The summary's figures with their names."""
    p = summary.progress
    rows = [
        ("matters", p.running.orders),
        ("commands", p.running.commands),
        ("commands refused", p.running.refused),
        ("events published", sum(summary.published_by_topic.values())),
        ("events sent twice on purpose", p.duplicated),
        ("events swapped on purpose", p.swapped),
        ("events read by order-state", summary.counts.read),
        ("  applied", summary.counts.applied),
        ("  duplicate", summary.counts.duplicate),
        ("  stale", summary.counts.stale),
        ("  dead-lettered", summary.counts.dead_lettered),
        ("orders in the read model (PostgreSQL)", summary.report.read_model),
        ("orders in the analytics (ClickHouse, not authoritative)", summary.report.analytics or 0),
        ("cases opened", summary.cases["all"]),
        ("worker restarts", p.restarts),
    ]
    timed = [(name, f"{count:,}") for name, count in rows]
    money = summary.cases["money_at_risk"].items()
    at_risk = [(f"money at risk in open cases, {currency}", f"{Decimal(a):,.2f}") for currency, a in money]
    return [*timed, *at_risk, ("seconds", f"{summary.seconds:.1f}")]


def score_rows(score: Score) -> list[tuple[str, ...]]:
    """What was injected and found, kind by kind, and what was falsely found."""
    missed, false = Counter(map(kind_of, score.missed)), Counter(found.kind for found in score.false)
    kinds = sorted({*score.injected, *false})
    counts = (score.injected, score.found, missed, false)
    rows = [(kind, *(str(count[kind] or "") for count in counts)) for kind in kinds]
    totals = (score.injected.total(), score.found.total(), missed.total(), false.total())
    return [*rows, ("all", *map(str, totals))]
