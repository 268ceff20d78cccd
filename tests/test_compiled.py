"""What runs is what is written: a compiled module left behind by an older source would be tested in its place."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMPILED = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ordertruth"]["compiled"]


@pytest.mark.parametrize("source", COMPILED)
def test_a_compiled_module_is_younger_than_its_source(source: str) -> None:
    written = ROOT / source
    for compiled in written.parent.glob(f"{written.stem}.*.so"):
        assert compiled.stat().st_mtime >= written.stat().st_mtime, "run `make compile`"
