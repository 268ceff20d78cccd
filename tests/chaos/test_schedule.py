"""The schedule of a chaos run: a function of its seed, and everything that was asked for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from compose.chaos.faults import FAULTS
from compose.chaos.run import own_settings
from compose.chaos.schedule import KINDS, WORKER_KILL, plan, seconds_max
from compose.settings import Settings
from domain.errors import ConfigurationError
from tests.conftest import EMBEDDED

if TYPE_CHECKING:
    from pathlib import Path

    from compose.chaos.schedule import Step

SESSION_TIMEOUT_S = 10.0
SEEDS = range(20)


def of(schedule: list[Step], fault: str) -> list[Step]:
    return [step for step in schedule if step.fault == fault]


def test_the_same_seed_gives_the_same_schedule_and_another_seed_another() -> None:
    for seed in SEEDS:
        assert plan(seed, 20) == plan(seed, 20)
    assert len({str(plan(seed, 20)) for seed in SEEDS}) == len(SEEDS)


def test_a_schedule_does_not_depend_on_the_order_the_faults_are_named_in() -> None:
    assert plan(7, 3, ["poison", "zombie"]) == plan(7, 3, ["zombie", "poison", "poison"])


def test_every_kind_of_fault_can_be_done() -> None:
    assert FAULTS.keys() == KINDS.keys()


@pytest.mark.parametrize("kills", [0, 1, 3, 20])
def test_everything_asked_for_is_in_it(kills: int) -> None:
    for seed in SEEDS:
        schedule = plan(seed, kills)
        times = Counter(step.fault for step in schedule)
        assert times[WORKER_KILL] == kills
        assert {name for name, count in times.items() if count} == KINDS.keys() - (
            {WORKER_KILL} if not kills else set()
        )
        assert [step.number for step in schedule] == list(range(1, len(schedule) + 1))
        assert {step.variant for step in of(schedule, "broker-kill")} == {"SIGKILL", "SIGTERM"}


def test_kills_come_whether_named_or_not() -> None:
    assert [step.fault for step in plan(1, 2, [])] == [WORKER_KILL, WORKER_KILL]
    assert plan(1, 2, [WORKER_KILL]) == plan(1, 2, [])


def test_lasting_faults_come_first_and_the_others_after_a_while() -> None:
    for seed in SEEDS:
        first, second, *others = plan(seed, 5)
        assert [first.fault, second.fault] == ["duplicates", "reordering"]
        assert first.delay_seconds == second.delay_seconds == 0
        assert all(step.delay_seconds > 0 for step in others)


def test_a_pause_is_longer_than_the_session_lives() -> None:
    for seed in SEEDS:
        assert all(step.seconds > SESSION_TIMEOUT_S for step in of(plan(seed, 3), "pause"))
        assert all(step.seconds > SESSION_TIMEOUT_S for step in of(plan(seed, 3), "broker-pause"))


def test_kills_hit_a_platform_at_rest_and_one_that_still_recovers() -> None:
    assert {step.settled for seed in SEEDS for step in of(plan(seed, 20), WORKER_KILL)} == {True, False}


def test_a_run_is_bounded() -> None:
    assert 0 < seconds_max(plan(7, 3, ["poison", "duplicates"])) < seconds_max(plan(7, 20)) < 3600


def test_an_unknown_fault_is_named() -> None:
    with pytest.raises(ConfigurationError, match="No fault is called meteor") as refusal:
        plan(1, 1, ["meteor", "poison"])
    assert "worker-kill, duplicates" in refusal.value.remediation


@pytest.mark.parametrize(
    ("setting", "value", "name"),
    [
        ("kafka_bootstrap_servers", "broker.example:9092", "KAFKA_BOOTSTRAP_SERVERS"),
        ("schema_registry_url", "http://registry.example", "SCHEMA_REGISTRY_URL"),
        ("database_url", "postgresql://db.example/x", "DATABASE_URL"),
        ("clickhouse_dsn", "clickhouse://db.example/x", "CLICKHOUSE_DSN"),
    ],
)
def test_somebody_elses_service_is_refused(tmp_path: Path, setting: str, value: str, name: str) -> None:
    settings = Settings(state_dir=tmp_path / "state", _env_file=None, **{**EMBEDDED, setting: value})
    with pytest.raises(ConfigurationError, match=name):
        own_settings(settings)


def test_a_run_has_a_folder_and_ports_of_its_own(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", stack={"kafka_port": 19092}, _env_file=None, **EMBEDDED)
    one, other = own_settings(settings), own_settings(settings)

    assert one.state_path.parent == other.state_path.parent == settings.state_path
    assert len({one.state_path, other.state_path, settings.state_path}) == 3
    assert one.stack.kafka_port is None
    assert one.cache_path == settings.cache_path
