"""A whole measurement at a small size: it is the machinery that is tested here, not anyone's speed."""

from __future__ import annotations

import pytest

from bench.plan import Options, Stage
from bench.run import run
from bench.sides import OURS, SIDES, Side
from compose.platform import prepare
from compose.settings import Settings
from compose.stack.endpoints import Endpoints
from topics.admin import admin_client

EVENTS = 2_000


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.mark.stack
def test_both_shapes_are_measured_and_nothing_is_left_behind(
    stack: Endpoints, stack_settings: Settings, told: list[str]
) -> None:
    prepare(stack_settings, stack)
    stage = Stage(stack, stack_settings.state_path, Options(events=EVENTS, repeats=1), told.append)
    broken = Side("broken", "bench.no_such_module", "a side that cannot run")
    result = run(stage, [SIDES[OURS], broken, SIDES["plain_faust"]], "throughput")

    assert result["tables_equal"] is True
    assert result["failed"] == ["broken"], told
    assert result["ratio"].keys() == {"plain_faust", "plain_faust_per_cpu_second"}
    for shape, outputs in (("bursty", (0.05, 0.6)), ("uniform", (0.1, 1.0))):
        found = result[shape]
        assert found["events"] == EVENTS * 1.25
        assert "bench.no_such_module" in found["sides"]["broken"]["failed"]
        for name in (OURS, "plain_faust"):
            side = found["sides"][name]
            assert 0 < side["events"] <= EVENTS
            assert side["events_per_second"] > 0
            assert side["memory_mib"] > 20
            assert side["broker_cpu_seconds"] >= 0
            assert side["differing_orders"] == 0
            assert outputs[0] < side["outputs_per_event"] <= outputs[1]
    left = admin_client(stack.kafka_config()).list_topics(timeout=10).topics
    assert [name for name in left if stage.token in name] == []
    assert any("uniform" in line and "plain_faust" in line for line in told)
