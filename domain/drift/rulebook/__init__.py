"""Every drift rule with its parameters, by what it is about: the rules as data (R231-R279)."""

from __future__ import annotations

from domain.drift.rulebook.catalog import CATALOG
from domain.drift.rulebook.commitment import COMMITMENT
from domain.drift.rulebook.delivery import DELIVERY
from domain.drift.rulebook.financial import FINANCIAL
from domain.drift.rulebook.installed import INSTALLED
from domain.drift.rulebook.referential import REFERENTIAL
from domain.drift.rulebook.wire import WIRE
from domain.drift.rules import RuleSet

RULES = RuleSet((*REFERENTIAL, *DELIVERY, *COMMITMENT, *FINANCIAL, *INSTALLED, *CATALOG, *WIRE))
"""The rules as they are delivered; settings make others of them (`RuleSet.changed`)."""

__all__ = ["RULES"]
