"""Who can be named as a peer, and what is said when one cannot run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.sides import OURS, SIDES, chosen, command
from domain.errors import ConfigurationError

HERE = Path(sys.executable)


def test_ours_comes_first_and_once() -> None:
    assert [side.name for side in chosen(["plain_faust", OURS, "plain_faust"], HERE)] == [OURS, "plain_faust"]


def test_an_unknown_peer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="flink") as refused:
        chosen(["flink"], HERE)
    assert "plain_faust" in refused.value.remediation


def test_missing_packages_are_told_with_what_installs_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="quix_eos") as refused:
        chosen(["quix_eos"], tmp_path / "python")
    assert "make peers" in refused.value.remediation


def test_sides_without_packages_of_their_own_need_no_environment(tmp_path: Path) -> None:
    assert len(chosen(["plain_faust"], tmp_path / "python")) == 2


def test_each_side_runs_in_its_environment(tmp_path: Path) -> None:
    python = tmp_path / "python"
    assert command(SIDES["bytewax"], "{}", python) == [str(python), "-P", "-m", "bench.bytewax_flow", "{}"]
    assert command(SIDES[OURS], "{}", python)[0] == sys.executable
