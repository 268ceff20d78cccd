"""When an event counts as visible."""

from __future__ import annotations

import pytest

from bench.latency import Appended, latencies
from domain.errors import UnavailableError

A, B = b"a", b"b"


def test_an_event_is_visible_with_the_first_output_of_its_version_or_a_newer_one() -> None:
    visible = {A: [(100.0, 1), (250.0, 4)], B: [(130.0, 1)]}
    appended = [Appended(90, A, 1), Appended(95, A, 2), Appended(240, A, 4), Appended(120, B, 1)]
    assert latencies(appended, visible) == [10.0, 155.0, 10.0, 10.0]


def test_an_event_that_never_shows_is_no_latency_at_all() -> None:
    with pytest.raises(UnavailableError, match="Version 5 of a"):
        latencies([Appended(1, A, 5)], {A: [(2.0, 4)]})
