"""The golden figures of an upgrade: 100 to 1000 Mbit/s on the product that is installed (R462, R536, R562)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from domain.asset.aggregate import ASSET
from domain.asset.states import AssetState
from domain.billing_calendar import Days
from domain.billing_handoff.aggregate import BILLING_HANDOFF
from domain.billing_handoff.states import BillingEffect
from domain.charge.invoice import invoice_amount
from domain.charge.schedule import Basis, Schedule
from domain.order_state.states import Action, HeaderState
from domain.product_order.structure import OrderItem
from domain.quote import commands as c
from tests.domain.delivery import Delivery, Enterprise
from tests.domain.quotes import CONTEXT, QuoteDesk, draft
from tests.domain.test_quote_conversion import converting

FIRST, SECOND = "acme:order-1", "acme:order-2"
INSTALLED = f"{FIRST}/item-1"


def sold(speed: str, action: Action, **fields: str) -> OrderItem:
    """The item an accepted quote for a speed becomes."""
    lines = (draft("line", 1, action=action, configuration={"speed": speed}, **fields),)
    desk = QuoteDesk(lines=lines).go(c.ConfigureQuote, c.PriceQuote)
    desk.send(c.ValidateQuote, context=CONTEXT.model_copy(update={"eligible_offerings": frozenset({"line"})}))
    desk.go(c.PresentQuote, c.AcceptQuote)
    (item,) = converting(desk.quote).items
    return item.model_copy(
        update={"offering_id": f"acme:{item.offering_id}"}
    )  # the price book of the tests names no tenant


def test_an_upgrade_changes_what_is_installed_and_bills_the_difference_from_its_day() -> None:
    slow, fast = sold("100", Action.ADD), sold("1000", Action.MODIFY, product_instance_id=INSTALLED)
    (before,), (after,) = slow.price_components, fast.price_components
    assert (before.price.amount, after.price.amount) == (Decimal("40.00"), Decimal("90.00"))
    assert before.component_id == after.component_id, "the same component at another price"

    enterprise = Enterprise()
    Delivery(enterprise, FIRST, slow).run()
    told = enterprise.all(ASSET)[INSTALLED].configuration_fingerprint
    upgrade = Delivery(enterprise, SECOND, fast, idempotency_key="key-2").run()
    assert upgrade.order.state is HeaderState.COMPLETED

    assert list(enterprise.all(ASSET)) == [INSTALLED], "no second product"
    asset = enterprise.all(ASSET)[INSTALLED]
    assert asset.state is AssetState.ACTIVE
    assert told == slow.configuration_fingerprint
    assert asset.configuration_fingerprint == fast.configuration_fingerprint != told
    handoff = enterprise.all(BILLING_HANDOFF)[f"{INSTALLED}/{after.component_id}"].newest
    assert (handoff.effect, handoff.terms.component.price.amount) == (BillingEffect.AMEND, Decimal("90.00"))

    # From the 11th of April: 10 days at 40.00 and 20 at 90.00 of a month of 30.
    old = Basis(date(2026, 1, 1), before)
    schedule = Schedule((old,)).amended(Basis(date(2026, 4, 11), after))
    april = invoice_amount(schedule, Days(date(2026, 4, 1), date(2026, 5, 1)))
    assert april.amount == Decimal("73.33")
    assert invoice_amount(schedule, Days(date(2026, 5, 1), date(2026, 6, 1))).amount == Decimal("90.00")
