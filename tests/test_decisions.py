"""The decisions on record: in one shape, listed, and those of the reference documents first (R515)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "adr"
FILES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
REFERENCE = {
    1: "cpq-owns-quotes-and-prices",
    2: "oms-owns-the-order",
    3: "catalog-is-versioned",
    4: "billing-owns-charges",
    5: "workflow-owns-no-truth",
    6: "events-are-facts",
    7: "postgresql-is-the-source",
    8: "caches-only-cache",
    9: "anti-corruption-adapters",
    10: "evidence-is-append-only",
}
"""The ten decisions the reference documents ask for (R515)."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_decision_says_context_decision_and_consequence(path: Path) -> None:
    text = path.read_text()
    number, _, _ = path.stem.partition("-")
    assert text.startswith(f"# {number} ")
    for part in ("Context", "Decision", "Consequences?"):
        assert re.search(rf"\*\*{part}\.\*\*", text), part


def test_the_index_lists_every_decision_once() -> None:
    listed = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\)", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(name for _, name in listed) == [path.name for path in FILES]
    assert all(name.startswith(number) for number, name in listed)


def test_the_ten_of_the_reference_documents_come_first() -> None:
    assert {int(p.stem[:4]): p.stem[5:] for p in FILES if int(p.stem[:4]) <= len(REFERENCE)} == REFERENCE
