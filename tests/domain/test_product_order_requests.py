"""Requests: idempotency (R307, R310-R313, R478, R479), reading (R439), senders (R155, R320), and the error shape."""

from __future__ import annotations

import inspect
import re
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from domain import errors
from domain.command import ClaimKind, Command
from domain.commercial import Discount
from domain.errors import RETRY_ADVICE, Category, Refusal, Retry, Severity
from domain.money import Money
from domain.order_state.states import HeaderState
from domain.product_order import aggregate, graph, guards, parse, validation
from domain.product_order import commands as c
from domain.product_order.aggregate import claims, decide
from domain.product_order.machine import ROWS
from domain.product_order.parse import parse_command
from domain.product_order.structure import Commercial, OrderIntent
from tests.domain.orders import NOW, ORDER_ID, SAMPLES, Desk, actor, creation, desk_in, item, price


def keys(command: Command) -> dict[ClaimKind, tuple[str, str]]:
    return {claim.kind: (claim.key, claim.fingerprint) for claim in claims(command)}


def test_the_same_request_makes_the_same_claim() -> None:
    """R310, R479: whoever repeats it, and whatever ids the repetition has."""
    first = creation(quote_id="q", quote_version=1)
    again = creation(
        command_id="again",
        aggregate_id="acme:order-77",
        order_number="PO-77",
        correlation_id="corr-77",
        causation_id="cause-77",
        traceparent="00-77",
        expected_version=0,
        actor=actor("sales").model_copy(update={"actor_id": "somebody-else"}),
        quote_id="q",
        quote_version=1,
    )
    assert keys(first) == keys(again)
    assert {claim.kind for claim in claims(first)} == {ClaimKind.IDEMPOTENCY_KEY, ClaimKind.QUOTE_CONVERSION}


@pytest.mark.parametrize(
    "change",
    [
        {"items": (item("a"),)},
        {"commercial": Commercial(currency="EUR", term_months=12)},
        {"intent": OrderIntent.RETENTION},
        {"quote_id": "q", "quote_version": 2},
        {"items": (item("a", quantity=2), item("b"))},
        {"items": (item("a", price_components=(price("1.00"),)), item("b"))},
    ],
)
def test_another_payload_under_the_same_key_conflicts(change: dict[str, Any]) -> None:
    """R311, R433."""
    one, other = claims(creation())[0], claims(creation(**change))[0]
    assert one.key == other.key
    assert one.fingerprint != other.fingerprint
    assert other.conflict.code == "CONFLICT_IDEMPOTENCY_KEY"
    assert other.conflict.category is Category.CONFLICT
    assert other.conflict.retry is Retry.NEVER_UNCHANGED


def test_without_any_key_a_creation_is_refused() -> None:
    """R312."""
    with pytest.raises(Refusal) as caught:
        claims(creation(idempotency_key=None))
    assert caught.value.code == "STRUCTURAL_IDEMPOTENCY_KEY_MISSING"
    with pytest.raises(Refusal):
        claims(creation(idempotency_key=None, source_request_id="r-1"))


def test_a_key_is_made_of_the_source_s_own_ids() -> None:
    """R312, R478: source, request, quote, version and intent; or external order and version."""
    base: dict[str, Any] = {
        "idempotency_key": None, "source_request_id": "r-1", "quote_id": "q", "quote_version": 1,
    }  # fmt: skip
    variants: list[dict[str, Any]] = [
        {},
        {"source_request_id": "r-2"},
        {"quote_id": "q-2"},
        {"quote_version": 2},
        {"intent": OrderIntent.AMENDMENT},
        {"actor": actor("sales", system="crm")},
    ]
    made = [keys(creation(**{**base, **change}))[ClaimKind.IDEMPOTENCY_KEY][0] for change in variants]
    assert len(set(made)) == len(variants)
    external: list[dict[str, Any]] = [
        {"external_order_id": "x-1"},
        {"external_order_id": "x-2"},
        {"external_order_id": "x-1", "external_order_version": "2"},
    ]
    made = [keys(creation(idempotency_key=None, **change))[ClaimKind.IDEMPOTENCY_KEY][0] for change in external]
    assert len(set(made)) == len(external)
    again = keys(creation(idempotency_key=None, command_id="again", **external[0]))
    assert again[ClaimKind.IDEMPOTENCY_KEY][0] == made[0]


def test_keys_of_two_sources_do_not_meet() -> None:
    """R312: source-scoped."""
    one = keys(creation(actor=actor("sales", system="crm")))
    other = keys(creation(actor=actor("sales", system="webshop")))
    assert one[ClaimKind.IDEMPOTENCY_KEY][0] != other[ClaimKind.IDEMPOTENCY_KEY][0]


def test_a_quote_is_converted_once() -> None:
    """R313: under another key and another order the conversion has the same claim."""
    one = creation(quote_id="q", quote_version=1)
    other = creation(
        quote_id="q", quote_version=1, idempotency_key="key-2", aggregate_id="acme:order-2", items=(item("z"),)
    )
    first, second = (next(x for x in claims(k) if x.kind is ClaimKind.QUOTE_CONVERSION) for k in (one, other))
    assert first.key == second.key
    assert first.fingerprint != second.fingerprint
    assert second.conflict.code == "CONFLICT_QUOTE_ALREADY_CONVERTED"
    revised = keys(creation(quote_id="q", quote_version=2))[ClaimKind.QUOTE_CONVERSION][0]
    assert revised != first.key


def test_later_commands_claim_their_key_for_their_order_and_kind() -> None:
    desk = Desk()
    assert claims(desk.command(c.SubmitProductOrder)) == ()
    note = desk.command(c.AddOrderNote, note="x", idempotency_key="k")
    again = desk.command(c.AddOrderNote, note="x", idempotency_key="k", expected_version=4, reason_code="R")
    other = desk.command(c.AddOrderNote, note="y", idempotency_key="k")
    document = desk.command(c.AttachOrderDocument, idempotency_key="k", **SAMPLES[c.AttachOrderDocument])
    assert keys(note) == keys(again)
    assert keys(note)[ClaimKind.IDEMPOTENCY_KEY][0] == keys(other)[ClaimKind.IDEMPOTENCY_KEY][0]
    assert keys(note) != keys(other)
    assert keys(note)[ClaimKind.IDEMPOTENCY_KEY][0] != keys(document)[ClaimKind.IDEMPOTENCY_KEY][0]


def test_the_created_event_keeps_key_and_fingerprint_as_hashes() -> None:
    """R294, R453."""
    desk = Desk()
    event = desk.events[0].model_dump()
    assert re.fullmatch(r"[0-9a-f]{64}", event["idempotency_key_hash"])
    assert re.fullmatch(r"[0-9a-f]{64}", event["payload_fingerprint"])
    assert "key-1" not in str(event)


def test_ids_carry_their_tenant() -> None:
    """R304: and the order's id is its own."""
    with pytest.raises(ValidationError):
        creation(aggregate_id="order-1")
    assert creation().tenant_id == "acme"


# Senders


def test_who_may_send_what() -> None:
    """R155, R320: neither a seller nor the workers of fulfillment decide for OMS."""
    sales = {n for n, row in ROWS.items() if "sales" in row.roles}
    assert sales == {
        "CreateProductOrder", "AmendProductOrder", "SubmitProductOrder", "CancelProductOrder", "AddOrderNote",
        "AttachOrderDocument", "UpdateRequestedDate", "UpdateContactDetails",
    }  # fmt: skip
    fulfillment = {n for n, row in ROWS.items() if "fulfillment-operator" in row.roles}
    assert {"AcceptProductOrder", "CloseProductOrderAsFailed", "RejectProductOrder"}.isdisjoint(fulfillment)
    assert ROWS["CloseProductOrderAsFailed"].roles == {"order-manager"}


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("role", ["sales", "fulfillment-operator", "support", "stranger", ""])
def test_a_sender_without_the_role_is_refused_before_anything_else(kind: type[Command], role: str) -> None:
    row = ROWS[kind.__name__]
    for state in (HeaderState.DRAFT, HeaderState.COMPLETED):
        desk = desk_in(state)
        command = desk.command(kind, role, **SAMPLES[kind])
        if role in row.roles:
            continue
        for order in (desk.order, None):
            with pytest.raises(Refusal) as caught:
                decide(order, command, NOW)
            refusal = caught.value
            assert (refusal.code, refusal.category) == ("AUTHORIZATION_ROLE", Category.AUTHORIZATION)
            assert kind.__name__ in refusal.message
            assert all(allowed in refusal.remediation for allowed in row.roles)


def test_a_stranger_creates_nothing() -> None:
    with pytest.raises(Refusal) as caught:
        decide(None, creation(role="fulfillment-operator"), NOW)
    assert caught.value.code == "AUTHORIZATION_ROLE"


# Errors


def test_nine_categories_with_their_advice() -> None:
    """R429-R437."""
    assert RETRY_ADVICE == {
        Category.STRUCTURAL: Retry.NEVER_UNCHANGED,
        Category.REFERENCE: Retry.AFTER_SYNC,
        Category.STATE: Retry.AFTER_STATE_CHANGE,
        Category.STALENESS: Retry.AFTER_REQUOTE,
        Category.CONFLICT: Retry.NEVER_UNCHANGED,
        Category.AUTHORIZATION: Retry.NEVER_UNCHANGED,
        Category.POLICY: Retry.AFTER_POLICY_CHANGE,
        Category.FEASIBILITY: Retry.MAYBE_LATER,
        Category.DOWNSTREAM_TIMEOUT: Retry.YES,
    }
    for category in Category:
        refusal = Refusal(f"{category}_X", "m", remediation="r")
        assert (refusal.category, refusal.retry) == (category, RETRY_ADVICE[category])


def test_the_shape_of_a_refusal() -> None:
    """R438."""
    refusal = Refusal("STATE_X", "It is so.", remediation="Do this.", correlation_id="corr-1")
    assert (refusal.code, refusal.message, refusal.remediation) == ("STATE_X", "It is so.", "Do this.")
    assert (refusal.severity, refusal.correlation_id) == (Severity.BLOCKING, "corr-1")
    assert str(refusal) == "It is so. Do this."
    assert isinstance(refusal, errors.OrdertruthError)


def test_every_code_in_use_has_a_category() -> None:
    found: set[str] = set()
    for module in (aggregate, graph, guards, parse, validation):
        prefixes = "|".join(c.value for c in Category)
        found |= set(re.findall(rf'"((?:{prefixes})_[A-Z_]+)"', inspect.getsource(module)))
    assert len(found) > 40
    for code in found:
        assert Refusal(code, "", remediation="").category


# Reading


def wire(command: Command) -> dict[str, Any]:
    return command.model_dump(mode="json", by_alias=True)


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_every_command_is_read_back_from_json(kind: type[Command]) -> None:
    command = Desk().command(kind, **SAMPLES[kind])
    assert parse_command(kind.__name__, wire(command)) == command


def test_a_creation_is_read_back_from_json() -> None:
    command = creation((item("a", price_components=(price("349.00"),)),))
    assert parse_command("CreateProductOrder", wire(command)) == command


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"itemID": "a"}, "itemID"),
        ({"actor": None}, "actor"),
        ({"actor": {"actorId": "x", "system": "oms"}}, "actor.role"),
        ({"aggregateId": "no-tenant"}, "aggregateId"),
        ({"commandId": ""}, "commandId"),
        ({"correlationId": ""}, "correlationId"),
        ({"expectedVersion": -1}, "expectedVersion"),
        ({"orderType": "GIFT"}, "orderType"),
        ({"items": "a"}, "items"),
        ({"items": [{"itemId": "a", "lineNumber": 0, "action": "ADD", "offeringId": "o"}]}, "items.0.lineNumber"),
        ({"items": [{"itemId": "a", "lineNumber": 1, "action": "UPGRADE", "offeringId": "o"}]}, "items.0.action"),
        ({"items": [{"itemId": "a", "lineNumber": 1, "offeringId": "o"}]}, "items.0.action"),
        ({"commercial": {"currency": "euro"}}, "commercial.currency"),
    ],
)
def test_a_request_that_cannot_be_read_names_its_fields(change: dict[str, Any], named: str) -> None:
    """R439."""
    data = {**wire(creation()), **change}
    with pytest.raises(Refusal) as caught:
        parse_command("CreateProductOrder", data)
    refusal = caught.value
    assert (refusal.code, refusal.category) == ("STRUCTURAL_INVALID_COMMAND", Category.STRUCTURAL)
    assert f"{named}: " in refusal.message
    assert refusal.remediation
    assert refusal.correlation_id == data["correlationId"]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(Refusal) as caught:
        parse_command("HoldProductOrderItem", {"aggregateId": "x", "extra": 1})
    for name in ("aggregateId", "commandId", "actor", "correlationId", "itemId", "waitingFor", "extra"):
        assert f"{name}: " in caught.value.message


@pytest.mark.parametrize("name", ["SetOrderState", "", "createproductorder", "ProductOrderCreated"])
def test_an_unknown_command_is_refused(name: str) -> None:
    """R67: no raw field updates."""
    with pytest.raises(Refusal) as caught:
        parse_command(name, {})
    assert caught.value.code == "STRUCTURAL_UNKNOWN_COMMAND"
    assert "SubmitProductOrder" in caught.value.remediation


def test_the_aggregate_refuses_a_foreign_command() -> None:
    class ReserveResource(Command):
        """Of another owner."""

    with pytest.raises(Refusal) as caught:
        decide(None, Desk().command(ReserveResource), NOW)
    assert caught.value.code == "STRUCTURAL_UNKNOWN_COMMAND"


# Money


@pytest.mark.parametrize("amount", [349.0, 0.1, float("nan"), float("inf")])
def test_money_is_never_a_float(amount: float) -> None:
    with pytest.raises(ValidationError, match="exact"):
        Money.model_validate({"amount": amount, "currency": "EUR"})
    with pytest.raises(ValidationError, match="exact"):
        Discount.model_validate({"percent": amount})
    line = {"lineId": "l", "total": amount}
    with pytest.raises(ValidationError, match="exact"):
        validation.QuoteLine.model_validate(line)


@pytest.mark.parametrize("amount", ["0.12345", "NaN", "Infinity", "1e30", "12345678901234567.0000", "ten"])
def test_amounts_that_cannot_be_exact_are_refused(amount: str) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": amount, "currency": "EUR"})


@pytest.mark.parametrize("amount", ["0", "-12.5000", "9999999999999999.9999", "349.00"])
def test_amounts_stay_exact(amount: str) -> None:
    money = Money.model_validate({"amount": amount, "currency": "EUR"})
    assert money.amount == Decimal(amount)
    assert Money.model_validate_json(money.model_dump_json()) == money


def test_a_float_in_a_request_is_named() -> None:
    data = wire(creation((item("a", price_components=(price("349.00"),)),)))
    data["items"][0]["priceComponents"][0]["price"]["amount"] = 349.0
    with pytest.raises(Refusal) as caught:
        parse_command("CreateProductOrder", data)
    assert "items.0.priceComponents.0.price.amount: " in caught.value.message


def test_every_event_says_who_what_when_and_why() -> None:
    """R64, R100-R104, R300."""
    desk = Desk()
    command = desk.command(c.CancelProductOrder, role="support", reason_code="CHANGED_MIND")
    before = desk.standing
    desk.carry_out(command)
    version = before.version
    for event in desk.events[1:]:
        version += 1
        assert (event.order_id, event.order_number, event.version) == (ORDER_ID, "PO-1", version)
        assert (event.source_command_id, event.reason_code) == (command.command_id, "CHANGED_MIND")
        assert (event.actor_id, event.actor_role, event.occurred_at) == ("support-1", "support", desk.now)
        assert event.account_id == "acme:acc-1"
    changed = {i for event in desk.events[1:] for i in event.changed_item_ids}
    assert changed == {"a", "b"}
    moves = [(event.from_state, event.to_state) for event in desk.events]
    stays = (None, None)
    assert moves == [(None, "Draft"), ("Draft", "Cancelling"), stays, stays, ("Cancelling", "Cancelled")]
    assert [event.state for event in desk.events] == ["Draft", *["Cancelling"] * 3, "Cancelled"]
