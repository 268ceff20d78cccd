"""`ordertruth cases assign | propose | resolve | ...`: decisions, in the name of whoever a token is for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compose.cli.asking import as_bearer, ask, told_of, wished
from compose.cli.output import JsonCommand, JsonTarget, require_writable, write_json

if TYPE_CHECKING:
    from console.deciding import Decision
    from console.service import Service

CaseId = Annotated[str, typer.Argument(metavar="ID", help="Id of the case.")]
Reason = Annotated[str | None, typer.Option(help="Why, in a stable code.", show_default=False)]
NeededReason = Annotated[str, typer.Option("--reason", help="Why, in a stable code.")]
Note = Annotated[str | None, typer.Option(help="What there is to say.", show_default=False)]
Justification = Annotated[str, typer.Option(help="Why, in words.")]
Evidence = Annotated[str | None, typer.Option(help="What supports it.", show_default=False)]
Seen = Annotated[
    int | None,
    typer.Option(
        "--case-version", help="Version of the case that was looked at; default: as it is.", show_default=False
    ),
]
CommandId = Annotated[
    str | None, typer.Option(help="The same one again is the same decision again.", show_default=False)
]


def add_decisions(group: typer.Typer) -> None:
    """Add the decisions to the commands about cases."""
    for command in (assign, propose, resolve, request_waiver, waive, reopen, escalate):
        group.command(command.__name__.replace("_", "-"), cls=JsonCommand)(command)


def assign(
    case: CaseId,
    to: Annotated[str, typer.Option(help="Who is to see to it.")],
    note: Note = None,
    reason: Reason = None,
    case_version: Seen = None,
    command_id: CommandId = None,
    json: JsonTarget = None,
) -> None:
    """Give a case to somebody: the first decision about any case."""
    from console.deciding import Assignment

    told = {"assignee": to, "note": note, "reason_code": reason}
    _decide(case, Assignment, told, case_version, command_id, json)


def propose(
    case: CaseId,
    kind: Annotated[str, typer.Option(help="How, such as OPERATIONAL_CORRECTION or FINANCIAL_ADJUSTMENT.")],
    justification: Justification,
    reason: NeededReason,
    correction_event: Annotated[
        str | None, typer.Option(help="Event of the owner that corrects it.", show_default=False)
    ] = None,
    evidence: Evidence = None,
    case_version: Seen = None,
    command_id: CommandId = None,
    json: JsonTarget = None,
) -> None:
    """Say how the mismatch was done away with, for somebody else to agree."""
    from console.deciding import Proposal

    told = {"kind": kind, "justification": justification, "reason_code": reason, "evidence_ref": evidence}
    _decide(case, Proposal, {**told, "correction_event_id": correction_event}, case_version, command_id, json)


def resolve(
    case: CaseId,
    note: Note = None,
    reason: Reason = None,
    case_version: Seen = None,
    command_id: CommandId = None,
    json: JsonTarget = None,
) -> None:
    """Agree to what somebody else proposed."""
    from console.deciding import Resolution

    _decide(case, Resolution, {"note": note, "reason_code": reason}, case_version, command_id, json)


def request_waiver(
    case: CaseId,
    until: Annotated[str, typer.Option(metavar="TIME", help="Until when, such as 2026-12-31 or with a time; UTC.")],
    justification: Justification,
    reason: NeededReason,
    evidence: Evidence = None,
    case_version: Seen = None,
    command_id: CommandId = None,
    json: JsonTarget = None,
) -> None:
    """Ask that the mismatch is put up with until a day."""
    from console.deciding import WaiverRequest

    told = {"valid_until": _moment(until), "justification": justification, "reason_code": reason}
    _decide(case, WaiverRequest, {**told, "evidence_ref": evidence}, case_version, command_id, json)


def waive(
    case: CaseId,
    reason: NeededReason,
    note: Note = None,
    case_version: Seen = None,
    command_id: CommandId = None,
    json: JsonTarget = None,
) -> None:
    """Allow what somebody else asked for; of a billing case, billing is asked to have the reason approved."""
    from console.deciding import Waiver

    _decide(case, Waiver, {"note": note, "reason_code": reason}, case_version, command_id, json)


def reopen(
    case: CaseId,
    reason: NeededReason,
    note: Note = None,
    case_version: Seen = None,
    command_id: CommandId = None,
    json: JsonTarget = None,
) -> None:
    """Take a closing back, or turn down what was proposed or asked for."""
    from console.deciding import Reopening

    _decide(case, Reopening, {"note": note, "reason_code": reason}, case_version, command_id, json)


def escalate(
    case: CaseId,
    to: Annotated[str, typer.Option(help="Role that is asked, such as reconciliation-supervisor.")],
    reason: NeededReason,
    note: Note = None,
    case_version: Seen = None,
    command_id: CommandId = None,
    json: JsonTarget = None,
) -> None:
    """Bring a case to somebody with more authority."""
    from console.deciding import Escalation

    told = {"to_role": to, "note": note, "reason_code": reason}
    _decide(case, Escalation, told, case_version, command_id, json)


def _decide(
    case: str, kind: type[Decision], told: dict[str, Any], seen: int | None, command_id: str | None, json: str | None
) -> None:
    """Take a decision as the API does, about the case as it was looked at."""
    from console.deciding import decide
    from console.reading import read_one
    from console.views import CASES

    require_writable(json)
    token = _token()
    # what is wrong with the options is said before anything is asked
    given = wished(kind, **told, case_version=seen or 1, command_id=command_id)

    async def question(service: Service) -> dict[str, Any]:
        asked = await as_bearer(service, token)
        decision = given
        if seen is None:
            shown = await read_one(service.model, CASES, asked.reader, case)
            decision = given.model_copy(update={"case_version": shown.cells["version"]})
        return await told_of(decide(asked, case, decision))

    taken = ask(CASES, question)
    if json is not None:
        write_json(taken, json)
        return
    data = taken["data"]
    how = "was taken before" if data["outcome"] == "REPLAYED" else "is taken"
    typer.echo(f"{given.event.__name__} about case {data['caseId']} {how}: decision {data['decisionVersion']}.")
    typer.echo("The case shows it once it has come through the log.")


def _token() -> str:
    from compose.settings import load_settings
    from domain.errors import ConfigurationError

    token = load_settings().console.token
    if token is None:
        message = "A decision is somebody's, and nobody is named."
        remediation = "Set ORDERTRUTH_CONSOLE__TOKEN to a token with a role (`ordertruth tokens create --role`)."
        raise ConfigurationError(message, remediation=remediation)
    return token.get_secret_value()


def _moment(text: str) -> datetime:
    from domain.errors import ConfigurationError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"--until: {text!r} is no time."
        raise ConfigurationError(message, remediation="Give a day such as 2026-12-31, or a time in ISO 8601.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
