"""`docs/coverage.md` names only modules and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_coverage_table_is_truthful() -> None:
    lines = (REPOSITORY / "docs" / "coverage.md").read_text().splitlines()
    rows = [line for line in lines if re.match(r"\| R\d", line)]
    assert rows
    for row in rows:
        requirements, _, modules, tests = (cell.strip() for cell in row.strip("| ").split(" | "))
        assert re.fullmatch(r"R\d+(-R\d+)?(, R\d+(-R\d+)?)*", requirements), row
        for cell in (modules, tests):
            paths = re.findall(r"`([^`]+)`", cell)
            assert paths, row
            assert [path for path in paths if not (REPOSITORY / path).is_file()] == [], row
