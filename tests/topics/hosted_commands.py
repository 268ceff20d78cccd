"""Commands on every hosted aggregate: what seeded walks through its state machine send and get accepted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

from domain.command import Command
from domain.errors import Refusal
from tests.domain import (
    test_account,
    test_approval_case,
    test_asset,
    test_billing_handoff,
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

Sent = tuple[Command, datetime]


def life(hosted: HostedAggregate, tenant: str, seed: int = 1, steps: int = 20) -> list[Sent]:
    """The commands that are accepted on a walk; there is at least one.

    A tenant has one aggregate of each kind: what it claims may be claimed once.
    """
    subject, random = SUBJECTS[hosted.name], Random(f"{hosted.name}/{seed}")
    aggregate: Any = None
    sent: list[Sent] = []
    for step in range(steps):
        kind = subject.machine.rows[next_name(subject, aggregate, random.choice)].command
        command = subject.sample(aggregate, kind, f"{hosted.name}/{seed}/{step}", random.choice)
        at = NOW + len(sent) * subject.pace
        events = outcome(subject, aggregate, command, at)
        if isinstance(events, Refusal):
            continue
        for event in events:
            aggregate = hosted.aggregate.evolve(aggregate, event)
        sent.append((of_tenant(command, tenant), at))
    assert sent, f"no walk of seed {seed} begins a {hosted.name}"
    return sent


def of_tenant(command: Command, tenant: str) -> Command:
    """The same command on the aggregate of another tenant."""
    return type(command).model_validate_json(command.model_dump_json().replace('"acme:', f'"{tenant}:'))
