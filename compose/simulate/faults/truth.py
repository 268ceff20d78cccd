"""Which matter suffers which fault, and what was done: the truth every finding is held against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import orjson

from avro.headers import format_time, parse_time
from compose.simulate.faults.catalogue import BY_NAME, MORE_PERCENT, PROFILES, PUBLICATION_FAULT, PUBLICATIONS_PERCENT
from domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Truth:
    """One fault that was made; `entity_id` is what a finding about it must name."""

    fault: str
    place: str
    tenant: str
    rule: str
    verdict: str | None
    entity_type: str
    entity_id: str
    at: datetime
    order_id: str | None = None
    item_id: str | None = None
    product_instance_id: str | None = None
    component_id: str | None = None
    quote_id: str | None = None

    def to_json(self) -> bytes:
        """As one line of JSON."""
        return orjson.dumps({**asdict(self), "at": format_time(self.at)})


class Faults:
    """Says for every matter, by its number, which fault it is to suffer, and keeps what was done.

    The choice depends on seed, profile and number alone. Raises `ConfigurationError` for an unknown profile.
    """

    def __init__(self, seed: int, profile: str = "none") -> None:
        rates = PROFILES.get(profile)
        if rates is None:
            message = f"There is no fault profile {profile!r}."
            raise ConfigurationError(message, remediation=f"Use one of {', '.join(PROFILES)}.")
        self.seed = seed
        self.profile = profile
        self._shares = (*rates.items(), *MORE_PERCENT.get(profile, {}).items())
        self._made: dict[tuple[str, str], Truth] = {}
        self._chosen: dict[int, str | None] = {}

    def of(self, number: int) -> str | None:
        """The fault a matter is chosen for; None for most of them, unless the profile says otherwise."""
        if not self._shares:
            return None
        if number not in self._chosen:
            self._chosen[number] = self._choose(number)
        return self._chosen[number]

    def overlooked(self, number: int) -> bool:
        """Whether a consumer overlooks a publication, by its number; the first is never overlooked."""
        chance = Random(f"{self.seed}/{PUBLICATION_FAULT}/{number}").random() * 100
        return number > 1 and chance < PUBLICATIONS_PERCENT.get(self.profile, 0.0)

    def _choose(self, number: int) -> str | None:
        random = Random(f"{self.seed}/fault/{number}")
        share = random.random() * 100
        for name, weight in self._shares:
            share -= weight
            if share < 0:
                return name
        return None

    def made(self, name: str, tenant: str, entity_id: str, at: datetime, **about: Any) -> None:
        """Keep that a fault was made; a further part of the same one adds nothing."""
        fault = BY_NAME[name]
        truth = Truth(name, fault.place, tenant, fault.rule, fault.verdict, fault.entity, entity_id, at)
        self._made.setdefault((name, entity_id), replace(truth, **about))

    def truths(self) -> tuple[Truth, ...]:
        """What was done, in the order of time."""
        return in_order(self._made.values())


def in_order(truths: Iterable[Truth]) -> tuple[Truth, ...]:
    """Truths in the order of time."""
    return tuple(sorted(truths, key=lambda truth: (truth.at, truth.fault, truth.entity_id)))


def read(path: Path) -> tuple[Truth, ...]:
    """The truth that `write` wrote."""
    return tuple(
        Truth(**{**fields, "at": parse_time(fields["at"])})
        for fields in (orjson.loads(line) for line in path.read_bytes().splitlines())
    )


def write(path: Path, truths: Iterable[Truth]) -> None:
    """Write the truth as JSON lines."""
    path.write_bytes(b"".join(truth.to_json() + b"\n" for truth in truths))
