"""Whether a worker is well, judged from what it last said about itself: pure, so that any thread can ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

LIVE_SECONDS = 30.0
"""How long a worker may be silent or without progress before it is taken for hung."""

Place = tuple[str, int]
"""Topic and partition."""


class Phase(StrEnum):
    """What a worker is about."""

    STARTING = "starting"
    RESTORING = "restoring"
    RUNNING = "running"
    REBALANCING = "rebalancing"
    FAILED = "failed"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Check:
    """One condition: whether it holds, since when (monotonic seconds), and what to do when it does not."""

    name: str
    holds: bool
    since: float
    detail: str
    remediation: str = ""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a worker knows about itself at one moment; times in monotonic seconds, positions are next offsets.

    `ends` are the ends of the input's partitions as the client last saw them; `gaps` stretches of a log, from and to,
    that hold no record (markers of transactions lie there). `waiting_since` is when records began to wait for being
    committed, `advanced` when a commit last moved a position; `beats` say when each thread of control was last seen.
    """

    phase: Phase
    since: float
    started: float
    epoch: int = 0
    assigned: frozenset[Place] = frozenset()
    applied: Mapping[Place, int] = field(default_factory=dict)
    committed: Mapping[Place, int] = field(default_factory=dict)
    ends: Mapping[Place, int] = field(default_factory=dict)
    gaps: Mapping[Place, tuple[int, int]] = field(default_factory=dict)
    entries: Mapping[int, int] = field(default_factory=dict)
    waiting_since: float | None = None
    advanced: float | None = None
    committed_at: float | None = None
    beats: Mapping[str, float] = field(default_factory=dict)

    @property
    def lag(self) -> dict[Place, int]:
        """How many offsets lie between what is committed and the end, for each partition whose end is known."""
        return {place: max(0, end - self._reached(place)) for place, end in self.ends.items() if place in self.assigned}

    def _reached(self, place: Place) -> int:
        committed = self.committed.get(place, 0)
        begin, end = self.gaps.get(place, (committed, committed))
        return max(committed, end) if committed >= begin else committed


_READY: Mapping[Phase, tuple[str, str]] = {
    Phase.STARTING: ("has not been given partitions yet", "Wait; if it lasts, see whether the broker answers."),
    Phase.RESTORING: ("reads its state back", "Wait; `ordertruth_restored_records_total` shows the progress."),
    Phase.REBALANCING: ("gave its partitions up and waits for new ones", "Wait; another worker came or went."),
    Phase.FAILED: ("met a failure and stops", "See its log; whoever supervises it starts it again."),
    Phase.STOPPING: ("is stopping", "Nothing, if it was told to stop."),
}


def ready(vitals: Vitals) -> Check:
    """Restored, assigned, not rebalancing: what it was given is being worked on."""
    if vitals.phase is Phase.RUNNING:
        count = len(vitals.assigned)
        detail = f"works on {count} partitions" if count else "stands by: there are more workers than partitions"
        return Check("assigned and restored", holds=True, since=vitals.since, detail=detail)
    detail, remediation = _READY[vitals.phase]
    return Check("assigned and restored", holds=False, since=vitals.since, detail=detail, remediation=remediation)


def live(vitals: Vitals, now: float, live_seconds: float = LIVE_SECONDS) -> list[Check]:
    """It breathes, and commits advance while records wait.

    Lag that is merely there is no fault: a worker that catches up is live.
    """
    return [*_breathing(vitals, now, live_seconds), _advancing(vitals, now, live_seconds)]


def _breathing(vitals: Vitals, now: float, live_seconds: float) -> Iterator[Check]:
    for name in sorted(vitals.beats):
        seen = vitals.beats[name]
        silent = now - seen
        if silent <= live_seconds:
            yield Check(name, holds=True, since=vitals.started, detail="answers")
        else:
            text = f"has not been seen for {silent:.0f} s"
            yield Check(name, holds=False, since=seen, detail=text, remediation=_KILL)


def _advancing(vitals: Vitals, now: float, live_seconds: float) -> Check:
    name = "commits advance"
    if vitals.phase is not Phase.RUNNING or vitals.waiting_since is None:
        return Check(name, holds=True, since=vitals.since, detail="nothing waits to be committed")
    last = max(vitals.waiting_since, vitals.since, vitals.advanced or 0.0)
    waiting = sum(vitals.lag.values())
    if now - last <= live_seconds:
        return Check(name, holds=True, since=vitals.waiting_since, detail=f"{waiting} records wait")
    text = f"{waiting} records wait, and no position has moved for {now - last:.0f} s"
    return Check(name, holds=False, since=last, detail=text, remediation=_KILL)


_KILL = "Ask /stacks where it hangs, then kill it: nothing is lost, and its supervisor starts it again."
