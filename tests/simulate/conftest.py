"""One clean run of a thousand matters and one with faults, shared by all tests."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from compose.simulate import direct
from compose.simulate.direct import Message
from compose.simulate.enterprise import Enterprise
from compose.simulate.faults.truth import Faults, Truth
from compose.simulate.faults.wire import Wire
from compose.simulate.world import Happened

ORDERS, SEED = 1_000, 3


class Clean(NamedTuple):
    """A run without faults: the enterprise at its end, and everything that happened."""

    enterprise: Enterprise
    happened: list[Happened]


class Faulty(NamedTuple):
    """A run with faults: what arrived on the topics, and the truth."""

    enterprise: Enterprise
    arrived: list[Message]
    truths: tuple[Truth, ...]


@pytest.fixture(scope="session")
def clean() -> Clean:
    enterprise = Enterprise(ORDERS, SEED)
    return Clean(enterprise, list(enterprise.run()))


@pytest.fixture(scope="session")
def faulty() -> Faulty:
    faults = Faults(SEED, "mixed")
    enterprise = Enterprise(ORDERS, SEED, faults)
    arrived = list(Wire(faults).all(direct.messages(enterprise.run())))
    return Faulty(enterprise, arrived, faults.truths())
