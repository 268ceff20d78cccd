"""What a fault is, and what it may touch."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from compose.chaos.fleet import Fleet
from compose.chaos.load import Load
from compose.chaos.parts import Parts
from compose.chaos.progress import GroupProgress
from compose.chaos.schedule import Step
from compose.stack.endpoints import Endpoints
from streams.engine.batch import Headers

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Poison:
    """A bad record as it was sent, and where it lies on the owner topic."""

    kind: str
    key: bytes
    value: bytes
    headers: Headers
    partition: int
    offset: int


@dataclass(slots=True)
class Site:
    """The stack under attack, and what the faults have left on it for the judgement."""

    endpoints: Endpoints
    folder: Path
    fleet: Fleet
    parts: Parts
    load: Load
    poisons: list[Poison] = field(default_factory=list)
    zombie_commits_refused: int = 0

    def read_so_far(self) -> int:
        """How many offsets of the owner topic the group has committed; for seeing that work goes on."""
        with GroupProgress(self.endpoints.kafka_config()) as progress:
            return sum(progress.committed().values())


class Fault(ABC):
    """One fault of a schedule: `inject` harms, `heal` mends and is called whatever happened, `outcome` tells.

    What stands in the way of a fault (a victim that does not come back, a part that cannot be mended) is raised as
    `UnavailableError`. What it finds wrong with the platform goes into `findings`.
    """

    name: ClassVar[str]
    recovers: ClassVar[bool] = True
    """Whether there is a moment at which the platform has recovered from it."""

    def __init__(self, site: Site, step: Step) -> None:
        self.site = site
        self.step = step
        self.observed: dict[str, Any] = {}
        self.findings: list[str] = []

    @abstractmethod
    def inject(self) -> None:
        """Do the harm; returns when it is done, or over where it has a length."""

    def heal(self) -> None:  # noqa: B027 - many faults are over by themselves
        """Make it good again, as far as the platform does not by itself."""

    def outcome(self) -> dict[str, Any]:
        """What was seen, when everything is at rest."""
        return self.observed


def await_that(holds: Callable[[], bool], timeout_seconds: float) -> bool:
    """Whether `holds` became true within the timeout."""
    deadline = time.monotonic() + timeout_seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
