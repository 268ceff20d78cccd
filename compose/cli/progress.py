"""The stack's start and stop on the screen."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from compose.stack.part import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType

    from compose.stack.progress import Download, Reporter

MEBIBYTE = 1024 * 1024
_SIGNS = {"healthy": "✓", "external": "✓", "failed": "✗", "stopped": "■"}


class LineReporter:
    """One line on standard error for each change; for logs, pipes and continuous integration."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def download(self, progress: Download) -> None:
        """Say that a file is fetched, once."""
        with self._lock:
            if self._told.get(progress.file) is None:
                self._told[progress.file] = "fetching"
                typer.echo(f"fetching {progress.file} ({progress.total / MEBIBYTE:.1f} MiB)", err=True)

    def parts(self, states: Mapping[str, str], details: Mapping[str, str]) -> None:
        """Say which parts changed their state."""
        for name, state in states.items():
            if self._told.get(name) != state:
                self._told[name] = state
                waited = time.monotonic() - self._began
                typer.echo(f"{waited:6.1f} s  {TITLES[name]}: {state}  {details.get(name, '')}".rstrip(), err=True)


class ScreenReporter:
    """A live picture of the parts and of the bytes fetched."""

    def __init__(self) -> None:
        self._files: dict[str, Download] = {}
        self._states: dict[str, str] = {}
        self._details: dict[str, str] = {}
        self._lock = threading.Lock()

    def download(self, progress: Download) -> None:
        """Take note; the screen is drawn by itself."""
        with self._lock:
            self._files[progress.file] = progress

    def parts(self, states: Mapping[str, str], details: Mapping[str, str]) -> None:
        """Take note; the screen is drawn by itself."""
        with self._lock:
            self._states, self._details = dict(states), dict(details)

    def __rich__(self) -> RenderableType:
        from rich.align import Align
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            files, states, details = list(self._files.values()), dict(self._states), dict(self._details)
        table = Table.grid(padding=(0, 2))
        for name, state in states.items():
            sign: RenderableType = Text(_SIGNS[state]) if state in _SIGNS else Spinner("dots")
            first_line = details.get(name, "").partition("\n")[0]
            table.add_row(sign, TITLES[name], state, Text(first_line, overflow="ellipsis", no_wrap=True))
        if not files or states:
            return table
        done, total = sum(f.done for f in files), max(1, sum(f.total for f in files))
        text = Text(f"fetching {len(files)} files, {done / MEBIBYTE:.0f} of {total / MEBIBYTE:.0f} MiB")
        return Group(text, Align.left(ProgressBar(total=total, completed=done, width=40)), table)


@contextmanager
def shown() -> Iterator[Reporter]:
    """A reporter for the length of a block: a live picture on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield LineReporter()
        return
    from rich.console import Console
    from rich.live import Live

    screen = ScreenReporter()
    with Live(screen, console=Console(stderr=True), refresh_per_second=10):
        yield screen
