"""What was told last, so that nothing is told twice."""

from __future__ import annotations

from typing import NamedTuple


class Told(NamedTuple):
    """The newest alert of a key: its number, whether it calls for somebody, and what it was about."""

    version: int = 0
    firing: bool = False
    about: str = ""


NOTHING_TOLD = Told()
