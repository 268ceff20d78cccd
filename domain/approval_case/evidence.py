"""What a decided case proves to whoever relies on it (R112, R128)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime

from domain.approval_case.authority import AuthorityLimit
from domain.approval_case.states import ApprovalOutcome
from domain.fingerprints import approval_fingerprint
from domain.model import Classification, Doc, Model
from domain.money import Percent


class ApprovalEvidence(Model):
    """A decision with what it was about; it covers one price of one revision and nothing else (R97)."""

    approval_case_id: Annotated[str, Doc("Case that was decided.")]
    quote_id: Annotated[str, Doc("Quote it is about.")]
    quote_version: Annotated[int, Doc("Revision it is about.")]
    price_fingerprint: Annotated[str, Doc("Price it is about.")]
    discount_percent: Annotated[Percent, Doc("Discount it is about.", Classification.CONFIDENTIAL)]
    discount_limit_percent: Annotated[
        Percent, Doc("What could have been taken off without it.", Classification.CONFIDENTIAL)
    ]
    outcome: Annotated[ApprovalOutcome, Doc("What was decided.")]
    requested_by: Annotated[str, Doc("Who asked.", Classification.CONFIDENTIAL)]
    decided_by: Annotated[str, Doc("Who decided.", Classification.CONFIDENTIAL)]
    authority_limit: Annotated[AuthorityLimit, Doc("How far their authority goes.")]
    valid_until: Annotated[datetime, AwareDatetime, Doc("Until when it may be relied on (R447).")]

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the approval (R97)."""
        return approval_fingerprint(
            quote_id=self.quote_id,
            quote_version=self.quote_version,
            price=self.price_fingerprint,
            discount_percent=self.discount_percent,
            limit_percent=self.discount_limit_percent,
            case_id=self.approval_case_id,
            decided_by=self.decided_by,
        )
