"""Quote: commands in, events out (R1-R5, R165, R280-R293)."""

from __future__ import annotations

from typing import Any

from domain.aggregate import AggregateType
from domain.command import Claim, ClaimKind, Command
from domain.errors import Refusal
from domain.machine import Machine
from domain.machine import claims as own_claims
from domain.quote.commands import AcceptQuote
from domain.quote.commitment import COMMITMENT_GUARDS, TIMED_COMMITMENT_GUARDS
from domain.quote.events import AGGREGATE, EVENTS, OWNER, QuoteEvent
from domain.quote.guards import CREATION_GUARDS, OFFER_GUARDS, TIMED_GUARDS
from domain.quote.machine import ROWS
from domain.quote.quote import Quote, evolve
from domain.quote.reactions import REACTIONS
from domain.quote.states import REPAIR_STATES, TERMINAL_STATES, QuoteState

POLICY_VERSION = "quote.v1"


def claims(command: Command) -> tuple[Claim, ...]:
    """The keys a command must own: its idempotency key, and for an acceptance its family (R289, R310, R394).

    The first acceptance of a family claims it for its quote. A later revision of that quote claims the place after
    the revision it supersedes, so that no other quote of the family can ever be accepted beside it.
    """
    found = own_claims(command)
    if not isinstance(command, AcceptQuote):
        return found
    key = command.quote_family_id
    if command.supersedes_version is not None:
        key = f"{key}/after/{command.aggregate_id}/{command.supersedes_version}"
    message = f"Family {command.quote_family_id} has an accepted quote; {command.aggregate_id} would be another."
    conflict = Refusal(
        "CONFLICT_QUOTE_FAMILY_ACCEPTED",
        message,
        remediation="Revise the accepted quote, or copy this one into a family of its own.",
        stage="COMMERCIAL",
    )
    return (*found, Claim(ClaimKind.QUOTE_ACCEPTANCE, key, command.payload_fingerprint(), conflict))


def _identity(quote: Quote | None, command: Any) -> dict[str, Any]:
    if quote is None:
        return {
            "quote_id": command.aggregate_id,
            "quote_number": command.quote_number,
            "quote_family_id": command.quote_family_id or command.aggregate_id,
            "quote_version": 1,
            "account_id": command.terms.parties.account_id,
            "catalog_publication_id": command.catalog_publication_id,
        }
    return {
        "quote_id": quote.quote_id,
        "quote_number": quote.quote_number,
        "quote_family_id": quote.quote_family_id,
        "quote_version": quote.quote_version,
        "account_id": quote.account_id,
        "catalog_publication_id": quote.catalog_publication_id,
    }


MACHINE: Machine[Quote, QuoteEvent] = Machine(
    noun="quote",
    code="QUOTE",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=QuoteState.DRAFT,
    terminal=TERMINAL_STATES,
    repair=REPAIR_STATES,
    guards={**OFFER_GUARDS, **COMMITMENT_GUARDS},
    creation_guards=CREATION_GUARDS,
    timed_guards={**TIMED_GUARDS, **TIMED_COMMITMENT_GUARDS},
)
decide = MACHINE.decide

QUOTE: AggregateType[Quote] = AggregateType(
    name=AGGREGATE,
    owner=OWNER,
    events={event.__name__: event for event in EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
