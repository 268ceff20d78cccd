"""Validation of a quote: catalog, bundles, configuration, eligibility (R280-R283, R301, R537, R545)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.catalog_publication.aggregate import CATALOG_PUBLICATION, MACHINE
from domain.catalog_publication.commands import PublishCatalog
from domain.catalog_publication.states import BundleRuleKind
from domain.catalog_publication.structure import BundleRule
from domain.order_state.states import Action
from domain.quote.option_rules import CharacteristicRule, CompatibilityRule, OptionRules
from domain.quote.quote import Quote
from domain.quote.states import CheckResult, QuoteState
from domain.quote.structure import LineDraft
from domain.quote.validation import known_of, validate
from tests.domain.desk import Desk
from tests.domain.price_books import PUBLICATION
from tests.domain.publications import PUBLISHED
from tests.domain.quotes import CONTEXT, access_bundle, draft, quote_in

ALL = frozenset({"access", "router", "static-ip", "traffic", "seat"})


def quote(*lines: LineDraft) -> Quote:
    return quote_in(QuoteState.CONFIGURED, lines=lines or access_bundle()).quote


def codes(found: Quote, **known: Any) -> list[str]:
    return [f.code for f in validate(found, CONTEXT.model_copy(update=known))[0]]


def bundle(kind: BundleRuleKind, member: str, *others: str, **counts: int) -> dict[str, Any]:
    rule = BundleRule(
        rule_id="rule-1",
        kind=kind,
        bundle_offering_id="access",
        member_offering_id=member,
        other_offering_ids=others,
        **counts,
    )
    return {"bundle_rules": (rule,)}


def options(**more: Any) -> dict[str, Any]:
    return {"option_rules": OptionRules(**more)}


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


def test_what_is_not_published_cannot_be_let_into_sale() -> None:
    """R280: there are no terms to sell it on."""
    known = {"published_offerings": ALL - {"router"}, "selling_overrides": {"router": "acme:override-3"}}
    assert codes(quote(), **known) == ["REFERENCE_OFFERING_UNKNOWN"]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (bundle(BundleRuleKind.MANDATORY, "router"), []),
        (bundle(BundleRuleKind.MANDATORY, "seat"), ["POLICY_BUNDLE_MANDATORY"]),
        (bundle(BundleRuleKind.CARDINALITY, "router", count_min=2, count_max=2), []),
        (bundle(BundleRuleKind.CARDINALITY, "router", count_min=3), ["POLICY_BUNDLE_CARDINALITY"]),
        (bundle(BundleRuleKind.DEPENDENCY, "router", "static-ip"), []),
        (bundle(BundleRuleKind.DEPENDENCY, "router", "seat"), ["POLICY_BUNDLE_DEPENDENCY"]),
        (bundle(BundleRuleKind.EXCLUSION, "router", "seat"), []),
        (bundle(BundleRuleKind.EXCLUSION, "router", "static-ip"), ["POLICY_BUNDLE_EXCLUSION"]),
        (bundle(BundleRuleKind.COMPATIBILITY, "router", "static-ip"), []),
        (bundle(BundleRuleKind.COMPATIBILITY, "router", "seat"), ["POLICY_BUNDLE_COMPATIBILITY"]),
    ],
)
def test_a_bundle_is_made_as_its_publication_demands(rule: dict[str, Any], found: list[str]) -> None:
    """R281: of the lines under it, by quantity; traffic and seat stand beside it."""
    assert codes(quote(), **rule) == found


def test_a_member_that_goes_is_no_member() -> None:
    """R281: what counts is what the customer will have."""
    lines = (
        draft("access", 1, action=Action.NO_CHANGE, product_instance_id="acme:installed/access"),
        draft(
            "router",
            2,
            action=Action.DELETE,
            product_instance_id="acme:installed/router",
            parent_line_id="line-access",
        ),
    )
    assert codes(quote(*lines), **bundle(BundleRuleKind.MANDATORY, "router")) == ["POLICY_BUNDLE_MANDATORY"]
    ended = draft("access", 1, action=Action.DELETE, product_instance_id="acme:installed/access")
    assert codes(quote(ended), **bundle(BundleRuleKind.MANDATORY, "router")) == []


def test_a_publication_says_what_may_be_sold() -> None:
    """R280-R282: from the catalog's own aggregate to the context of a validation."""
    desk = Desk(CATALOG_PUBLICATION, MACHINE, {PublishCatalog: PUBLISHED}, "acme:publication-7", PublishCatalog)
    at = PUBLISHED["effective_from"]
    known = known_of(desk.state, at)
    assert known.catalog_publication_id == "acme:publication-7"
    assert known.active_offerings == known.published_offerings == frozenset(desk.state.offerings)
    assert known.bundle_rules == PUBLISHED["bundle_rules"]
    before = known_of(desk.state, at - timedelta(microseconds=1))
    assert (before.active_offerings, before.published_offerings) == (frozenset(), known.published_offerings)
    assert before.checked_at == at - timedelta(microseconds=1)


def test_choices_are_made_from_what_there_is() -> None:
    """R281, R545: required characteristics, allowed values, compatible values."""
    speed = CharacteristicRule(offering_id="access", name="speed", allowed=frozenset({"100", "200"}))
    assert codes(quote(), **options(characteristics=(speed,))) == ["POLICY_CHARACTERISTIC"]
    colour = CharacteristicRule(offering_id="access", name="colour")
    assert codes(quote(), **options(characteristics=(colour,))) == ["POLICY_CHARACTERISTIC"]
    fast = CompatibilityRule(
        offering_id="access",
        name="speed",
        values=frozenset({"1000"}),
        other_offering_id="router",
        other_name="ports",
        other_values=frozenset({"fibre"}),
    )
    assert codes(quote(), **options(compatibilities=(fast,))) == ["POLICY_INCOMPATIBLE"]
    fitting = (access_bundle()[0], draft("router", 2, configuration={"ports": "fibre"}))
    assert codes(quote(*fitting), **options(compatibilities=(fast,))) == []


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
