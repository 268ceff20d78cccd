"""Quotes, prices and approvals as a store carries them out, without a database (R289, R310, R394)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from domain.command import Command, CommandOutcome, CommandResult
from domain.quote import commands as c
from domain.quote.conversion import order_command
from domain.quote.states import QuoteState
from tests.domain.machine_walk import NOW
from tests.domain.orders import actor
from tests.domain.quotes import CREATION, PATHS, QuoteDesk, access_bundle
from topics.store.aggregates import Folded, fold
from topics.store.hosting import PRODUCT_ORDERS, QUOTES, HostedAggregate
from topics.store.rows import StoredEvent
from topics.store.work import Request, Work

PRESENTED: tuple[type[Command], ...] = (*PATHS[QuoteState.VALIDATED], c.PresentQuote)


class Store:
    """One transaction that never ends: what a store does between reading and writing."""

    def __init__(self) -> None:
        self.work = Work({}, {}, {})

    def send(self, host: HostedAggregate, command: Command) -> CommandResult:
        self.work.folds.setdefault((host.name, command.aggregate_id), Folded())
        request = Request(command, host, command.payload_fingerprint(), host.aggregate.claims(command))
        return self.work.carry_out(request, NOW)


class StoredQuote(QuoteDesk):
    """A desk whose commands go through a store."""

    def __init__(self, store: Store, aggregate_id: str, **creation: Any) -> None:
        self.store = store
        super().__init__(aggregate_id=aggregate_id, **creation)

    def send(self, kind: type[Command], **fields: Any) -> list[str]:
        before = len(self.store.work.events)
        assert self.answer(kind, **fields).outcome is CommandOutcome.ACCEPTED
        return [row.name for row in self.store.work.events[before:]]

    def answer(self, kind: type[Command], **fields: Any) -> CommandResult:
        made = self.command(kind, **fields)
        command = made.model_copy(update={"command_id": f"{self.aggregate_id}/{self.sent}"})
        result = self.store.send(QUOTES, command)
        self.state = self.store.work.folds[(QUOTES.name, self.aggregate_id)].state
        return result


@pytest.fixture
def store() -> Store:
    return Store()


def presented(store: Store, aggregate_id: str, family: str | None = None) -> StoredQuote:
    lines = access_bundle("10")
    desk = StoredQuote(store, aggregate_id, **{**CREATION, "lines": lines, "quote_family_id": family})
    desk.go(*PRESENTED)
    return desk


def code(result: CommandResult) -> str | None:
    return result.refusal.code if result.refusal else None


def test_of_two_alternatives_one_is_accepted(store: Store) -> None:
    """R289: whichever comes first, for good."""
    first, other = (presented(store, f"acme:quote-{n}", "acme:family") for n in (1, 2))
    first.go(c.AcceptQuote)
    assert code(other.answer(c.AcceptQuote)) == "CONFLICT_QUOTE_FAMILY_ACCEPTED"
    assert other.quote.state is QuoteState.PRESENTED
    first.go(c.CancelQuote)
    assert code(other.answer(c.AcceptQuote)) == "CONFLICT_QUOTE_FAMILY_ACCEPTED"


def test_an_acceptance_that_comes_twice_is_answered_once(store: Store) -> None:
    """R310, R394: under a new command id, after the quote has gone on."""
    desk = presented(store, "acme:quote-1")
    again = {name: getattr(desk.command(c.AcceptQuote), name) for name in ("price_fingerprint", "accepted_by")}
    first = desk.answer(c.AcceptQuote)
    events = len(store.work.events)
    repeated = desk.answer(c.AcceptQuote, supersedes_version=None, **again)
    assert (repeated.outcome, repeated.event_ids) == (CommandOutcome.REPLAYED, first.event_ids)
    assert store.work.events[events:] == []
    changed = desk.answer(c.AcceptQuote, supersedes_version=None, accepted_by="Somebody else")
    assert code(changed) == "CONFLICT_QUOTE_FAMILY_ACCEPTED"


def test_a_new_revision_of_the_accepted_quote_is_accepted_in_its_turn(store: Store) -> None:
    """R289, R290."""
    first, other = (presented(store, f"acme:quote-{n}", "acme:family") for n in (1, 2))
    first.go(c.AcceptQuote, c.ReviseQuote, *PRESENTED)
    assert code(other.answer(c.AcceptQuote)) == "CONFLICT_QUOTE_FAMILY_ACCEPTED"
    assert code(other.answer(c.AcceptQuote, supersedes_version=1)) == "CONFLICT_QUOTE_FAMILY"
    assert first.send(c.AcceptQuote) == ["QuoteAccepted"]


def test_what_is_stored_folds_to_the_same_quote(store: Store) -> None:
    """R80, R125: the stored events, read again, are the quote."""
    desk = presented(store, "acme:quote-1")
    desk.go(c.AcceptQuote, c.RequestQuoteCorrection, c.ApproveQuoteCorrection, c.ApplyQuoteCorrection)
    rows = [
        StoredEvent(row.version, row.name, orjson.loads(row.payload), row.hash)
        for row in store.work.events
        if row.aggregate_id == desk.aggregate_id
    ]
    again = fold(QUOTES.aggregate, desk.aggregate_id, Folded(), rows)
    assert again == store.work.folds[(QUOTES.name, desk.aggregate_id)]
    assert again.state == desk.quote


def test_one_quote_becomes_one_order(store: Store) -> None:
    """R313: whoever converts it again, under another order id, is answered with the first order."""
    desk = presented(store, "acme:quote-1")
    desk.go(c.AcceptQuote)

    def convert(number: int) -> CommandResult:
        command = order_command(
            desk.quote,
            order_id=f"acme:order-{number}",
            order_number=f"PO-{number}",
            command_id=f"convert-{number}",
            actor=actor("sales", "cpq"),
            correlation_id="corr-1",
            at=NOW,
        )
        return store.send(PRODUCT_ORDERS, command)

    first, second = convert(1), convert(2)
    assert first.outcome is CommandOutcome.ACCEPTED
    assert (second.outcome, second.aggregate_id) == (CommandOutcome.REPLAYED, "acme:order-1")
