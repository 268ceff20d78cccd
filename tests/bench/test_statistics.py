"""What is reported of repeats."""

from __future__ import annotations

import pytest

from bench.measure import Timing
from bench.statistics import lower, percentile, ratios, summary


def timing(events: int, seconds: float, cpu: float, memory: float = 100.0, broker: float | None = 1.0) -> Timing:
    return Timing(events, seconds, cpu, broker, memory, complete=True)


def test_figures_are_medians_and_memory_is_the_peak() -> None:
    found = summary([timing(1000, 1.0, 2.0, 90), timing(1000, 4.0, 1.0, 120), timing(1000, 2.0, 4.0, 100)])
    assert found["events_per_second"] == 500
    assert found["events_per_cpu_second"] == 500
    assert found["cpu_seconds"] == 2.0
    assert found["memory_mib"] == 120
    assert [repeat["events_per_second"] for repeat in found["repeats"]] == [1000, 250, 500]


def test_a_broker_of_someone_else_has_no_cpu_time() -> None:
    assert summary([timing(10, 1.0, 1.0, broker=None)])["broker_cpu_seconds"] is None


def test_repeats_of_different_length_count_by_their_rate() -> None:
    assert summary([timing(1000, 10.0, 1.0), timing(100, 1.0, 0.1)])["events_per_second"] == 100


def test_ratios_are_ours_to_theirs_and_failed_sides_have_none() -> None:
    sides = {
        "ordertruth": summary([timing(1000, 1.0, 1.0)]),
        "other": summary([timing(1000, 4.0, 8.0)]),
        "broken": {"failed": "It ended."},
    }
    assert ratios(sides, "ordertruth") == {"other": 4.0, "other_per_cpu_second": 8.0}


def test_nothing_is_compared_with_a_failure_of_our_own() -> None:
    assert ratios({"ordertruth": {"failed": "x"}, "other": summary([timing(1, 1.0, 1.0)])}, "ordertruth") == {}


def test_of_two_shapes_the_lower_ratio_counts() -> None:
    assert lower({"a": 2.0, "b": 3.0}, {"a": 1.5, "c": 9.0}) == {"a": 1.5}


@pytest.mark.parametrize(("percent", "value"), [(50, 5), (99, 10), (100, 10), (10, 1), (0, 1)])
def test_percentiles_are_nearest_ranks(percent: float, value: int) -> None:
    assert percentile(list(range(10, 0, -1)), percent) == value


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)
