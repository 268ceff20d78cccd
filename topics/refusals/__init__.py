"""What the broker's authoriser refused, read from its log and recorded as facts of the governance ledger."""

from topics.refusals.watch import RefusalWatch

__all__ = ["RefusalWatch"]
