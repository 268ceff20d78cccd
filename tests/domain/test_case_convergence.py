"""A case is the same however findings and decisions were interleaved, repeated, and late deadlines were believed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from avro.plain import to_avro
from domain.case.inputs import Decided, Found, Input, Reached, micros
from domain.case.record import canonical_case
from domain.case_decision import events as e
from tests.domain.cases import MINUTE, SETTLED, Told, ceased, decided, euros, found

END = SETTLED + timedelta(days=400)
KINDS = list(e.EVENTS)
RULES = ("asset.missing", "billing.handoff", "state.duplicate-order")


@st.composite
def findings(draw: st.DrawFn) -> list[Input]:
    """What a derivation says of one mismatch: that it stands, changed or ceased, in the order of its topic."""
    rule = draw(st.sampled_from(RULES))
    at, since, stands, said = SETTLED, SETTLED - 30 * MINUTE, False, list[Input]()
    for version in range(1, draw(st.integers(1, 6)) + 1):
        if stands and draw(st.booleans()):
            said.append(ceased(at, version))
            stands = False
        else:
            since = since if stands else at - 10 * MINUTE
            amount = draw(st.sampled_from(("10", "2000", "150000")))
            said.append(found(at=at, version=version, since=since, rule_id=rule, leakage=euros(amount)))
            stands = True
        at += draw(st.sampled_from((5 * MINUTE, 29 * MINUTE, timedelta(hours=3), timedelta(days=4))))
    return said


@st.composite
def decisions(draw: st.DrawFn) -> list[Decided]:
    """What people decide, by versions and times that rise."""
    at, made = SETTLED, list[Decided]()
    for version in range(1, draw(st.integers(0, 8)) + 1):
        at += draw(st.sampled_from((timedelta(0), MINUTE, 20 * MINUTE, timedelta(hours=5), timedelta(days=2))))
        fields: dict[str, Any] = {"actor_id": draw(st.sampled_from(("kim", "max")))}
        fields["mismatch_since"] = at - 10 * MINUTE
        kind = draw(st.sampled_from(KINDS))
        if kind is e.CaseWaiverRequested:
            fields["valid_until"] = at + draw(st.sampled_from((MINUTE, timedelta(days=1), timedelta(days=100))))
        made.append(decided(kind, version, at, **fields))
    return made


def canonical(told: Told) -> dict[str, Any]:
    return canonical_case(to_avro(told.now))


def undisturbed(said: Sequence[Input]) -> Told:
    told = Told(*said)
    told.until(END)
    return told


@settings(max_examples=40, deadline=None)
@given(findings(), decisions(), st.data())
def test_a_case_is_a_function_of_its_findings_and_decisions(
    said: list[Input], made: list[Decided], data: st.DataObject
) -> None:
    """Findings keep their order, for one producer writes them; decisions come in any order, anywhere among them."""
    expected = undisturbed([*said, *made])
    waiting, queue, told = list(said), list(data.draw(st.permutations(made))), Told()
    while waiting or queue:
        source: list[Any] = waiting if waiting and (not queue or data.draw(st.booleans())) else queue
        one = source.pop(0)
        told.tell(one)
        match data.draw(st.integers(0, 5)):
            case 0:
                told.tell(one)
            case 1:
                _wake(told)
    told.until(END)
    assert canonical(told) == canonical(expected)
    assert told.now.openings == expected.now.openings


def _wake(told: Told) -> None:
    """A deadline is believed before everything that was to come has come."""
    wake = told.steps[-1].wake_us
    if wake is not None and wake <= micros(END):
        told.tell(Reached(wake))


@settings(max_examples=25, deadline=None)
@given(findings(), decisions())
def test_alerts_alternate_and_are_numbered(said: list[Input], made: list[Decided]) -> None:
    told = undisturbed(sorted([*said, *made], key=_at))
    alerts = [step.alert for step in told.steps if step.alert is not None]
    assert [alert.version for alert in alerts] == list(range(1, len(alerts) + 1))
    firing = False
    for alert in alerts:
        assert (alert.transition == "OPENED") == (not firing)
        firing = alert.transition != "RESOLVED"
    assert firing == (told.now.closed_at is None)


def _at(given: Input) -> int:
    return given.at_us


@settings(max_examples=25, deadline=None)
@given(findings(), decisions())
def test_a_billing_case_is_open_while_its_mismatch_stands(said: list[Input], made: list[Decided]) -> None:
    """R239."""
    told = Told()
    for one in sorted([*said, *made], key=_at):
        told.tell(one)
        if isinstance(one, Found) and one.finding.rule_id != "billing.handoff":
            return
        if told.case is not None and told.now.standing:
            assert told.now.closed_at is None
