"""`docs/coverage.md` names only modules and tests that exist, and leaves out nothing that is to be there by now."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BY_NOW = (range(1, 174), range(280, 335), range(429, 521))
"""Requirements of which every one has a row."""


def rows() -> list[str]:
    lines = (REPOSITORY / "docs" / "coverage.md").read_text().splitlines()
    return [line for line in lines if re.match(r"\| R\d", line)]


def requirements_of(row: str) -> set[int]:
    """The numbers a row is about."""
    found = re.findall(r"R(\d+)(?:-R(\d+))?", row.strip("| ").split(" | ")[0])
    return {number for first, last in found for number in range(int(first), int(last or first) + 1)}


def test_the_coverage_table_is_truthful() -> None:
    assert rows()
    for row in rows():
        requirements, _, modules, tests = (cell.strip() for cell in row.strip("| ").split(" | "))
        assert re.fullmatch(r"R\d+(-R\d+)?(, R\d+(-R\d+)?)*", requirements), row
        for cell in (modules, tests):
            paths = re.findall(r"`([^`]+)`", cell)
            assert paths, row
            assert [path for path in paths if not (REPOSITORY / path).is_file()] == [], row


def test_every_requirement_of_the_ranges_has_a_row() -> None:
    told = set().union(*map(requirements_of, rows()))
    missing = sorted({number for numbers in BY_NOW for number in numbers} - told)
    assert missing == [], [f"R{number}" for number in missing]


def test_tests_are_tests() -> None:
    """The last column names tests or what several of them are made of."""
    for row in rows():
        paths = re.findall(r"`([^`]+)`", row.strip("| ").split(" | ")[3])
        assert all(path.startswith("tests/") and path.endswith(".py") for path in paths), row
