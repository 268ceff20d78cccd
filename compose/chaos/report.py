"""What a chaos run came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from compose.chaos.oracle import Judgement
from compose.chaos.recovery import Recovery
from compose.chaos.schedule import Step
from compose.verify.run import Report


@dataclass(slots=True)
class Outcome:
    """One fault as it went: when it came (seconds after the run began), what was seen, and what was wrong."""

    step: Step
    at_seconds: float
    observed: dict[str, Any] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    recovery: Recovery | None = None

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it; `at` is in seconds after the run began.

        `recovered_seconds` runs from the harm, and is None for a fault without an end of its own.
        """
        return {
            "number": self.step.number,
            "kind": self.step.fault,
            "at": self.at_seconds,
            "recovered_seconds": self.recovery.seconds if self.recovery else None,
            "outcome": "as it should be" if not self.findings else "; ".join(self.findings),
            "observed": self.observed,
        }


@dataclass(slots=True)
class ChaosReport:
    """The schedule, what became of each fault, and the judgement of the platform at rest.

    `verify` and `judgement` are None when the platform did not come to rest; `findings` then says why.
    """

    seed: int
    kills: int
    workers: int
    schedule: Sequence[Step]
    outcomes: list[Outcome] = field(default_factory=list)
    zombie_commits_refused: int = 0
    poison: int = 0
    commands: Counter[str] = field(default_factory=Counter)
    commands_repeated: int = 0
    published: dict[str, int] = field(default_factory=dict)
    worker_restarts: int = 0
    verify: Report | None = None
    judgement: Judgement | None = None
    in_flight: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    folder: str = ""
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        """Records missing or behind; what never came to rest counts as lost."""
        return (self.judgement.lost if self.judgement else 0) + sum(self.in_flight.values())

    @property
    def double_counted(self) -> int:
        """Records counted more than once."""
        return self.judgement.double_counted if self.judgement else 0

    @property
    def accounting_ok(self) -> bool:
        """Whether the worker's own count is the one the raw topics give."""
        return self.judgement is not None and self.judgement.accounting_ok

    @property
    def all_findings(self) -> list[str]:
        """Everything that is wrong, in sentences."""
        of_faults = [f"{o.step.number} {o.step.fault}: {finding}" for o in self.outcomes for finding in o.findings]
        return [*self.findings, *of_faults, *(self.judgement.findings if self.judgement else [])]

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or miscounted, every copy agrees, and every fault went as it should."""
        return not (self.lost or self.double_counted or self.all_findings) and self.accounting_ok

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it."""
        judgement = self.judgement or Judgement()
        return {
            "seed": self.seed,
            "kills": self.kills,
            "workers": self.workers,
            "schedule": [step.to_plain() for step in self.schedule],
            "faults": [outcome.to_plain() for outcome in self.outcomes],
            "lost": self.lost,
            "double_counted": self.double_counted,
            "accounting_ok": self.accounting_ok,
            "zombie_commits_refused": self.zombie_commits_refused,
            "good": self.good,
            "findings": self.all_findings[:100],
            "events": judgement.events,
            "events_published": self.published,
            "outputs": judgement.outputs,
            "duplicates": {"on_topic": judgement.copies_on_topic, "counted": judgement.duplicates_counted},
            "poison": self.poison,
            "commands": dict(self.commands),
            "commands_repeated": self.commands_repeated,
            "worker_restarts": self.worker_restarts,
            "in_flight": self.in_flight,
            "verify": self.verify.to_plain() if self.verify else None,
            "folder": self.folder,
            "seconds": round(self.seconds, 3),
        }
