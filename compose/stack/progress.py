"""What the stack tells while it starts and stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Download:
    """How far the download of one file is, in bytes; `total` is 0 while its size is unknown."""

    file: str
    done: int
    total: int


class Reporter(Protocol):
    """Told what happens; called from the thread that waits for the stack, downloads from several threads."""

    def download(self, progress: Download) -> None:
        """A file of a part is being fetched."""

    def parts(self, states: Mapping[str, str], details: Mapping[str, str]) -> None:
        """The state of every part (`starting`, `healthy`, ...) and a word about each; told again on each change."""


class Silent:
    """A reporter that says nothing."""

    def download(self, progress: Download) -> None:
        """Says nothing."""

    def parts(self, states: Mapping[str, str], details: Mapping[str, str]) -> None:
        """Says nothing."""
