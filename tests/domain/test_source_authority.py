"""What a source may decide about an order, whoever it is (R519, R520)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import Refusal
from domain.order_state.states import Action
from domain.product_order import commands as c
from domain.product_order.aggregate import decide
from domain.product_order.machine import ROWS
from domain.product_order.source_authority import GRANTS, Grant
from domain.product_order.structure import Parties, RequestedDates
from tests.domain.orders import NOW, Desk, creation, item

OWN = Parties(customer_id="acme:cust-1", account_id="acme:acc-1", billing_account_id="acme:acc-1")
OTHER = OWN.model_copy(update={"billing_account_id": "acme:parent-1"})
NEEDS: dict[Grant, list[dict[str, Any]]] = {
    Grant.BILLING_ACCOUNT: [{"parties": OTHER}],
    Grant.PROMISED_DATES: [
        {"dates": RequestedDates(committed_completion=NOW)},
        {"dates": RequestedDates(contract_effective=NOW)},
    ],
    Grant.INSTALLED_PRODUCT: [
        {"items": (item("a", action),)} for action in Action if action not in ("ADD", "NO_CHANGE")
    ],
}
ASKED = [(grant, fields) for grant, all_fields in NEEDS.items() for fields in all_fields]


@pytest.mark.parametrize("role", sorted(ROWS["CreateProductOrder"].roles))
@pytest.mark.parametrize(("grant", "fields"), ASKED)
def test_a_source_decides_what_it_is_trusted_with(role: str, grant: Grant, fields: dict[str, Any]) -> None:
    command = creation(role=role, **{"parties": OWN, **fields})
    if grant in GRANTS[role]:
        assert decide(None, command, NOW)
        return
    with pytest.raises(Refusal) as caught:
        decide(None, command, NOW)
    assert (caught.value.code, caught.value.stage) == (f"AUTHORIZATION_SOURCE_{grant}", "INTAKE")
    assert role in caught.value.message


@pytest.mark.parametrize("role", sorted(GRANTS))
def test_everybody_may_order_something_new_and_wish_for_a_date(role: str) -> None:
    wishes = RequestedDates(requested_start=NOW, requested_completion=NOW)
    assert decide(None, creation(role=role, parties=OWN, dates=wishes), NOW)


def test_an_amendment_may_not_add_what_the_creation_could_not() -> None:
    desk = Desk(item("a"), role="partner", parties=OWN)
    refused = desk.refused(c.AmendProductOrder, role="partner", items=(item("a", Action.DELETE),))
    assert refused.code == "AUTHORIZATION_SOURCE_INSTALLED_PRODUCT"
    assert desk.send(c.AmendProductOrder, role="sales", items=(item("a", Action.DELETE),)) == ["Amended"]


def test_every_role_that_may_create_has_its_row() -> None:
    assert set(GRANTS) == ROWS["CreateProductOrder"].roles == ROWS["AmendProductOrder"].roles
