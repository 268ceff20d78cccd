"""The conditions the rows of a CatalogPublication name (R154, R493-R496, R506, R510)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.catalog_publication import commands as c
from domain.catalog_publication.bundle import least_members, violations
from domain.catalog_publication.publication import CatalogPublication
from domain.catalog_publication.states import BundleRuleKind, ChangeType, required_sign_offs
from domain.catalog_publication.structure import BundleRule
from domain.conditions import has_reason, not_ahead, same_tenant
from domain.errors import Refusal

_NAMES_OTHERS = frozenset({BundleRuleKind.DEPENDENCY, BundleRuleKind.EXCLUSION})


def duties_apart(command: c.PublishCatalog) -> None:
    """Who writes, who approves and who publishes are three, and no author signs off their own work (R510)."""
    people = (command.author_id, command.approval.approver_id, command.actor.actor_id)
    own = sorted(s.kind for s in command.sign_offs if s.signer_id == command.author_id)
    if len(set(people)) < len(people) or own:
        message = (
            f"Publication {command.aggregate_id} was written by {people[0]}, approved by {people[1]} and is published "
            f"by {people[2]}; the author signed off {own or 'nothing'}."
        )
        raise Refusal("AUTHORIZATION_DUTIES", message, remediation="Have each step taken by somebody else.")


def signed_off(command: c.PublishCatalog) -> None:
    """Each kind of change is governed in its own way (R506)."""
    missing = required_sign_offs(command.change_types) - {s.kind for s in command.sign_offs}
    if missing:
        message = f"Publication {command.aggregate_id} lacks sign-offs: {', '.join(sorted(missing))}."
        raise Refusal("POLICY_SIGN_OFF_MISSING", message, remediation="Get them, or publish without those changes.")


def price_changes_controlled(command: c.PublishCatalog) -> None:
    """A change of prices comes with its controls, and only then (R495, R496)."""
    changes = ChangeType.PRICE_BOOK in command.change_types
    if changes != bool(command.price_changes):
        message = f"Publication {command.aggregate_id} changes price lists without their controls, or the other way."
        raise Refusal("POLICY_PRICE_CONTROLS", message, remediation="Send PRICE_BOOK and priceChanges together.")
    early = [p.price_list_ref for p in command.price_changes if p.effective_from < command.effective_from]
    if early:
        message = f"Price lists {early} would take effect before publication {command.aggregate_id} does."
        raise Refusal("POLICY_BACKDATED", message, remediation="Let them take effect with it or later.")


def _repeated(ids: Iterable[str]) -> list[str]:
    return sorted(each for each, times in Counter(ids).items() if times > 1)


def offerings_sound(command: c.PublishCatalog) -> None:
    """Each offering and each consumer is there once, and what may be sold may be sold for some time."""
    twice = _repeated(o.offering_id for o in command.offerings) + _repeated(command.declared_consumers)
    empty = [
        o.offering_id
        for o in command.offerings
        if o.effective_until is not None and o.effective_until <= o.effective_from
    ]
    if twice or empty:
        message = f"Publication {command.aggregate_id}: named twice {twice}, never to be sold {empty}."
        raise Refusal("STRUCTURAL_OFFERINGS", message, remediation="Name each once, with an end after its beginning.")


def rules_sound(command: c.PublishCatalog) -> None:
    """A rule says something, about offerings that are there (R281)."""
    twice = _repeated(rule.rule_id for rule in command.bundle_rules)
    if twice:
        message = f"Publication {command.aggregate_id} has rules {twice} twice."
        raise Refusal("STRUCTURAL_BUNDLE_RULE", message, remediation="Give each rule an id of its own.")
    known = {offering.offering_id for offering in command.offerings}
    for rule in command.bundle_rules:
        named = {rule.bundle_offering_id, rule.member_offering_id, *rule.other_offering_ids}
        if unknown := sorted(named - known):
            message = f"Rule {rule.rule_id} of publication {command.aggregate_id} names {unknown}, not published."
            raise Refusal("REFERENCE_OFFERING_UNKNOWN", message, remediation="Publish them, or leave the rule out.")
        if not _says_something(rule):
            message = f"Rule {rule.rule_id} of publication {command.aggregate_id} is no sound {rule.kind}."
            raise Refusal("STRUCTURAL_BUNDLE_RULE", message, remediation="Give counts or other members as it needs.")


def _says_something(rule: BundleRule) -> bool:
    others = rule.other_offering_ids
    if {rule.member_offering_id, *others} & {rule.bundle_offering_id} or rule.member_offering_id in others:
        return False
    if rule.kind is BundleRuleKind.CARDINALITY:
        bounded = rule.count_min is not None or rule.count_max is not None
        return bounded and not others and (rule.count_max is None or (rule.count_min or 1) <= rule.count_max)
    counted = rule.count_min is not None or rule.count_max is not None
    if rule.kind in _NAMES_OTHERS and not others:
        return False
    return not counted and not (rule.kind is BundleRuleKind.MANDATORY and others)


def bundles_possible(command: c.PublishCatalog) -> None:
    """Every bundle can be made at all: its rules do not contradict each other (R281)."""
    for bundle in sorted({rule.bundle_offering_id for rule in command.bundle_rules}):
        broken = violations(command.bundle_rules, bundle, least_members(command.bundle_rules, bundle))
        if broken:
            message = f"Nobody could make bundle {bundle}: {broken[0].message}"
            raise Refusal("POLICY_BUNDLE_IMPOSSIBLE", message, remediation=f"Mend rule {broken[0].rule_id}.")


def offering_on_sale(publication: CatalogPublication, command: c.RetireOffering) -> None:
    """What is published is retired, once."""
    if command.offering_id not in publication.offerings:
        message = f"Publication {command.aggregate_id} has no offering {command.offering_id}."
        raise Refusal("REFERENCE_OFFERING_UNKNOWN", message, remediation=f"It has {sorted(publication.offerings)}.")
    if command.offering_id in publication.retired:
        since = publication.retired[command.offering_id].isoformat()
        message = f"Offering {command.offering_id} of {command.aggregate_id} is retired since {since}."
        raise Refusal("STATE_OFFERING_RETIRED", message, remediation="Nothing to do.")


def consumer_declared(publication: CatalogPublication, command: c.RecordCatalogConsumption) -> None:
    """Who takes a publication over is who was declared, once, and speaks for itself."""
    name = command.consumer
    if name not in publication.declared_consumers:
        message = f"{name} is no declared consumer of {command.aggregate_id}."
        remediation = f"Declared are {sorted(publication.declared_consumers)}."
        raise Refusal("REFERENCE_CONSUMER_UNDECLARED", message, remediation=remediation)
    if command.actor.role == "catalog-consumer" and command.actor.system != name:
        message = f"{command.actor.system} may not speak for {name}."
        raise Refusal("AUTHORIZATION_OTHER_CONSUMER", message, remediation="Report your own take-over.")
    if name in publication.consumed:
        message = f"{name} took {command.aggregate_id} over already."
        raise Refusal("STATE_ALREADY_CONSUMED", message, remediation="Nothing to do.")
    if command.consumed_at < publication.published_at:
        message = f"{name} cannot have taken {command.aggregate_id} over before it was published."
        raise Refusal("STRUCTURAL_TIME_PAST", message, remediation="Send the time of the take-over.")


def _approved_by_now(_: object, command: c.PublishCatalog, now: datetime) -> None:
    not_ahead(command, "approvedAt", command.approval.approved_at, now)
    for sign_off in command.sign_offs:
        not_ahead(command, f"signedAt of {sign_off.kind}", sign_off.signed_at, now)


def _not_backdated(_: object, command: c.PublishCatalog | c.RetireOffering, now: datetime) -> None:
    """What was sold was sold: a change of the catalog never reaches back (R284)."""
    if command.effective_from < now:
        message = f"{command.name} on {command.aggregate_id} would take effect at {command.effective_from.isoformat()}."
        raise Refusal("POLICY_BACKDATED", message, remediation=f"Let it take effect at {now.isoformat()} or later.")


def _consumed_by_now(_: object, command: c.RecordCatalogConsumption, now: datetime) -> None:
    not_ahead(command, "consumedAt", command.consumed_at, now)


def _tenant(command: c.PublishCatalog) -> None:
    same_tenant(command, supersedesPublicationId=command.supersedes_publication_id)


GUARDS: Mapping[str, Callable[[CatalogPublication, Any], None]] = {
    "has-reason": has_reason,
    "offering-on-sale": offering_on_sale,
    "consumer-declared": consumer_declared,
}
CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "same-tenant": _tenant,
    "duties-apart": duties_apart,
    "signed-off": signed_off,
    "price-changes-controlled": price_changes_controlled,
    "offerings-sound": offerings_sound,
    "rules-sound": rules_sound,
    "bundles-possible": bundles_possible,
}
TIMED_GUARDS: Mapping[str, Callable[[CatalogPublication | None, Any, datetime], None]] = {
    "approved-by-now": _approved_by_now,
    "not-backdated": _not_backdated,
    "consumed-by-now": _consumed_by_now,
}
