"""The main job with thousands of orders: too slow for the fast tier, and nothing else is different."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.stack, pytest.mark.full, pytest.mark.timeout(1800)]


def test_three_thousand_orders(new_state_dir: Callable[[], Path], jar_cache_dir: Path) -> None:
    installation = Installation(new_state_dir(), jar_cache_dir)
    found = installation.json("demo", "--orders", "3000", "--seed", "5", "--exit", timeout_s=1500)
    assert found["read_model"]["order_state"] == found["analytics"]["order_state"] == found["orders"] > 2000
    assert found["verify"]["mismatches"] == 0
    assert found["missed"] == found["false_cases"] == {}
    assert found["worker_restarts"] == 0
    assert installation.left_over() == []
