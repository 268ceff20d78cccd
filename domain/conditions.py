"""Conditions that the machines of several aggregates name; each refuses with its reason, or lets pass (R154)."""

from __future__ import annotations

from datetime import datetime

from domain.command import Command
from domain.envelope import tenant_of
from domain.errors import Refusal


def has_reason(_: object, command: Command) -> None:
    """A decision somebody must answer for says why (R102, R503)."""
    if not command.reason_code:
        message = f"{command.name} on {command.aggregate_id} gives no reason."
        raise Refusal("STRUCTURAL_REASON_MISSING", message, remediation="Send a reasonCode.")


def same_tenant(command: Command, **ids: str | None) -> None:
    """What a command names belongs to the tenant it is sent in (R511); `ids` by the names people know them by."""
    for name, identifier in ids.items():
        if identifier is None:
            continue
        try:
            tenant = tenant_of(identifier)
        except ValueError:
            message = f"{name} {identifier!r} of {command.aggregate_id} names no tenant."
            raise Refusal("STRUCTURAL_ID", message, remediation="Write it as <tenantId>:<id>.") from None
        if tenant != command.tenant_id:
            message = f"{name} {identifier} belongs to tenant {tenant}, {command.aggregate_id} to {command.tenant_id}."
            raise Refusal("AUTHORIZATION_TENANT", message, remediation="Name one of the same tenant.")


def not_ahead(command: Command, name: str, moment: datetime | None, now: datetime) -> None:
    """What is said to have happened has happened by now."""
    if moment is not None and moment > now:
        message = f"{name} of {command.aggregate_id} is {moment.isoformat()}, and it is {now.isoformat()} only."
        raise Refusal("STRUCTURAL_TIME_AHEAD", message, remediation="Send it when it has happened.")


def still_ahead(command: Command, name: str, moment: datetime, now: datetime) -> None:
    """What is to end or begin later does so later than now."""
    if moment <= now:
        message = f"{name} of {command.aggregate_id} is {moment.isoformat()}, and it is {now.isoformat()} already."
        raise Refusal("STRUCTURAL_TIME_PAST", message, remediation="Name a later time.")
