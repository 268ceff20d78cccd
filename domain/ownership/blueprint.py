"""The domain objects with their snapshot rule, and the capabilities with what CPQ and OMS are to them (R504, R514)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Snapshot(StrEnum):
    """What is kept of an object by whoever commits on it."""

    YES = "a copy as it was"
    WITH_EXPIRY = "a copy as it was, and until when it may be relied on"
    WITH_VERSION = "a reference with its version"
    WITH_EVIDENCE = "a reference, and evidence"
    WITH_ACTION = "a reference, and a copy of what is done to it"
    HISTORY = "every state it was in"
    REFERENCE = "a reference"


@dataclass(frozen=True, slots=True)
class DomainObject:
    """An object of the domain, its owner, who else reads it, what they keep of it, and why."""

    name: str
    owner: str
    consumers: tuple[str, ...]
    snapshot: Snapshot
    why: str


_YES, _REFERENCE = Snapshot.YES, Snapshot.REFERENCE

OBJECTS: tuple[DomainObject, ...] = (
    DomainObject("product specification", "catalog", ("cpq", "oms", "provisioning"), Snapshot.WITH_VERSION, "meaning"),
    DomainObject("product offering", "catalog", ("cpq", "oms", "online-shop"), _YES, "its terms change after the sale"),
    DomainObject("configuration", "cpq", ("oms",), _YES, "proves what was chosen"),
    DomainObject("eligibility decision", "cpq", ("oms",), _YES, "proves why it could be sold"),
    DomainObject("qualification", "cpq", ("oms",), Snapshot.WITH_EXPIRY, "rests on outside data of its day"),
    DomainObject("price calculation", "cpq", ("billing",), _YES, "the promise is this very price"),
    DomainObject("promotion decision", "cpq", ("billing",), _YES, "promotions come and go"),
    DomainObject("quote", "cpq", ("crm", "oms"), _YES, "the commitment itself"),
    DomainObject("approval decision", "cpq", ("evidence",), _YES, "defends the exception"),
    DomainObject("proposal document", "cpq", ("clm", "evidence"), _YES, "what the customer saw"),
    DomainObject("product order", "oms", ("fulfillment", "billing", "agent-desktop"), _YES, "what was to be executed"),
    DomainObject("fulfillment task", "fulfillment", ("agent-desktop",), Snapshot.HISTORY, "recovery and deadlines"),
    DomainObject("contract", "clm", ("billing", "cpq", "agent-desktop"), Snapshot.WITH_EVIDENCE, "law lies there"),
    DomainObject("subscription", "billing", ("cpq", "inventory"), _REFERENCE, "billing executes charges"),
    DomainObject("installed product", "inventory", ("cpq", "oms"), Snapshot.WITH_ACTION, "amendments start from it"),
    DomainObject("invoice", "billing", ("erp", "agent-desktop"), _REFERENCE, "the financial record"),
)
"""The sixteen objects of the blueprint (R504)."""


@dataclass(frozen=True, slots=True)
class Capability:
    """Something the enterprise can do, who owns it, and what CPQ and OMS are to it (R514)."""

    name: str
    owner: str
    cpq: str
    oms: str


CAPABILITIES: tuple[Capability, ...] = (
    Capability("customer profile", "crm", "reads and snapshots", "reads"),
    Capability("account hierarchy", "crm", "decides eligibility by it", "reads as context"),
    Capability("product offering", "catalog", "reads a version", "reads a version"),
    Capability("product configuration", "cpq", "owns", "keeps what was frozen"),
    Capability("price calculation", "cpq", "owns", "keeps as evidence"),
    Capability("quote lifecycle", "cpq", "owns", "reads what was accepted"),
    Capability("approval decision", "cpq", "owns", "reads a reference"),
    Capability("order lifecycle", "oms", "sends the conversion", "owns"),
    Capability("order decomposition", "oms", "none", "owns"),
    Capability("fulfillment task", "fulfillment", "none", "reads the state"),
    Capability("resource availability", "inventory", "asks", "asks for reservations"),
    Capability("activation result", "provisioning", "none", "reads, and decides what it means for the order"),
    Capability("charge and invoice", "billing", "hands over price evidence", "hands over activations"),
    Capability("accounting", "erp", "none", "none"),
    Capability("agreement", "clm", "drafts and refers", "validates and refers"),
    Capability("audit evidence", "evidence", "writes", "writes"),
)
"""The sixteen capabilities (R514)."""
