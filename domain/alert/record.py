"""The record published on `ops.alerts.v1`: one thing people are to be told, by a key that stays the same."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from domain.case.states import Severity
from domain.derivation import Derivation
from domain.model import Classification, Doc, Model
from domain.money import Money

OWNER = "ordertruth"
AGGREGATE = "Alert"

_SAID = Classification.CONFIDENTIAL


class Transition(StrEnum):
    """What happened to what an alert is about."""

    OPENED = "OPENED"
    UPDATED = "UPDATED"
    RESOLVED = "RESOLVED"


class Alert(Model):
    """The newest there is to tell; each change has its own `version`."""

    dedup_key: Annotated[str, Doc("Identity: the case; receivers recognise repetitions and changes by it.")]
    version: Annotated[int, Doc("Number of this change, from 1: every (key, version) is told once.")]
    transition: Annotated[Transition, Doc("What happened.")]
    group_key: Annotated[str, Doc("Alerts of one probable cause have the same: they are told together.")]
    cause: Annotated[str, Doc("That cause.")]
    case_id: Annotated[str, Doc("Case it is about.")]
    rule_id: Annotated[str, Doc("Rule of the case.")]
    verdict: Annotated[str | None, Doc("Verdict of the billing row.")] = None
    severity: Annotated[Severity, Doc("How urgent it is.")]
    owner: Annotated[str, Doc("System whose correction ends it.")]
    team: Annotated[str, Doc("Who must act.")]
    assignee_id: Annotated[str | None, Doc("Who took it on; null when nobody has.", _SAID)] = None
    title: Annotated[str, Doc("In a few words.", _SAID)]
    message: Annotated[str, Doc("What, how much money, since when, who must act.", _SAID)]
    money_at_risk: Annotated[Money | None, Doc("What is at stake.", _SAID)] = None
    since: Annotated[datetime, Doc("Since when it is so.")]
    sla_due: Annotated[datetime, Doc("When it has to be over.")]
    link: Annotated[str, Doc("Where the case is, below the address of the console.")]
    evidence: Annotated[tuple[str, ...], Doc("Both sides, and the owners' events that show it.", _SAID)]
    occurred_at: Annotated[datetime, Doc("When it happened.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
