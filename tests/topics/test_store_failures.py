"""What happens to a command when something breaks: all of it or nothing of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from domain.command import Command, CommandOutcome
from domain.errors import ConfigurationError, ContractError, IntegrityError, UnavailableError
from domain.model import Model
from domain.money import Money
from domain.product_order.aggregate import PRODUCT_ORDER
from domain.product_order.events import ProductOrderCreated
from tests.topics.order_commands import START, at, create, item, note, submit
from tests.topics.test_store_commands import attempts, code, totals
from topics import outbox
from topics.store import PRODUCT_ORDERS, AggregateStore

pytestmark = pytest.mark.stack


def test_a_failure_between_event_and_outbox_leaves_neither(
    store: AggregateStore, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BrokenError(Exception):
        pass

    def breaks(*_: object) -> None:
        raise BrokenError

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "insert", breaks)
        with pytest.raises(BrokenError):
            store.handle(create("t:o1", "c1"), START)

    assert totals(connection).total() == 0
    assert store.load("t:o1") == (None, 0)
    assert store.handle(create("t:o1", "c1"), START).outcome is CommandOutcome.ACCEPTED


def unpublishable(state: Any, command: Command, now: datetime) -> tuple[Model, ...]:
    """A good event, and after it one whose amount the contract has no room for."""
    good, *_ = PRODUCT_ORDER.decide(state, command, now)
    assert isinstance(good, ProductOrderCreated)
    bad_price = (
        good.items[0]
        .price_components[0]
        .model_copy(update={"price": Money.model_construct(amount=Decimal("1.23456789"), currency="EUR")})
    )
    bad_item = good.items[0].model_copy(update={"price_components": (bad_price,)})
    return good, good.model_copy(update={"version": 2, "items": (bad_item,)})


def test_an_event_that_breaks_its_contract_refuses_the_command(database: str, connection: psycopg.Connection) -> None:
    broken = replace(PRODUCT_ORDERS, aggregate=replace(PRODUCT_ORDER, decide=unpublishable))
    with psycopg.connect(database) as own:
        store = AggregateStore(own, [broken])
        result, other = store.handle_many(at(START, [create("t:o1", "c1"), submit("t:o2", "c2")]))
        loaded = store.load("t:o1")

    assert (code(result), loaded) == ("STRUCTURAL_UNPUBLISHABLE", (None, 0))
    assert other.outcome is CommandOutcome.REFUSED
    assert [m.topic for m in outbox.unpublished(connection, 10, 10**6)] == ["oms.order-capture.v1"] * 2
    assert totals(connection)["claims"] == 0


def test_an_event_too_large_for_the_broker_refuses_the_command(store: AggregateStore) -> None:
    many = tuple(item(f"{n}-{'x' * 1000}").model_copy(update={"line_number": n + 1}) for n in range(900))

    result = store.handle(create("t:o1", "c1", items=many), START)

    assert code(result) == "STRUCTURAL_UNPUBLISHABLE"
    assert result.refusal
    assert "900000 are allowed" in result.refusal.message


def test_a_nul_character_refuses_the_command(store: AggregateStore, connection: psycopg.Connection) -> None:
    store.handle(create("t:o1", "c1"), START)

    refused = store.handle(note("t:o1", "c\x002", "bad \x00 text"), START)
    harmless = store.handle(note("t:o1", "c3", "a backslash and u0000: \\u0000"), START)

    assert code(refused) == "STRUCTURAL_NUL_CHARACTER"
    assert "c\N{REPLACEMENT CHARACTER}2" in {a["commandId"] for a in attempts(connection)}
    assert harmless.outcome is CommandOutcome.ACCEPTED


def test_an_id_no_index_could_hold_is_an_error(store: AggregateStore, connection: psycopg.Connection) -> None:
    with pytest.raises(ContractError, match="longer than 500 bytes"):
        store.handle(submit(f"t:{'x' * 500}", "c1"), START)

    assert totals(connection).total() == 0


def test_an_event_of_the_wrong_version_is_never_stored(database: str, connection: psycopg.Connection) -> None:
    def skips(state: Any, command: Command, now: datetime) -> tuple[Model, ...]:
        (event,) = PRODUCT_ORDER.decide(state, command, now)
        return (event.model_copy(update={"version": 7}),)

    broken = replace(PRODUCT_ORDERS, aggregate=replace(PRODUCT_ORDER, decide=skips))
    with psycopg.connect(database) as own, pytest.raises(IntegrityError, match="says version 7; it would be 1"):
        AggregateStore(own, [broken]).handle(create("t:o1", "c1"), START)
    assert totals(connection).total() == 0


def test_a_database_that_is_away_is_said_so(database: str) -> None:
    with psycopg.connect(database) as own:
        store = AggregateStore(own)
        store.handle(create("t:o1", "c1"), START)
        own.close()
        for use in (
            lambda: store.handle(submit("t:o1", "c2"), START),
            lambda: store.load("t:o1"),
            lambda: store.verify_chain("t:o1"),
        ):
            with pytest.raises(UnavailableError, match="does not answer"):
                use()


def test_a_connection_in_use_is_not_taken(database: str) -> None:
    with psycopg.connect(database) as own:
        own.execute("SELECT 1")
        with pytest.raises(ConfigurationError, match="transaction of somebody else"):
            AggregateStore(own).handle(create("t:o1", "c1"), START)


def test_a_store_without_aggregates_is_refused(database: str) -> None:
    with psycopg.connect(database) as own, pytest.raises(ConfigurationError, match="hosts no aggregate"):
        AggregateStore(own, [])
