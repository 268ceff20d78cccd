"""Signatures of webhook bodies: receivers check who sent them, and that they are not sent again by somebody else."""

from __future__ import annotations

import hashlib
import hmac

SIGNATURE_HEADER = "Ordertruth-Signature"
DELIVERY_HEADER = "Ordertruth-Delivery"
TOLERANCE_S = 300


def signature(secret: bytes, body: bytes, timestamp: int) -> str:
    """HMAC-SHA256 over time and body: `t=<Unix seconds>,v1=<64 hex digits>`."""
    digest = hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def is_genuine(secret: bytes, body: bytes, header: str, now: int, tolerance_s: int = TOLERANCE_S) -> bool:
    """What a receiver asks of the header: right for this body, and not older or newer than it tolerates."""
    found = dict(part.partition("=")[::2] for part in header.split(","))
    timestamp = found.get("t", "")
    if not timestamp.isascii() or not timestamp.isdigit() or abs(now - int(timestamp)) > tolerance_s:
        return False
    return hmac.compare_digest(header.encode(), signature(secret, body, int(timestamp)).encode())
