"""The shares in which what concerns an account is kept, so that no account is too large (ADR 0058)."""

from __future__ import annotations

import hashlib

SHARES = 256
"""Most shares an account has. With 100,000 orders a share has some thousand things; a usual account has about as many
shares as things."""


def share_of(aggregate_id: str) -> str:
    """The share a thing belongs to; the same in every process."""
    return str(int.from_bytes(hashlib.blake2b(aggregate_id.encode(), digest_size=2).digest()) % SHARES)
