"""The states of an installed product."""

from __future__ import annotations

from enum import StrEnum


class AssetState(StrEnum):
    """State of an installed product, as inventory knows it."""

    ACTIVATION_FAILED = "ACTIVATION_FAILED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    TERMINATED = "TERMINATED"


TERMINAL_ASSET_STATES = frozenset({AssetState.TERMINATED})
REPAIR_ASSET_STATES = frozenset({AssetState.ACTIVATION_FAILED})
