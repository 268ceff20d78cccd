"""The catalog: a publication a month, taken over by its consumers, and what is no longer sold."""

from __future__ import annotations

from datetime import datetime, timedelta

from compose.simulate.clock import Process
from compose.simulate.faults.catalogue import PUBLICATION_FAULT
from compose.simulate.offers import BUNDLES, MARKETS, OFFERS, SUCCESSOR, Market, offering_id, on_sale, price_book
from compose.simulate.people import CATALOG, POLICY_APPROVER, person
from compose.simulate.voice import Scene, Voice
from domain.catalog_publication import commands as c
from domain.catalog_publication.states import ChangeType, required_sign_offs
from domain.catalog_publication.structure import Approval, Offering, PriceChange, SignOff
from domain.governance_record.commands import ChangePolicy
from domain.governance_record.policies import POLICY_CHECKS, PolicyKind
from domain.pricing.price_book import PriceBook

EVERY = timedelta(days=30)
CONSUMERS = ("cpq", "oms", "billing", "inventory")
AHEAD = timedelta(hours=1)
"""How long before it takes effect a publication is released."""
_CHANGES = (ChangeType.OFFERING, ChangeType.PRICE_BOOK)


class Catalog:
    """Which publication is in force when; publication 1 takes effect at the beginning."""

    def __init__(self, scene: Scene, beginning: datetime) -> None:
        self._scene = scene
        self._beginning = beginning

    def number_at(self, moment: datetime) -> int:
        """Number of the publication in force."""
        return max(0, (moment - self._beginning) // EVERY) + 1

    def publication_id(self, number: int) -> str:
        """Identity of a publication."""
        return f"{self._scene.tenant}:publication-{number}"

    def effective_from(self, number: int) -> datetime:
        """When a publication takes effect."""
        return self._beginning + (number - 1) * EVERY

    def book(self, number: int, market: Market) -> PriceBook:
        """The prices of a publication in a market."""
        effective = self.effective_from(number)
        return price_book(self._scene.tenant, number, self.publication_id(number), effective, market)

    def publish(self, number: int) -> Process:
        """Everything about one publication."""
        voice = Voice(self._scene, "publication", number)
        self._release(voice, number)
        overlooked_by = CONSUMERS[number % len(CONSUMERS)] if voice.scene.faults.overlooked(number) else None
        for consumer in CONSUMERS:
            yield voice.chance.minutes(2, 12)
            if consumer == overlooked_by:
                voice.made(PUBLICATION_FAULT, self.publication_id(number))
            else:
                actor = person(f"{consumer}-service", "catalog-consumer", consumer)
                identity = self.publication_id(number)
                voice.send(c.RecordCatalogConsumption, actor, identity, consumer=consumer, consumed_at=voice.now)
        gone = [b.root for b in BUNDLES if b.until_publication == number - 1]
        for code in gone:
            yield self.effective_from(number) - voice.now
            voice.send(
                c.RetireOffering,
                CATALOG,
                self.publication_id(number - 1),
                offering_id=offering_id(voice.tenant, code),
                effective_from=voice.now,
                replacement_offering_id=offering_id(voice.tenant, SUCCESSOR),
                reason_code="END_OF_SALE",
            )

    def _release(self, voice: Voice, number: int) -> None:
        effective = max(self.effective_from(number), voice.now)
        signed = voice.now - timedelta(hours=6)
        approver = "catalog-board-1"
        voice.send(
            ChangePolicy,
            POLICY_APPROVER,
            f"{voice.tenant}:policy-prices-{number}",
            policy_id="price-book",
            kind=PolicyKind.PRICE_BOOK,
            from_version=f"{number - 1}.0" if number > 1 else None,
            to_version=f"{number}.0",
            effective_from=effective,
            author_id="pricing-author-1",
            checks=tuple(sorted(POLICY_CHECKS[PolicyKind.PRICE_BOOK])),
            reason_code="NEW_PRICE_BOOK",
        )
        voice.send(
            c.PublishCatalog,
            CATALOG,
            self.publication_id(number),
            catalog_id=f"{voice.tenant}:business",
            publication_number=number,
            effective_from=effective,
            scope="worldwide",
            supersedes_publication_id=self.publication_id(number - 1) if number > 1 else None,
            offerings=tuple(
                Offering(
                    offering_id=offering_id(voice.tenant, code),
                    name=OFFERS[code].name,
                    specification_id=f"{voice.tenant}:specification-{code}",
                    price_list_ref=f"list-{number}",
                    effective_from=effective,
                )
                for code in sorted(on_sale(number))
            ),
            declared_consumers=CONSUMERS,
            change_types=_CHANGES,
            price_changes=tuple(
                PriceChange(
                    price_list_ref=f"list-{number}",
                    currency=market.currency,
                    scope=market.country,
                    effective_from=effective,
                    simulation_ref=f"price-run-{number}",
                    impacted_quotes=0,
                    impacted_promotions=1,
                    rollback_ref=f"rollback-{number}",
                )
                for market in MARKETS
            ),
            author_id="product-author-1",
            approval=Approval(approver_id=approver, approved_at=signed, evidence_ref=f"minutes-{number}"),
            sign_offs=tuple(
                SignOff(kind=kind, signer_id=f"signer-{kind.lower()}", signed_at=signed, evidence_ref=f"doc-{number}")
                for kind in sorted(required_sign_offs(_CHANGES))
            ),
        )
