"""What may be sold when, and of what bundles are made (R281, R282, R284)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalog_publication import commands as c
from domain.catalog_publication.aggregate import CATALOG_PUBLICATION, MACHINE
from domain.catalog_publication.bundle import least_members, violations
from domain.catalog_publication.publication import CatalogPublication
from domain.catalog_publication.selling import Unsellable, may_be_sold, why_not_sellable
from domain.catalog_publication.states import BundleRuleKind
from tests.domain.desk import Desk
from tests.domain.publications import BACKUP, LINE, OFFICE, PHONE, PUBLISHED, ROUTER, RULES, offering, rule

FROM = PUBLISHED["effective_from"]
LATER = FROM + timedelta(days=1)
END = FROM + timedelta(days=9)
TICK = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def publication() -> CatalogPublication:
    """An offering from the start, one from later on until an end, and one that is retired later."""
    samples = {
        c.PublishCatalog: {**PUBLISHED, "bundle_rules": ()}
        | {"offerings": (offering(LINE), offering(PHONE, LATER, END), offering(BACKUP))},
        c.RetireOffering: {"offering_id": BACKUP, "effective_from": LATER, "reason_code": "REPLACED"},
    }
    desk = Desk(CATALOG_PUBLICATION, MACHINE, samples, "acme:publication-7", c.PublishCatalog, c.RetireOffering)
    assert isinstance(desk.state, CatalogPublication)
    return desk.state


@pytest.mark.parametrize(
    ("offering_id", "at", "reason"),
    [
        ("acme:ghost", FROM, Unsellable.NOT_PUBLISHED),
        (LINE, FROM - TICK, Unsellable.PUBLICATION_NOT_EFFECTIVE),
        (LINE, FROM, None),
        (PHONE, LATER - TICK, Unsellable.NOT_YET_EFFECTIVE),
        (PHONE, LATER, None),
        (PHONE, END - TICK, None),
        (PHONE, END, Unsellable.NO_LONGER_EFFECTIVE),
        (BACKUP, LATER - TICK, None),
        (BACKUP, LATER, Unsellable.RETIRED),
    ],
)
def test_what_may_be_newly_sold(
    publication: CatalogPublication, offering_id: str, at: datetime, reason: Unsellable | None
) -> None:
    """R282: beginnings belong to the time of sale, ends do not."""
    assert why_not_sellable(publication, offering_id, at) is reason
    assert may_be_sold(publication, offering_id, at) == (reason is None)
    assert may_be_sold(publication, offering_id, at, override_ref="") == (reason is None)
    opened = may_be_sold(publication, offering_id, at, override_ref="exception-1")
    assert opened == (reason is not Unsellable.NOT_PUBLISHED)


def broken(**members: int) -> list[tuple[str, str]]:
    counts = {f"acme:{name}": count for name, count in members.items()}
    return [(v.kind.value, v.rule_id) for v in violations(RULES, OFFICE, counts)]


def test_a_bundle_that_satisfies_its_rules() -> None:
    """R281."""
    assert broken(line=1, router=1) == []
    assert broken(line=1, router=1, phone=2) == []
    assert broken(line=2, router=1, phone=4) == []
    assert broken(line=1, router=1, backup=1) == []


@pytest.mark.parametrize(
    ("members", "kinds"),
    [
        ({}, ["MANDATORY"]),
        ({"line": 0}, ["MANDATORY"]),
        ({"line": 1}, ["DEPENDENCY"]),
        ({"line": 1, "router": 1, "phone": 1}, ["CARDINALITY"]),
        ({"line": 1, "router": 1, "phone": 5}, ["CARDINALITY"]),
        ({"line": 1, "router": 1, "phone": 2, "backup": 1}, ["EXCLUSION", "COMPATIBILITY"]),
        ({"line": 1, "router": 1, "backup": 1, "office": 1}, ["COMPATIBILITY"]),
        ({"phone": 1}, ["MANDATORY", "CARDINALITY"]),
    ],
)
def test_a_bundle_that_breaks_rules_says_which(members: dict[str, int], kinds: list[str]) -> None:
    """R281: mandatory, cardinality, dependency, exclusion, compatibility; each with its mend."""
    assert [kind for kind, _ in broken(**members)] == kinds
    for each in violations(RULES, OFFICE, {f"acme:{name}": count for name, count in members.items()}):
        assert OFFICE in each.message
        assert each.remediation


def test_a_rule_concerns_its_own_bundle_only() -> None:
    assert violations(RULES, LINE, {}) == ()
    assert violations((), OFFICE, {}) == ()


def test_a_cardinality_may_be_open_above() -> None:
    rules = (rule(BundleRuleKind.CARDINALITY, PHONE, count_min=2),)
    assert violations(rules, OFFICE, {PHONE: 99}) == ()
    (found,) = violations(rules, OFFICE, {PHONE: 1})
    assert "at least 2" in found.remediation


def test_the_least_bundle_has_what_it_needs() -> None:
    rules = (*RULES, rule(BundleRuleKind.DEPENDENCY, ROUTER, PHONE))
    assert least_members(rules, OFFICE) == {LINE: 1, ROUTER: 1, PHONE: 2}
    assert violations(rules, OFFICE, least_members(rules, OFFICE)) == ()


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from([LINE, ROUTER, PHONE, BACKUP]), st.integers(0, 6)))
def test_the_rules_agree_with_what_they_say_in_words(members: dict[str, int]) -> None:
    has = {name for name, count in members.items() if count}
    good = (
        LINE in has
        and ROUTER in has
        and (PHONE not in has or 2 <= members[PHONE] <= 4)
        and not (BACKUP in has and has - {BACKUP, LINE, ROUTER})
    )
    assert (violations(RULES, OFFICE, members) == ()) == good
