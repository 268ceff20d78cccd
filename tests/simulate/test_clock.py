"""Virtual time and chance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from compose.simulate.chance import Chance, business_hours
from compose.simulate.clock import Process, Signal, Simulation

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def local_time(*parts: int) -> datetime:
    """What a clock on the wall shows, written down as if it hung in Greenwich."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_processes_take_turns_in_the_order_of_their_times() -> None:
    simulation = Simulation(START)
    seen: list[tuple[str, datetime]] = []

    def walk(name: str, step: timedelta) -> Process:
        for _ in range(2):
            yield step
            seen.append((name, simulation.now))

    simulation.spawn(walk("slow", 3 * MINUTE))
    simulation.spawn(walk("quick", MINUTE))
    times = list(simulation.run())
    assert [name for name, _ in seen] == ["quick", "quick", "slow", "slow"]
    assert times == sorted(times)
    assert seen[-1][1] == START + 6 * MINUTE


def test_whoever_waits_for_a_signal_goes_on_when_it_fires_and_not_before() -> None:
    simulation = Simulation(START)
    woken: list[datetime] = []

    def sleeper() -> Process:
        yield 5 * MINUTE

    def waiter(end: Signal) -> Process:
        yield end
        yield end  # it has fired: nobody waits for it any more
        woken.append(simulation.now)

    simulation.spawn(waiter(simulation.spawn(sleeper())))
    for _ in simulation.run():
        pass
    assert woken == [START + 5 * MINUTE]


def _drawn(chance: Chance) -> Iterator[object]:
    yield chance.whole(1, 1_000_000)
    yield chance.minutes(1, 60)
    yield chance.about(timedelta(hours=5))
    yield chance.one({"a": 1, "b": 2})
    yield chance.quantity(10)


def test_chance_depends_on_seed_purpose_and_number_alone() -> None:
    first = list(_drawn(Chance(3, "deal", 7)))
    assert first == list(_drawn(Chance(3, "deal", 7)))
    for other in (Chance(4, "deal", 7), Chance(3, "customer", 7), Chance(3, "deal", 8)):
        assert first != list(_drawn(other))


@pytest.mark.parametrize(
    ("local", "opens"),
    [
        (local_time(2026, 1, 5, 12), local_time(2026, 1, 5, 12)),
        (local_time(2026, 1, 5, 5, 30), local_time(2026, 1, 5, 8, 30)),
        (local_time(2026, 1, 5, 20), local_time(2026, 1, 6, 8)),
        (local_time(2026, 1, 9, 19), local_time(2026, 1, 12, 8)),
        (local_time(2026, 1, 11, 3), local_time(2026, 1, 12, 8)),
    ],
)
@pytest.mark.parametrize("offset", [-5, 0, 9])
def test_offices_open_on_weekdays_from_eight_to_six(local: datetime, opens: datetime, offset: int) -> None:
    moment = local - timedelta(hours=offset)
    assert moment + business_hours(moment, offset) == opens - timedelta(hours=offset)
