"""Customers and their accounts, from the first talk to the last invoice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from compose.simulate.chance import Chance
from compose.simulate.lines import Installation
from compose.simulate.offers import MARKETS, Market
from compose.simulate.people import CRM, STEWARD, seller
from compose.simulate.voice import Voice
from domain.account import commands as c
from domain.account.states import Segment
from domain.account.structure import AccountContact, AccountProfile, PostalAddress
from domain.command import Actor
from domain.product_order.structure import Parties
from domain.quote.structure import CustomerSnapshot, QuoteTerms

_SEGMENTS = {
    Segment.SMALL_BUSINESS: 45.0,
    Segment.ENTERPRISE: 25.0,
    Segment.CONSUMER: 20.0,
    Segment.PUBLIC_SECTOR: 8.0,
    Segment.WHOLESALE: 2.0,
}
_CITIES = ("Northfield", "Eastbrook", "Southport", "Westhaven", "Middleton")


@dataclass(slots=True)
class Customer:
    """A customer as sellers know them: where they are, who looks after them, and what they have installed."""

    number: int
    market: Market
    account_id: str
    seller: Actor
    profile: AccountProfile
    regulated: bool
    closed: bool = False
    installations: list[Installation] = field(default_factory=list)

    @property
    def buyer(self) -> Actor:
        """The person who says yes."""
        return Actor(actor_id=f"customer-{self.number}", role="customer", system="cpq", channel="portal")

    def terms(self, valid_until: Any, promotions: tuple[str, ...] = ()) -> QuoteTerms:
        """What holds for a quote of this customer."""
        profile = self.profile
        return QuoteTerms(
            parties=Parties(
                customer_id=profile.customer_id,
                account_id=self.account_id,
                billing_account_id=self.account_id,
                bill_to_id=profile.customer_id,
                ship_to_id=profile.customer_id,
            ),
            customer=CustomerSnapshot(
                customer_id=profile.customer_id,
                account_id=self.account_id,
                display_name=profile.display_name,
                segment=profile.segment,
                channel=profile.channel,
                sales_owner_ref=profile.sales_owner_ref,
                billing_account_id=self.account_id,
                eligibility_attributes=dict(profile.eligibility),
            ),
            currency=self.market.currency,
            term_months=36,
            region=self.market.region,
            promotion_ids=promotions,
            price_list_ref=f"book-{self.market.currency}",
            sales_rep_ref=self.seller.actor_id,
            valid_until=valid_until,
        )


def meet(tenant: str, number: int, seed: int) -> Customer:
    """A customer, by chance."""
    chance = Chance(seed, "customer", number)
    market = chance.one({market: market.weight for market in MARKETS})
    account_id = f"{tenant}:account-{number:06}"
    who = seller(number)
    profile = AccountProfile(
        customer_id=f"{tenant}:customer-{number:06}",
        display_name=f"Example {number} Ltd",
        segment=chance.one(_SEGMENTS),
        channel="direct",
        sales_owner_ref=who.actor_id,
        billing_account_id=account_id,
        eligibility={"credit": chance.one({"A": 70, "B": 30})},
        address=address(chance, market),
        legal_identity_hash=f"{number:064x}",
    )
    return Customer(number, market, account_id, who, profile, regulated=chance.happens(6))


def address(chance: Chance, market: Market) -> PostalAddress:
    """Some address of a market."""
    return PostalAddress(
        street=f"Example Road {chance.whole(1, 200)}",
        postal_code=f"{chance.whole(10_000, 99_999)}",
        city=chance.one(dict.fromkeys(_CITIES, 1)),
        country=market.country,
    )


def open_account(voice: Voice, customer: Customer) -> None:
    """The account is opened before anything is offered."""
    voice.send(c.CreateAccount, CRM, customer.account_id, profile=customer.profile, regulated=customer.regulated)


def keep_account(voice: Voice, customer: Customer, time_number: int) -> None:
    """Something about the customer changes; every time something else."""
    kind = voice.chance.one({"address": 40, "contact": 30, "sales": 15, "class": 15})
    account = customer.account_id
    match kind:
        case "address":
            voice.send(c.ChangeAccountAddress, CRM, account, address=address(voice.chance, customer.market))
        case "contact":
            name = f"Contact {voice.chance.whole(1, 10_000_000)}"
            voice.send(c.ChangeAccountContact, CRM, account, contact=AccountContact(name=name))
        case "sales":
            other = seller(customer.number + time_number).actor_id
            voice.send(c.AssignAccountToSales, CRM, account, sales_owner_ref=other, channel="partner")
        case _:
            eligibility = {"credit": "A", "reviewed": str(time_number)}
            classified = {"segment": customer.profile.segment, "regulated": customer.regulated}
            classified |= {"eligibility": eligibility, "reason_code": "YEARLY_REVIEW"}
            voice.send(c.ReclassifyAccount, STEWARD, account, **classified)


def merge_duplicate(voice: Voice, customer: Customer) -> Any:
    """The customer was entered twice: the second account, never used, ends in the first (R501)."""
    twin = f"{customer.account_id}-twin"
    profile = customer.profile.model_copy(update={"billing_account_id": twin})
    voice.send(c.CreateAccount, CRM, twin, profile=profile, regulated=customer.regulated)
    yield voice.chance.minutes(600, 6_000)
    if customer.closed:
        return
    version = _absorbed(voice, twin, customer.account_id)
    yield voice.chance.minutes(1, 10)
    _merged(voice, twin, customer.account_id, version)


def merge_away(voice: Voice, customer: Customer) -> None:
    """The account ends in another one while matters of it are open; nobody opens further ones."""
    survivor = f"{customer.account_id}-successor"
    profile = customer.profile.model_copy(update={"billing_account_id": survivor})
    voice.send(c.CreateAccount, CRM, survivor, profile=profile, regulated=customer.regulated)
    _merged(voice, customer.account_id, survivor, _absorbed(voice, customer.account_id, survivor))
    customer.closed = True


def _absorbed(voice: Voice, duplicate: str, survivor: str) -> int:
    """The survivor's record of the merge comes first; its version."""
    reason = {"reason_code": "DUPLICATE"}
    told = voice.send(c.AbsorbDuplicateAccount, STEWARD, survivor, duplicate_account_id=duplicate, **reason)
    return told.version


def _merged(voice: Voice, duplicate: str, survivor: str, version: int) -> None:
    ended = {"surviving_account_id": survivor, "surviving_account_version": version}
    why = {"evidence_ref": "duplicate-check-1", "reason_code": "DUPLICATE"}
    voice.send(c.MergeAccount, STEWARD, duplicate, **ended, **why)


def lose_prospect(voice: Voice, customer: Customer) -> Any:
    """Somebody who asked for an account and never for an offer."""
    prospect = f"{customer.account_id}-prospect"
    profile = customer.profile.model_copy(update={"billing_account_id": prospect, "legal_identity_hash": None})
    voice.send(c.CreateAccount, CRM, prospect, profile=profile)
    yield voice.chance.minutes(2_000, 20_000)
    voice.send(c.CloseAccount, CRM, prospect, reason_code="NO_INTEREST")
