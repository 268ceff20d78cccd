"""Publications: released by three people, never changed afterwards (R284, R493-R496, R506, R510)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.catalog_publication import commands as c
from domain.catalog_publication.aggregate import CATALOG_PUBLICATION, MACHINE
from domain.catalog_publication.events import EVENTS
from domain.catalog_publication.states import (
    SIGN_OFFS,
    BundleRuleKind,
    ChangeType,
    PublicationState,
    SignOffKind,
    required_sign_offs,
)
from domain.catalog_publication.structure import Approval
from domain.command import Command
from tests.domain import machine_walk as walks
from tests.domain.desk import Desk, check_claims, check_foreign, check_wire
from tests.domain.machine_walk import NOW, Choose
from tests.domain.orders import creation
from tests.domain.publications import BACKUP, LINE, OFFICE, PHONE, PUBLISHED, ROUTER, offering, rule, sign_offs

ID = "acme:publication-7"
HOUR = timedelta(hours=1)
OFFERINGS = (OFFICE, LINE, ROUTER, PHONE, BACKUP)
SAMPLES: dict[type[Command], dict[str, Any]] = {
    c.PublishCatalog: PUBLISHED,
    c.RetireOffering: {"offering_id": PHONE, "effective_from": NOW + HOUR, "reason_code": "REPLACED"},
    c.RecordCatalogConsumption: {"consumer": "cpq", "consumed_at": NOW + timedelta(minutes=1), "system": "cpq"},
}


def sample(_: object, kind: type[Command], command_id: str, choose: Choose) -> Command:
    fields = dict(SAMPLES[kind])
    fields.pop("system", None)
    if kind is c.PublishCatalog:
        fields["offerings"] = tuple(offering(each) for each in OFFERINGS[: choose((1, 2))])
        fields["bundle_rules"] = ()
    if kind is c.RetireOffering:
        fields |= {"offering_id": choose(OFFERINGS[:3]), "reason_code": choose((None, "REPLACED", "REPLACED"))}
    if kind is c.RecordCatalogConsumption:
        fields |= {"consumer": choose(("cpq", "oms", "billing"))}
        fields["consumed_at"] = NOW + timedelta(minutes=choose((0, 1, 2, 9)))
    return kind(**{**walks.envelope(MACHINE, kind, ID, command_id, choose), **fields})


SUBJECT = walks.Subject(MACHINE, EVENTS, PublicationState, sample)
TestWalk = walks.walk(SUBJECT)


def desk(*steps: type[Command], **published: Any) -> Desk:
    found = Desk(CATALOG_PUBLICATION, MACHINE, SAMPLES, ID)
    if steps or published:
        found.send(c.PublishCatalog, **published)
    for kind in steps[1:]:
        found.send(kind)
    return found


def refused(**published: Any) -> str:
    return desk().refused(c.PublishCatalog, **published).code


def test_the_table_is_complete_and_true() -> None:
    walks.check_table(SUBJECT, c)
    walks.check_emissions(SUBJECT)
    walks.check_matrix(SUBJECT)
    walks.check_roles(SUBJECT)
    walks.check_beginning(SUBJECT)
    check_claims(desk())
    told = desk(c.PublishCatalog, c.RetireOffering, c.RecordCatalogConsumption)
    check_foreign(told, creation())
    check_wire(told)


def test_a_publication_says_everything_it_was_released_with() -> None:
    """R493-R496, R506."""
    event = desk(c.PublishCatalog).last
    for name, value in PUBLISHED.items():
        assert getattr(event, name) == value
    assert (event.catalog_publication_id, event.state) == (ID, PublicationState.PUBLISHED)


def test_author_approver_and_publisher_are_three() -> None:
    """R506, R510."""
    approval = PUBLISHED["approval"]
    own = approval.model_copy(update={"approver_id": PUBLISHED["author_id"]})
    assert refused(approval=own) == "AUTHORIZATION_DUTIES"
    assert refused(actor_id=PUBLISHED["author_id"]) == "AUTHORIZATION_DUTIES"
    assert refused(actor_id=approval.approver_id) == "AUTHORIZATION_DUTIES"
    signed = tuple(s.model_copy(update={"signer_id": PUBLISHED["author_id"]}) for s in PUBLISHED["sign_offs"][:1])
    assert refused(sign_offs=signed + PUBLISHED["sign_offs"][1:]) == "AUTHORIZATION_DUTIES"


@pytest.mark.parametrize("change", ChangeType)
def test_each_kind_of_change_needs_its_sign_offs(change: ChangeType) -> None:
    """R506."""
    kinds = sorted(SIGN_OFFS[change])
    base = {"change_types": (change,)}
    if change is not ChangeType.PRICE_BOOK:
        base["price_changes"] = ()
    for left_out in kinds:
        rest = sign_offs(*(kind for kind in kinds if kind is not left_out))
        assert refused(**base, sign_offs=rest) == "POLICY_SIGN_OFF_MISSING"
    desk(c.PublishCatalog, **base, sign_offs=sign_offs(*kinds))


def test_changes_add_their_sign_offs_up() -> None:
    both = required_sign_offs((ChangeType.DISPLAY, ChangeType.PROMOTION))
    assert both == SIGN_OFFS[ChangeType.DISPLAY] | SIGN_OFFS[ChangeType.PROMOTION]
    assert set().union(*SIGN_OFFS.values()) == set(SignOffKind)
    assert set(SIGN_OFFS) == set(ChangeType)


def test_prices_change_under_control_only() -> None:
    """R495, R496."""
    assert refused(price_changes=()) == "POLICY_PRICE_CONTROLS"
    uncontrolled = {"change_types": (ChangeType.OFFERING,)}
    assert refused(**uncontrolled) == "POLICY_PRICE_CONTROLS"
    (change,) = PUBLISHED["price_changes"]
    assert refused(price_changes=(change.model_copy(update={"effective_from": NOW}),)) == "POLICY_BACKDATED"


def test_an_approval_comes_before_what_it_approves() -> None:
    late = Approval(approver_id="catalog-board-1", approved_at=NOW + HOUR, evidence_ref="minutes-9")
    assert refused(approval=late) == "STRUCTURAL_TIME_AHEAD"
    signed = tuple(s.model_copy(update={"signed_at": NOW + HOUR}) for s in PUBLISHED["sign_offs"])
    assert refused(sign_offs=signed) == "STRUCTURAL_TIME_AHEAD"


def test_nothing_reaches_back() -> None:
    """R284: neither a publication nor a retirement takes effect in the past."""
    assert (
        refused(effective_from=NOW - timedelta(microseconds=1), price_changes=(), **_no_prices()) == "POLICY_BACKDATED"
    )
    found = desk(c.PublishCatalog)
    before = found.now - timedelta(microseconds=1)
    assert found.refused(c.RetireOffering, effective_from=before).code == "POLICY_BACKDATED"
    assert found.send(c.RetireOffering, effective_from=found.now + timedelta(minutes=1)) == ["OfferingRetired"]


def _no_prices() -> dict[str, Any]:
    return {"change_types": (ChangeType.OFFERING,), "sign_offs": sign_offs(*sorted(SIGN_OFFS[ChangeType.OFFERING]))}


def test_a_retirement_leaves_what_was_published_as_it_was() -> None:
    """R284: quotes and orders keep their snapshot, and the publication its offerings."""
    found = desk(c.PublishCatalog)
    offerings, rules = found.state.offerings, found.state.bundle_rules
    found.send(c.RetireOffering, replacement_offering_id=LINE)
    assert (found.last.offering_id, found.last.effective_from) == (PHONE, NOW + HOUR)
    assert found.last.replacement_offering_id == LINE
    assert (found.state.offerings, found.state.bundle_rules) == (offerings, rules)
    assert found.state.retired == {PHONE: NOW + HOUR}
    assert found.state.state is PublicationState.PUBLISHED


def test_an_offering_is_retired_once_and_for_a_reason() -> None:
    found = desk(c.PublishCatalog, c.RetireOffering)
    assert found.refused(c.RetireOffering).code == "STATE_OFFERING_RETIRED"
    assert found.refused(c.RetireOffering, offering_id="acme:ghost").code == "REFERENCE_OFFERING_UNKNOWN"
    assert found.refused(c.RetireOffering, reason_code=None).code == "STRUCTURAL_REASON_MISSING"


def test_a_publication_ends_with_its_last_offering_and_can_still_be_taken_over() -> None:
    found = desk(c.PublishCatalog)
    for each in OFFERINGS:
        assert found.state.state is PublicationState.PUBLISHED
        found.send(c.RetireOffering, offering_id=each)
    assert found.state.state is PublicationState.RETIRED
    assert found.refused(c.RetireOffering).code == "STATE_ILLEGAL_TRANSITION"
    assert found.send(c.RecordCatalogConsumption) == ["CatalogPublicationConsumed"]


def test_a_declared_consumer_takes_it_over_once_and_its_lag_is_told() -> None:
    found = desk(c.PublishCatalog)
    published = found.last.occurred_at
    found.now = published + HOUR
    at = published + timedelta(seconds=90)
    found.send(c.RecordCatalogConsumption, consumed_at=at, role="catalog-consumer")
    assert (found.last.consumer, found.last.consumed_at, found.last.lag_ms) == ("cpq", at, 90_000)
    assert found.refused(c.RecordCatalogConsumption).code == "STATE_ALREADY_CONSUMED"
    assert found.refused(c.RecordCatalogConsumption, consumer="billing").code == "REFERENCE_CONSUMER_UNDECLARED"
    foreign = found.refused(c.RecordCatalogConsumption, consumer="oms", role="catalog-consumer", system="cpq")
    assert foreign.code == "AUTHORIZATION_OTHER_CONSUMER"
    early = published - timedelta(microseconds=1)
    assert found.refused(c.RecordCatalogConsumption, consumer="oms", consumed_at=early).code == "STRUCTURAL_TIME_PAST"
    ahead = found.now + HOUR
    assert found.refused(c.RecordCatalogConsumption, consumer="oms", consumed_at=ahead).code == "STRUCTURAL_TIME_AHEAD"


def test_offerings_and_consumers_are_named_once_and_can_be_sold() -> None:
    twice = PUBLISHED["offerings"] + PUBLISHED["offerings"][:1]
    assert refused(offerings=twice) == "STRUCTURAL_OFFERINGS"
    assert refused(declared_consumers=("cpq", "cpq")) == "STRUCTURAL_OFFERINGS"
    assert refused(offerings=(offering(LINE, NOW, NOW),), bundle_rules=()) == "STRUCTURAL_OFFERINGS"
    assert refused(supersedes_publication_id="other:publication-6") == "AUTHORIZATION_TENANT"


@pytest.mark.parametrize(
    "unsound",
    [
        rule(BundleRuleKind.CARDINALITY, PHONE),
        rule(BundleRuleKind.CARDINALITY, PHONE, count_min=3, count_max=2),
        rule(BundleRuleKind.CARDINALITY, PHONE, LINE, count_min=1),
        rule(BundleRuleKind.MANDATORY, LINE, ROUTER),
        rule(BundleRuleKind.MANDATORY, LINE, count_min=1),
        rule(BundleRuleKind.MANDATORY, OFFICE),
        rule(BundleRuleKind.DEPENDENCY, LINE),
        rule(BundleRuleKind.EXCLUSION, LINE),
        rule(BundleRuleKind.EXCLUSION, LINE, LINE),
        rule(BundleRuleKind.EXCLUSION, LINE, OFFICE),
    ],
    ids=lambda r: f"{r.kind}-{r.member_offering_id}-{len(r.other_offering_ids)}-{r.count_min}-{r.count_max}",
)
def test_a_rule_says_something(unsound: Any) -> None:
    """R281."""
    assert refused(bundle_rules=(unsound,)) == "STRUCTURAL_BUNDLE_RULE"


def test_rules_fit_the_publication_and_each_other() -> None:
    """R281."""
    assert refused(bundle_rules=(rule(BundleRuleKind.MANDATORY, "acme:ghost"),)) == "REFERENCE_OFFERING_UNKNOWN"
    twice = (rule(BundleRuleKind.MANDATORY, LINE), rule(BundleRuleKind.MANDATORY, LINE))
    assert refused(bundle_rules=twice) == "STRUCTURAL_BUNDLE_RULE"
    impossible = (
        rule(BundleRuleKind.MANDATORY, LINE),
        rule(BundleRuleKind.DEPENDENCY, LINE, ROUTER),
        rule(BundleRuleKind.EXCLUSION, ROUTER, LINE),
    )
    assert refused(bundle_rules=impossible) == "POLICY_BUNDLE_IMPOSSIBLE"
