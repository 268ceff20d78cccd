"""Both shapes hold the same kind of events, each order's in the order they happened."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import Any

import pytest

from avro.essentials import essentials
from bench.templates import histories
from bench.workload import Shape, messages, templates_for


@pytest.fixture(scope="module")
def templates() -> list[Any]:
    return histories(8, 1)


@pytest.mark.parametrize("shape", list(Shape))
def test_versions_rise_by_one_for_each_order(templates: list[Any], shape: Shape) -> None:
    versions: dict[bytes, list[int]] = defaultdict(list)
    for message in messages(templates, 2_000, shape):
        versions[message.key].append(essentials(message.headers).aggregate_version)
    assert sum(map(len, versions.values())) == 2_000
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


def test_bursty_orders_follow_each_other_and_uniform_ones_take_turns(templates: list[Any]) -> None:
    bursts, turns = (
        [len(list(group)) for _, group in groupby(messages(templates, 2_000, shape), key=lambda m: m.key)]
        for shape in (Shape.BURSTY, Shape.UNIFORM)
    )
    assert sum(bursts) / len(bursts) > 5
    assert set(turns) == {1}


def test_uniform_orders_do_not_come_back_soon(templates: list[Any]) -> None:
    in_flight = 2_400 // 12
    seen: dict[bytes, int] = {}
    gaps = []
    for index, message in enumerate(messages(templates, 2_400, Shape.UNIFORM)):
        if message.key in seen:
            gaps.append(index - seen[message.key])
        seen[message.key] = index
    assert min(gaps) == in_flight


def test_a_small_run_makes_few_histories() -> None:
    assert len(templates_for(60)) == 5
