"""What the aggregate store needs to know of an aggregate: the pair decide and evolve, and its claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from domain.command import Claim, Command
from domain.model import Model

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class AggregateType(Generic[S]):
    """One kind of aggregate, as pure functions.

    `decide(state, command, now)` returns the events the command leads to, in order, or raises `Refusal`;
    `evolve(state, event)` returns the state after an event. `state` is None before the first event.
    `claims(command)` names the keys the command must own to be carried out.
    """

    name: str
    owner: str
    events: Mapping[str, type[Model]]
    policy_version: str
    decide: Callable[[S | None, Command, datetime], tuple[Model, ...]]
    evolve: Callable[[S | None, Model], S]
    claims: Callable[[Command], tuple[Claim, ...]]
