"""A clean run: the same for the same seed, every event of the vocabulary, and the truths of the business."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest

from compose.simulate import direct
from compose.simulate.direct import Message
from compose.simulate.enterprise import ORDERS_EACH, Enterprise
from compose.simulate.faults.truth import Faults
from domain.billing_handoff.policy import BILLABLE_INTENTS, bills_by_itself
from domain.billing_handoff.states import HandoffState
from domain.catalogue import RECORDS
from domain.charge.events import InvoiceIssued
from domain.charge.invoice import invoice_lines, total
from domain.charge.states import ChargeState
from domain.command import CommandOutcome
from domain.commercial import ChargeKind
from domain.fallout_case.states import TERMINAL_FALLOUT_STATES
from domain.fulfillment_plan.states import TERMINAL_PLAN_STATES
from domain.order_state.states import TERMINAL_HEADER_STATES, Action, HeaderState, ItemState
from domain.payment_authorization.machine import is_owed_back
from domain.product_order.order import ProductOrder
from tests.conftest import REPOSITORY
from tests.simulate.conftest import Clean
from topics.owner_topics import CASE_DECISIONS, OWNER_TOPICS
from topics.store.aggregates import Folded
from topics.store.hosting import HOSTED
from topics.store.work import Work, as_request

FEW, SEED = 36, 11
NOT_SIMULATED = {"UnauthorizedMutationAttempted", *CASE_DECISIONS.records}
"""What a broker refuses and what people decide about cases."""
UNFULFILLED = {HeaderState.REJECTED, HeaderState.CANCELLED, HeaderState.FAILED_CLOSED}


def _messages(orders: int) -> list[Message]:
    return list(direct.messages(Enterprise(orders, SEED).run()))


def test_two_runs_of_one_seed_say_the_same_word_for_word() -> None:
    assert _messages(FEW) == _messages(FEW)


def test_a_matter_does_not_depend_on_how_many_others_there_are() -> None:
    def of_customers(messages: list[Message]) -> list[Message]:
        numbers = {f"{number:06}" for number in range(1, FEW + 1)}
        return sorted(
            m for m in messages if any(f"{kind}-{n}" in m.key for kind in ("order", "quote") for n in numbers)
        )

    assert FEW % ORDERS_EACH == 0
    assert of_customers(_messages(FEW)) == of_customers(_messages(FEW + 24))


def test_every_event_of_the_vocabulary_happens(clean: Clean) -> None:
    seen = Counter(type(event).__name__ for told in clean.happened for event in told.events)
    seen.update(type(told.attempt).__name__ for told in clean.happened if told.attempt)
    owned = {r.model.__name__ for r in RECORDS if r.aggregate in {t.aggregate for t in OWNER_TOPICS}}
    assert owned - set(seen) == NOT_SIMULATED


def test_nothing_is_refused_that_an_owner_wants(clean: Clean) -> None:
    assert [told.command.name for told in clean.happened if told.refusal] == []


def _orders(clean: Clean) -> Iterator[ProductOrder]:
    yield from clean.enterprise.world.all("ProductOrder").values()


def test_every_order_plan_and_case_comes_to_an_end(clean: Clean) -> None:
    world = clean.enterprise.world
    assert {order.state for order in _orders(clean)} <= TERMINAL_HEADER_STATES
    assert {case.state for case in world.all("FalloutCase").values()} <= TERMINAL_FALLOUT_STATES
    assert {plan.state for plan in world.all("FulfillmentPlan").values()} <= TERMINAL_PLAN_STATES
    states = Counter(order.state for order in _orders(clean))
    assert states[HeaderState.COMPLETED] > 0.7 * states.total()


def test_every_completed_component_is_charged_as_agreed_or_excused(clean: Clean) -> None:
    """R237, R262, R263, R275: the invariant of billing."""
    world = clean.enterprise.world
    charges, reasons = world.all("Charge"), world.all("NonBillingReason")
    checked = 0
    for order in _orders(clean):
        for item_id, item in order.items.items():
            begins = item.action in (Action.ADD, Action.REPLACE) and order.work_state(item_id) is ItemState.COMPLETED
            billable = begins and order.intent in BILLABLE_INTENTS
            for component in item.price_components if billable else ():
                if not bills_by_itself(component):
                    continue
                row = f"{item.product_instance_id}/{component.component_id}"
                handoff = world.standing("BillingHandoff", row)
                assert handoff is not None, row
                charge = charges.get(f"{row}/charge")
                if charge is None:
                    assert reasons[row].state == "APPROVED", row
                    continue
                assert charge.component == handoff.newest.terms.component
                expected = {HandoffState.BILLING: "ACTIVE", HandoffState.SUSPENDED: "SUSPENDED"}
                assert charge.state == expected.get(handoff.state, "TERMINATED"), row
                checked += 1
    assert checked > 500
    assert set(charges) == {f"{row}/charge" for row in world.all("BillingHandoff")} - {
        f"{r}/charge" for r in reasons if reasons[r].state == "APPROVED"
    }


def test_assets_are_what_was_ordered(clean: Clean) -> None:
    """R256, R305: item against asset, both ways."""
    world = clean.enterprise.world
    named: dict[str, str] = {}
    for order in sorted(_orders(clean), key=lambda o: o.order_id):
        for item_id, item in order.items.items():
            done = order.work_state(item_id) is ItemState.COMPLETED
            if done and item.action in (Action.ADD, Action.REPLACE, Action.MODIFY):
                named[str(item.product_instance_id)] = str(item.configuration_fingerprint)
    assets = world.all("Asset")
    assert set(assets) == set(named)
    assert {i: a.configuration_fingerprint for i, a in assets.items()} == named


def test_invoices_claim_what_is_due(clean: Clean) -> None:
    """R276, R277: what was claimed for some days is what the agreed terms make of them."""
    invoices = 0
    for charge in clean.enterprise.world.all("Charge").values():
        if charge.component.kind is ChargeKind.USAGE:
            continue
        for days, claimed in charge.invoiced.items():
            due = total(invoice_lines(charge.schedule, days), charge.component.price.currency)
            assert claimed.agreed == due.amount, charge.charge_id
            invoices += 1
        assert charge.state is not ChargeState.REJECTED
    assert invoices > 2_000


def test_what_is_charged_by_use_is_not_credited() -> None:
    enterprise = Enterprise(104, 11, Faults(11, "mixed"))
    credited = [e for h in enterprise.run() for e in h.events if isinstance(e, InvoiceIssued) and e.amount.amount < 0]
    assert credited
    assert not [credit for credit in credited if credit.usage_quantity is not None]


def test_no_money_is_kept_for_what_is_not_delivered(clean: Clean) -> None:
    """R279."""
    end = clean.happened[-1].at
    world = clean.enterprise.world
    for payment in world.all("PaymentAuthorization").values():
        order = world.standing("ProductOrder", payment.order_id)
        if order.state in UNFULFILLED:
            assert not is_owed_back(payment, min(end, clean.happened[0].at)), payment.order_id


def test_every_aggregate_has_its_versions_without_a_hole_and_its_times_in_order(clean: Clean) -> None:
    newest: Counter[tuple[str, str]] = Counter()
    before = clean.happened[0].at
    for told in clean.happened:
        assert told.at >= before
        before = told.at
        key = told.host.name, told.command.aggregate_id
        if told.events:
            assert told.version == newest[key] + 1
            newest[key] += len(told.events)


@pytest.mark.parametrize("orders", [24])
def test_direct_messages_are_byte_for_byte_what_the_store_would_publish(orders: int) -> None:
    """The store's own work, on an empty memory in place of a database."""
    happened = list(Enterprise(orders, SEED).run())
    hosts = {command: host for host in HOSTED for command in host.commands}
    work = Work({}, {}, {})
    for told in happened:
        request = as_request(told.command, hosts[type(told.command)])
        work.folds.setdefault(request.aggregate_key, Folded())
        result = work.carry_out(request, told.at)
        assert (result.outcome is CommandOutcome.REFUSED) == (told.refusal is not None)
    stored = [(r.topic, r.key, r.event_id, r.record, list(r.headers), r.body) for r in work.outbox]
    sent = [(m.topic, m.key, m.event_id, m.record, list(m.headers), m.body) for m in direct.messages(happened)]
    assert sent == stored


def test_prices_and_regions_vary(clean: Clean) -> None:
    currencies = Counter(order.commercial.currency for order in _orders(clean))
    assert set(currencies) == {"EUR", "USD", "GBP", "CHF", "SEK", "JPY"}
    sizes = Counter(len(order.items) for order in _orders(clean))
    assert len(sizes) >= 4
    assert any(order.commercial.currency == "JPY" and _whole(order) for order in _orders(clean))


def _whole(order: ProductOrder) -> bool:
    amounts = [c.price.amount for i in order.items.values() for c in i.price_components if c.kind != "USAGE"]
    return all(amount == amount.to_integral_value() and amount >= Decimal(1) for amount in amounts)


_SAID = """
import hashlib
from compose.simulate.direct import messages
from compose.simulate.enterprise import Enterprise
said = hashlib.sha256()
for told in Enterprise(8, 11).run():
    said.update(told.command.payload_fingerprint().encode())
    said.update(repr(list(messages([told]))).encode())
print(said.hexdigest())
"""


def test_two_processes_say_and_ask_the_same() -> None:
    """R310: a command sent again by another process is the same command."""
    run = [
        subprocess.run(
            [sys.executable, "-c", _SAID],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert run[0] == run[1]
    assert run[0].strip()
