"""Which faults happen when: a function of the seed and the request alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, NamedTuple

from domain.errors import ConfigurationError

WORKER_KILL = "worker-kill"
DELAY_SECONDS_MIN, DELAY_SECONDS_MAX = 0.2, 2.5
SETTLED_PERCENT = 40
STEP_SECONDS_MAX = 75.0
"""The longest one fault may take, its healing included; the run ends after that much for each step at the latest."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fault and when it comes.

    `delay_seconds` after the step before; when `settled`, only once everything before it has been recovered from.
    `victim` chooses among what can be hit at that moment (by remainder), `seconds` is how long the fault lasts where
    it has a length, and `variant` how it is done.
    """

    number: int
    fault: str
    delay_seconds: float
    settled: bool
    victim: int
    seconds: float = 0.0
    variant: str = ""

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


class Kind(NamedTuple):
    """How a fault is planned: how often for a number of kills, lasting how long, in which ways.

    One `lasting` comes first and goes on for the whole run. One that `settles` looks at what the group does, and so
    waits until the faults before it are over. `variants` are taken in turn, beginning with a seeded one.
    """

    times: Callable[[int], int] = lambda _: 1
    seconds: tuple[float, float] = (0.0, 0.0)
    variants: tuple[str, ...] = ("",)
    settles: bool = False
    lasting: bool = False


KINDS: Mapping[str, Kind] = {
    WORKER_KILL: Kind(times=lambda kills: kills),
    "duplicates": Kind(lasting=True),
    "reordering": Kind(lasting=True),
    "poison": Kind(times=lambda kills: max(1, kills // 5)),
    "rebalance": Kind(times=lambda kills: max(1, kills // 10), variants=("1", "2"), settles=True),
    "pause": Kind(seconds=(11.5, 14.0), settles=True),
    "zombie": Kind(times=lambda kills: max(1, kills // 10), settles=True),
    "broker-kill": Kind(times=lambda _: 2, variants=("SIGKILL", "SIGTERM")),
    "broker-pause": Kind(seconds=(12.0, 13.0)),
    "postgres-restart": Kind(times=lambda _: 2, variants=("SIGKILL", "SIGQUIT")),
    "clickhouse-down": Kind(seconds=(3.0, 6.0)),
    "state-lost": Kind(settles=True),
    "schema-evolution": Kind(),
}
"""Every fault by its name. "clock", a settle window crossed by a clock that is set, belongs here too."""


def plan(seed: int, kills: int, faults: Sequence[str] = tuple(KINDS)) -> list[Step]:
    """The schedule of a seed: `kills` worker kills, and the other `faults` as often as their kind says.

    The same arguments give the same schedule. Raises `ConfigurationError` for a fault nobody knows.
    """
    unknown = sorted(set(faults) - KINDS.keys())
    if unknown:
        message = f"No fault is called {', '.join(unknown)}."
        raise ConfigurationError(message, remediation=f"Choose from {', '.join(KINDS)}.")
    random = Random(f"chaos/{seed}")
    drawn: list[tuple[str, str]] = []
    for name, kind in KINDS.items():
        if kind.lasting or (name not in faults and name != WORKER_KILL):
            continue
        first = random.randrange(len(kind.variants))
        drawn += [(name, kind.variants[(first + i) % len(kind.variants)]) for i in range(kind.times(kills))]
    random.shuffle(drawn)
    lasting = [(name, "") for name, kind in KINDS.items() if kind.lasting and name in faults]
    return [_step(random, number, *which) for number, which in enumerate([*lasting, *drawn], 1)]


def seconds_max(schedule: Sequence[Step]) -> float:
    """How long a schedule may take at most, in seconds."""
    return sum(step.delay_seconds + STEP_SECONDS_MAX for step in schedule if not KINDS[step.fault].lasting)


def _step(random: Random, number: int, fault: str, variant: str) -> Step:
    kind = KINDS[fault]
    settled = random.randrange(100) < SETTLED_PERCENT  # drawn for every step, so that one kind does not shift another
    delay = random.uniform(DELAY_SECONDS_MIN, DELAY_SECONDS_MAX)
    return Step(
        number,
        fault,
        delay_seconds=0.0 if kind.lasting else round(delay, 3),
        settled=kind.settles or (settled and not kind.lasting),
        victim=random.randrange(1000),
        seconds=round(random.uniform(*kind.seconds), 3),
        variant=variant,
    )
