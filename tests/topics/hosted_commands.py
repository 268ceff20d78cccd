"""Commands on every hosted aggregate: what seeded walks through its state machine send and get accepted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any, NamedTuple

from domain.command import Command
from domain.errors import Refusal
from tests.domain import (
    test_account,
    test_approval_case,
    test_asset,
    test_billing_handoff,
    test_case_decision,
    test_catalog_publication,
    test_charge,
    test_consumer_checkpoint,
    test_evidence_package,
    test_fallout_case,
    test_fulfillment_plan,
    test_governance_record,
    test_machine_walk,
    test_non_billing_reason,
    test_payment_authorization,
    test_price_calculation,
    test_provisioning_request,
    test_quote_machine,
    test_reservation,
)
from tests.domain.machine_walk import NOW, Subject, next_name, outcome
from topics.store.hosting import HOSTED, HostedAggregate

_TESTS = (
    test_account,
    test_approval_case,
    test_asset,
    test_billing_handoff,
    test_case_decision,
    test_catalog_publication,
    test_charge,
    test_consumer_checkpoint,
    test_evidence_package,
    test_fallout_case,
    test_fulfillment_plan,
    test_governance_record,
    test_machine_walk,
    test_non_billing_reason,
    test_payment_authorization,
    test_price_calculation,
    test_provisioning_request,
    test_quote_machine,
    test_reservation,
)
_SUBJECTS = {test.SUBJECT.machine.commands: test.SUBJECT for test in _TESTS}
SUBJECTS: Mapping[str, Subject] = {hosted.name: _SUBJECTS[hosted.commands] for hosted in HOSTED}

SEEDS = 50
"""How many walks are tried until one gets somewhere."""

Sent = tuple[Command, datetime]


class Tried(NamedTuple):
    """A command of a walk, and the code it is refused with; None when it is accepted."""

    sent: Sent
    refused: str | None


def trials(hosted: HostedAggregate, tenant: str, seed: int, steps: int, *, sensibly: bool) -> list[Tried]:
    """A walk of so many commands, allowed ones where it goes `sensibly` and any every other time where not.

    A tenant has one aggregate of each kind: what it claims may be claimed once.
    """
    subject, random = SUBJECTS[hosted.name], Random(f"{hosted.name}/{seed}")
    aggregate: Any = None
    at = NOW
    tried: list[Tried] = []
    for step in range(steps):
        name = next_name(subject, aggregate, random.choice)
        if not sensibly and aggregate is not None and step % 2:
            name = random.choice(sorted(subject.machine.rows))
        kind = subject.machine.rows[name].command
        command = subject.sample(aggregate, kind, f"{hosted.name}/{seed}/{step}", random.choice)
        sent = of_tenant(command, tenant), at
        events = outcome(subject, aggregate, command, at)
        if isinstance(events, Refusal):
            tried.append(Tried(sent, events.code))
            continue
        for event in events:
            aggregate = hosted.aggregate.evolve(aggregate, event)
        tried.append(Tried(sent, None))
        at += subject.pace
    return tried


def life(hosted: HostedAggregate, tenant: str, seed: int = 1, steps: int = 20) -> list[Sent]:
    """The commands that are accepted on a walk; at least two."""
    for further in range(SEEDS):
        tried = trials(hosted, tenant, seed + further * 1_000_003, steps, sensibly=True)
        accepted = [sent for sent, refused in tried if refused is None]
        if len(accepted) > 1:
            return accepted
    message = f"no walk from seed {seed} on begins a {hosted.name} and goes on with it"
    raise AssertionError(message)


def of_tenant(command: Command, tenant: str) -> Command:
    """The same command on the aggregate of another tenant."""
    return type(command).model_validate_json(command.model_dump_json().replace('"acme:', f'"{tenant}:'))
