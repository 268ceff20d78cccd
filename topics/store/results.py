"""Results of commands as JSON, so that a command sent again is answered from memory (R310)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from domain.command import CommandOutcome, CommandResult
from domain.errors import Refusal, Severity


def to_plain(result: CommandResult) -> dict[str, Any]:
    """A result as JSON values."""
    refusal = result.refusal
    return {
        "outcome": result.outcome.value,
        "aggregateId": result.aggregate_id,
        "version": result.version,
        "eventIds": list(result.event_ids),
        "refusal": None
        if refusal is None
        else {
            "code": refusal.code,
            "message": refusal.message,
            "remediation": refusal.remediation,
            "stage": refusal.stage,
            "severity": refusal.severity.value,
            "correlationId": refusal.correlation_id,
        },
    }


def from_plain(plain: dict[str, Any]) -> CommandResult:
    """The inverse of `to_plain`."""
    told = plain["refusal"]
    refusal = told and Refusal(
        told["code"],
        told["message"],
        remediation=told["remediation"],
        stage=told["stage"],
        severity=Severity(told["severity"]),
        correlation_id=told["correlationId"],
    )
    return CommandResult(
        outcome=CommandOutcome(plain["outcome"]),
        aggregate_id=plain["aggregateId"],
        version=plain["version"],
        event_ids=tuple(plain["eventIds"]),
        refusal=refusal,
    )


def from_memory(result: CommandResult) -> CommandResult:
    """The answer to a command that comes again: what it did is REPLAYED, and a refusal stays a refusal."""
    return result if result.refusal else replace(result, outcome=CommandOutcome.REPLAYED)
