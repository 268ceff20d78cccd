"""The lines of a quote: their structure, and what becomes of them on the way to acceptance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from domain.commercial import PriceComponent
from domain.errors import Refusal
from domain.fingerprints import (
    configuration_fingerprint,
    line_configuration_fingerprint,
    line_fingerprint,
)
from domain.order_state.states import Action
from domain.pricing.terms import PricedLine
from domain.quote.structure import LineDraft, PriceOverride, QuoteLine, ScheduledDiscount

_NEEDS_INSTANCE = frozenset({Action.MODIFY, Action.DELETE, Action.SUSPEND, Action.RESUME, Action.RENEW})


def check_lines(lines: Sequence[LineDraft]) -> None:
    """Refuse lines whose ids repeat, whose references lead nowhere or in circles, or that lack their product."""
    for name, values in (("ids", [x.line_id for x in lines]), ("numbers", [x.line_number for x in lines])):
        if repeated := sorted({v for v in values if list(values).count(v) > 1}, key=str):
            raise _refusal("STRUCTURAL_DUPLICATE_LINE", f"Line {name} occur twice: {repeated}.", "Tell them apart.")
    known = {line.line_id for line in lines}
    for line in lines:
        named = {line.parent_line_id, line.billed_through_line_id, *line.depends_on} - {None}
        if missing := sorted(str(n) for n in named - known):
            message = f"Line {line.line_id} names lines that are not in the quote: {missing}."
            raise _refusal("STRUCTURAL_UNKNOWN_LINE", message, "Name lines of the same quote.")
        _check_product(line)
    _refuse_cycle({x.line_id: [x.parent_line_id] if x.parent_line_id else [] for x in lines}, "bundle")
    _refuse_cycle({x.line_id: list(x.depends_on) for x in lines}, "dependency")


def _check_product(line: LineDraft) -> None:
    """Actions on an installed product say which; what brings a new one says none (R459-R466)."""
    if line.action in _NEEDS_INSTANCE and not line.product_instance_id:
        problem = "without a productInstanceId"
    elif line.action is Action.REPLACE and not line.replaces_product_instance_id:
        problem = "without a replacesProductInstanceId"
    elif line.action in (Action.ADD, Action.REPLACE) and line.product_instance_id:
        problem = "with a productInstanceId, which only its order can give it"
    else:
        return
    message = f"Line {line.line_id} is a {line.action} {problem}."
    raise _refusal("STRUCTURAL_PRODUCT_INSTANCE", message, "Name the installed product exactly where there is one.")


def _refuse_cycle(graph: Mapping[str, Iterable[str]], what: str) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        message = f"The {what} graph has a cycle: {' -> '.join(error.args[1])}."
        raise _refusal(f"STRUCTURAL_CYCLIC_{what.upper()}", message, "Take one of the links out.") from error


def _refusal(code: str, message: str, remediation: str) -> Refusal:
    return Refusal(code, message, remediation=remediation, stage="INTAKE")


def drafted(lines: Iterable[LineDraft]) -> tuple[QuoteLine, ...]:
    """The lines of a new revision: what was chosen is kept, what was found out is not."""
    return tuple(QuoteLine(**{name: getattr(line, name) for name in LineDraft.model_fields}) for line in lines)


def configured(lines: Sequence[QuoteLine], chosen: Mapping[str, Mapping[str, str]]) -> tuple[QuoteLine, ...]:
    """The lines with these configurations, their members and the fingerprint of each (R283)."""
    found = []
    for line in drafted(lines):
        configuration = dict(chosen.get(line.line_id, line.configuration))
        update = {
            "configuration": configuration,
            "bundled_line_ids": tuple(x.line_id for x in lines if x.parent_line_id == line.line_id),
            "configuration_fingerprint": fingerprint_of(line, configuration),
        }
        found.append(line.model_copy(update=update))
    return tuple(found)


def fingerprint_of(line: LineDraft, configuration: Mapping[str, str]) -> str:
    """Fingerprint of a line with a configuration (R96)."""
    return line_configuration_fingerprint(
        offering_id=line.offering_id,
        offering_version=line.offering_version,
        quantity=line.quantity,
        configuration=configuration,
    )


def configuration_of(lines: Iterable[QuoteLine]) -> str:
    """Fingerprint of all configurations (R96)."""
    return configuration_fingerprint({line.line_id: line.configuration_fingerprint or "" for line in lines})


def with_prices(
    lines: Iterable[QuoteLine], prices: Mapping[str, PricedLine], tax_boundary: str
) -> tuple[QuoteLine, ...]:
    """The lines with the prices a calculation gave them."""
    return tuple(_with_price(line, prices[line.line_id], tax_boundary) for line in lines)


def _with_price(line: QuoteLine, price: PricedLine, tax_boundary: str) -> QuoteLine:
    through = {"billed_through_item_id": line.billed_through_line_id}
    components = tuple(c.model_copy(update=through) for c in price.components)
    update = {
        "price_version": price.price_version,
        "price_components": components,
        "charges": price.charges,
        "discount_schedule": schedule_of(components),
        "override": _override(price),
        "tax_treatment": tax_boundary,
        "price_fingerprint": price.price_fingerprint,
    }
    return line.model_copy(update=update)


def _override(price: PricedLine) -> PriceOverride | None:
    if not price.manual_discount_percent:
        return None
    return PriceOverride(
        percent=price.manual_discount_percent,
        reason=price.override_reason,
        evidence_ref=price.override_evidence_ref,
    )


def schedule_of(components: Iterable[PriceComponent]) -> tuple[ScheduledDiscount, ...]:
    """Every reduction of every component with its duration (R273)."""
    return tuple(
        ScheduledDiscount(
            component_id=component.component_id,
            percent=discount.percent,
            periods=discount.periods,
            evidence_ref=discount.evidence_ref,
        )
        for component in components
        for discount in component.discounts
    )


def accepted(lines: Iterable[QuoteLine], approval_case_id: str | None) -> tuple[QuoteLine, ...]:
    """The lines as they are committed to: what had no evidence yet rests on the approval (R449)."""
    return tuple(_accepted(line, approval_case_id) for line in lines)


def _accepted(line: QuoteLine, approval_case_id: str | None) -> QuoteLine:
    components = tuple(_evidenced(c, approval_case_id) for c in line.price_components)
    override = line.override
    if override is not None and override.evidence_ref is None:
        override = override.model_copy(update={"evidence_ref": approval_case_id})
    update = {
        "price_components": components,
        "override": override,
        "discount_schedule": schedule_of(components),
        "line_fingerprint": line_fingerprint(
            line.line_id,
            parent_line_id=line.parent_line_id,
            action=line.action,
            configuration=line.configuration_fingerprint or "",
            price=line.price_fingerprint or "",
        ),
    }
    return line.model_copy(update=update)


def _evidenced(component: PriceComponent, approval_case_id: str | None) -> PriceComponent:
    discounts = tuple(
        d if d.evidence_ref else d.model_copy(update={"evidence_ref": approval_case_id}) for d in component.discounts
    )
    return component.model_copy(update={"discounts": discounts})
