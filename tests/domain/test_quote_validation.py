"""Validation of a quote: catalog, bundles, configuration, eligibility (R280-R283, R301, R537, R545)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.order_state.states import Action
from domain.quote.bundle_rules import BundleRules, CharacteristicRule, CompatibilityRule, MemberRule, Pair
from domain.quote.quote import Quote
from domain.quote.states import CheckResult, QuoteState
from domain.quote.structure import LineDraft
from domain.quote.validation import validate
from tests.domain.price_books import PUBLICATION
from tests.domain.quotes import CONTEXT, access_bundle, draft, quote_in

ALL = frozenset({"access", "router", "static-ip", "traffic", "seat"})


def quote(*lines: LineDraft) -> Quote:
    return quote_in(QuoteState.CONFIGURED, lines=lines or access_bundle()).quote


def codes(found: Quote, **known: Any) -> list[str]:
    return [f.code for f in validate(found, CONTEXT.model_copy(update=known))[0]]


def rules(**more: Any) -> dict[str, Any]:
    return {"bundle_rules": BundleRules(**more)}


def member(at_least: int, at_most: int | None) -> dict[str, Any]:
    rule = MemberRule(bundle_offering_id="access", member_offering_id="router", at_least=at_least, at_most=at_most)
    return rules(members=(rule,))


def test_what_is_known_and_right_passes() -> None:
    findings, results = validate(quote(), CONTEXT)
    assert findings == ()
    assert {r.validation for r in results} == {r.eligibility for r in results} == {CheckResult.PASSED}


def test_the_offer_is_made_from_the_publication_in_force() -> None:
    """R280, R537."""
    assert codes(quote(), catalog_publication_id="acme:publication-8") == ["STALENESS_CATALOG_PUBLICATION"]
    assert codes(quote(), catalog_publication_id=PUBLICATION) == []


def test_what_is_out_of_sale_is_not_newly_sold_without_an_override() -> None:
    """R282, R301, R543: what the customer has may stay and change."""
    known = {"active_offerings": ALL - {"router"}}
    assert codes(quote(), **known) == ["POLICY_OFFERING_NOT_ACTIVE"]
    overridden = {**known, "selling_overrides": {"router": "acme:override-3"}}
    findings, results = validate(quote(), CONTEXT.model_copy(update=overridden))
    assert findings == ()
    assert {r.selling_override_ref for r in results if r.line_id == "line-router"} == {"acme:override-3"}
    installed = draft("router", 1, action=Action.MODIFY, product_instance_id="acme:installed/router")
    assert codes(quote(installed), **known) == []


@pytest.mark.parametrize(
    ("at_least", "at_most", "count", "passes"),
    [(1, 1, 0, False), (1, 1, 1, True), (1, 1, 2, False), (0, None, 2, True), (2, 3, 1, False), (0, 0, 1, False)],
)
def test_members_of_a_bundle_are_counted(at_least: int, at_most: int | None, count: int, passes: bool) -> None:
    """R281: mandatory members and cardinality."""
    routers = (draft("router", 2 + n, line_id=f"router-{n}", parent_line_id="line-access") for n in range(count))
    found = quote(draft("access", 1), draft("router", 9, line_id="elsewhere"), *routers)
    assert codes(found, **member(at_least, at_most)) == ([] if passes else ["POLICY_BUNDLE_CARDINALITY"])


def test_what_needs_another_has_it_bought_or_installed() -> None:
    """R281: dependency."""
    needs = rules(dependencies=(Pair(offering_id="router", other_offering_id="access"),))
    alone = quote(draft("router", 1))
    assert codes(alone, **needs) == ["POLICY_BUNDLE_DEPENDENCY"]
    assert codes(alone, **needs, installed_offerings=frozenset({"access"})) == []
    assert codes(quote(), **needs) == []


def test_what_excludes_another_does_not_go_with_it() -> None:
    """R281: exclusion, of what is installed, too."""
    apart = rules(exclusions=(Pair(offering_id="router", other_offering_id="access"),))
    assert codes(quote(), **apart) == ["POLICY_BUNDLE_EXCLUSION"]
    assert codes(quote(draft("router", 1)), **apart) == []
    assert codes(quote(draft("router", 1)), **apart, installed_offerings=frozenset({"access"})) == [
        "POLICY_BUNDLE_EXCLUSION"
    ]


def test_choices_are_made_from_what_there_is() -> None:
    """R281, R545: required characteristics, allowed values, compatible values."""
    speed = CharacteristicRule(offering_id="access", name="speed", allowed=frozenset({"100", "200"}))
    assert codes(quote(), **rules(characteristics=(speed,))) == ["POLICY_CHARACTERISTIC"]
    colour = CharacteristicRule(offering_id="access", name="colour")
    assert codes(quote(), **rules(characteristics=(colour,))) == ["POLICY_CHARACTERISTIC"]
    fast = CompatibilityRule(
        offering_id="access",
        name="speed",
        values=frozenset({"1000"}),
        other_offering_id="router",
        other_name="ports",
        other_values=frozenset({"fibre"}),
    )
    assert codes(quote(), **rules(compatibilities=(fast,))) == ["POLICY_INCOMPATIBLE"]
    fitting = (access_bundle()[0], draft("router", 2, configuration={"ports": "fibre"}))
    assert codes(quote(*fitting), **rules(compatibilities=(fast,))) == []


def test_a_configuration_that_was_changed_under_its_fingerprint_is_found() -> None:
    """R283."""
    found = quote_in(QuoteState.CONFIGURED).quote
    line = found.lines["line-access"]
    changed = {**found.lines, "line-access": line.model_copy(update={"configuration": {"speed": "9"}})}
    object.__setattr__(found, "lines", changed)
    assert codes(found) == ["CONFLICT_CONFIGURATION"]


def test_a_finding_stays_with_its_line() -> None:
    eligible = CONTEXT.model_copy(update={"eligible_offerings": ALL - {"router"}})
    findings, results = validate(quote(), eligible)
    assert [f.code for f in findings] == ["POLICY_NOT_ELIGIBLE"]
    failed = {r.line_id for r in results if r.eligibility is CheckResult.FAILED}
    assert failed == {r.line_id for r in results if r.validation is CheckResult.FAILED} == {"line-router"}
    unknown = CONTEXT.model_copy(update={"eligible_offerings": None, "account_active": False})
    findings, results = validate(quote(), unknown)
    assert [f.code for f in findings] == ["REFERENCE_ACCOUNT_INACTIVE"]
    assert {r.eligibility for r in results} == {CheckResult.NOT_CHECKED}
    assert {r.validation for r in results} == {CheckResult.FAILED}
