"""Fingerprints (R95-R98): one for each meaning, whatever the spelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commercial import ChargeKind, Discount, Period, PriceComponent, UsageTier
from domain.fingerprints import (
    approval_fingerprint,
    canonical,
    configuration_fingerprint,
    line_configuration_fingerprint,
    line_fingerprint,
    line_price_fingerprint,
    price_fingerprint,
    proposal_hash,
    sha256_of,
)
from domain.money import Money

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False, places=4)
)
VALUES = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v, max_size=4), max_leaves=12
)


def respelled(value: Any, random: Random) -> Any:
    """The same value with its keys in another order, its numbers spelled otherwise and empty keys added."""
    match value:
        case bool() | None | str():
            return value
        case int():
            return Decimal(f"{value}.00")
        case Decimal():
            return Decimal(f"{value:f}" + ("00" if "." in f"{value:f}" else ".0"))
        case list():
            return tuple(respelled(v, random) for v in value)
        case dict():
            items = [(k, respelled(v, random)) for k, v in value.items()]
            random.shuffle(items)
            return dict(items)


@given(VALUES, st.integers())
@settings(max_examples=60, deadline=None)
def test_spelling_makes_no_difference(value: Any, seed: int) -> None:
    assert canonical(respelled(value, Random(seed))) == canonical(value)


def test_absent_and_null_are_the_same_but_not_false_zero_or_empty() -> None:
    assert sha256_of({"a": 1, "b": None}) == sha256_of({"a": 1})
    values: tuple[object, ...] = (None, False, 0, "", "0", [], {})
    assert len({canonical({"a": v}) for v in values}) == 7
    assert canonical(Decimal("-0.0")) == canonical(0) == "0"
    assert canonical(Decimal("1E+3")) == "1000"
    assert canonical(frozenset({"b", "a"})) == '["a","b"]'


def test_times_are_compared_in_utc() -> None:
    east = datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=1)))
    assert canonical(east) == canonical(datetime(2026, 3, 1, 9, tzinfo=UTC))
    with pytest.raises(ValueError, match="offset"):
        canonical(datetime(2026, 3, 1))  # noqa: DTZ001 - refused for that


@pytest.mark.parametrize("value", [0.1, Decimal("NaN"), object()])
def test_what_has_no_exact_text_has_no_fingerprint(value: object) -> None:
    with pytest.raises(TypeError):
        sha256_of({"a": value})


def component(amount: str = "10.00", **more: Any) -> PriceComponent:
    base: dict[str, Any] = {"component_id": "monthly", "kind": ChargeKind.RECURRING, "period": Period.MONTH}
    return PriceComponent(**{**base, "price": Money(amount=Decimal(amount), currency="EUR"), **more})


def line(*components: PriceComponent) -> str:
    return line_price_fingerprint("line-1", components)


def test_a_price_is_its_terms_and_not_who_vouches_for_them() -> None:
    """R95: everything that is charged counts, evidence and the fingerprint itself do not."""
    base = line(component())
    ten = Discount(percent=Decimal(10), periods=12)
    assert line(component("10.0")) == base
    assert line(component(price_fingerprint=base)) == base
    assert line(component(billed_through_item_id="line-2")) == base
    assert line(component(discounts=(ten,))) == line(
        component(discounts=(ten.model_copy(update={"evidence_ref": "x"}),))
    )
    others = [
        component("10.01"),
        component(quantity=2),
        component(period=Period.YEAR),
        component(kind=ChargeKind.USAGE, period=None),
        component(component_id="other"),
        component(discounts=(ten,)),
        component(discounts=(Discount(percent=Decimal(10), periods=6),)),
        component(tiers=(UsageTier(price=Money(amount=Decimal(1), currency="EUR")),)),
        component(price=Money(amount=Decimal(10), currency="USD")),
    ]
    assert len({base, *(line(c) for c in others)}) == 1 + len(others)
    assert line(component(), component(component_id="b")) == line(component(component_id="b"), component())


def test_the_whole_changes_with_any_part() -> None:
    """R96-R98."""
    made = line_configuration_fingerprint(
        offering_id="o", offering_version="1", quantity=1, configuration={"speed": "100", "colour": "red"}
    )
    assert made == line_configuration_fingerprint(
        offering_id="o", offering_version="1", quantity=1, configuration={"colour": "red", "speed": "100"}
    )
    assert configuration_fingerprint({"a": made}) != configuration_fingerprint({"b": made})
    assert price_fingerprint("EUR", {"a": "1"}) != price_fingerprint("USD", {"a": "1"})
    place = {"parent_line_id": None, "action": "ADD", "configuration": "c", "price": "p"}
    prints = {line_fingerprint("a", **{**place, k: "other"}) for k in place}  # type: ignore[arg-type]
    assert len({line_fingerprint("a", **place), line_fingerprint("b", **place), *prints}) == 6  # type: ignore[arg-type]


def test_an_approval_is_for_one_price_of_one_revision() -> None:
    """R97."""
    base: dict[str, Any] = {
        "quote_id": "acme:q",
        "quote_version": 1,
        "price": "p",
        "discount_percent": Decimal(25),
        "limit_percent": Decimal(20),
        "case_id": "acme:case",
        "decided_by": "kim",
    }
    other = {"quote_version": 2, "price": "q", "discount_percent": Decimal(26), "decided_by": "lee", "case_id": None}
    prints = [approval_fingerprint(**{**base, name: value}) for name, value in other.items()]
    assert len({approval_fingerprint(**base), *prints}) == 1 + len(other)


def test_a_proposal_is_the_whole_package() -> None:
    """R98, R292."""
    base: dict[str, Any] = {
        "quote_id": "acme:q",
        "quote_version": 1,
        "price": "p",
        "configuration": "c",
        "document_content_hash": "d",
        "terms_version": "t1",
    }
    other = {
        "price": "q",
        "configuration": "d",
        "document_content_hash": "e",
        "terms_version": "t2",
        "quote_version": 2,
    }
    prints = [proposal_hash(**{**base, name: value}) for name, value in other.items()]
    assert len({proposal_hash(**base), *prints}) == 1 + len(other)
