"""A topic is named in the catalogue and nowhere else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from topics.catalogue import TOPICS

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "avro", "topics", "streams", "sinks", "console", "compose", "bench")
CATALOGUE = {ROOT / "topics" / name for name in ("owner_topics.py", "platform_topics.py", "catalogue.py")}
FILES = sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py") if p not in CATALOGUE)
OWNERS = sorted({t.name.partition(".")[0] for t in TOPICS})
LIKE_A_TOPIC = re.compile(rf"\b({'|'.join(OWNERS)})\.[a-z][a-z.-]*\.v\d+\b")


def named_in(source: str) -> list[tuple[int, str]]:
    """Line and text of each string constant that names a topic; docstrings may."""
    tree = ast.parse(source)
    docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    return [
        (node.lineno, found[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
        if (found := LIKE_A_TOPIC.search(node.value)) and not node.value.startswith("com.ordertruth.")
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_other_module_names_a_topic(path: Path) -> None:
    found = named_in(path.read_text(encoding="utf-8"))
    assert not found, f"look it up in topics.catalogue: {found}"


def test_the_rule_sees_what_it_should() -> None:
    for topic in TOPICS:
        assert named_in(f"x = {topic.name!r}"), topic.name
    assert named_in('x = f"dlq.{y} derived.order-state.v1"')
    assert not named_in('"""Reads `oms.product-orders.v1`."""')
    assert not named_in('x = "com.ordertruth.oms.product-order.product-order-created.v1"')
