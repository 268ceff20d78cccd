"""A request that cannot be right, sent to the real store: refused with its reason, and nothing but that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from domain.command import CommandOutcome
from domain.errors import Category
from tests.topics.order_commands import START, create, item

if TYPE_CHECKING:
    from psycopg import Connection

    from topics.store import AggregateStore

pytestmark = pytest.mark.stack

ORDER = "acme:order-1"


@pytest.mark.parametrize("circle", [{"a": "b", "b": "a"}, {"a": "a"}, {"a": "b", "b": "c", "c": "a"}], ids=len)
def test_items_that_wait_for_each_other_are_refused_and_leave_one_attempt(
    store: AggregateStore, connection: Connection, circle: dict[str, str]
) -> None:
    items = tuple(
        item(name).model_copy(update={"depends_on": (other,), "line_number": n})
        for n, (name, other) in enumerate(circle.items(), 1)
    )

    result = store.handle(create(ORDER, "acme:c1", items=items), START)

    assert result.outcome is CommandOutcome.REFUSED
    assert result.refusal is not None
    assert result.refusal.category is Category.STRUCTURAL
    assert "dependency" in result.refusal.message
    assert result.refusal.remediation
    kept = connection.execute("SELECT aggregate_type, name, payload FROM aggregates.events").fetchall()
    assert [(kind, name) for kind, name, _ in kept] == [("OrderCaptureAttempt", "OrderCaptureAttempted")]
    assert result.refusal.code in str(kept[0][2])

    mended = store.handle(create(ORDER, "acme:c2"), START)
    assert mended.outcome is CommandOutcome.ACCEPTED, "the id is not spent"
