"""Whoever has something to do in one matter: commands with ids, lineage and time of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from compose.simulate.chance import Chance
from compose.simulate.clock import Process, Signal, Simulation
from compose.simulate.faults.truth import Faults
from compose.simulate.world import Happened, World
from domain.command import Actor, Command, Origin
from domain.errors import IntegrityError


class Scene:
    """What everybody in the enterprise shares: the clock, the aggregates, the seed and the tenant."""

    def __init__(self, simulation: Simulation, world: World, seed: int, tenant: str, faults: Faults) -> None:
        self.simulation = simulation
        self.world = world
        self.seed = seed
        self.tenant = tenant
        self.faults = faults


class Voice:
    """One matter, such as a deal or an account, and whoever acts in it.

    Each command follows from the newest event of the matter, and says so (R103).
    """

    def __init__(self, scene: Scene, matter: str, number: int) -> None:
        self.scene = scene
        self.matter = matter
        self.number = number
        self.chance = Chance(scene.seed, matter, number)
        self.cause: str | None = None
        self._sent = 0

    @property
    def tenant(self) -> str:
        """The tenant everything happens in."""
        return self.scene.tenant

    @property
    def now(self) -> datetime:
        """The time on the simulation's clock."""
        return self.scene.simulation.now

    @property
    def correlation_id(self) -> str:
        """What all commands of the matter have in common."""
        return f"{self.matter}-{self.number:06}"

    def identity(self, kind: str, suffix: str = "") -> str:
        """The id of something of this matter."""
        return f"{self.tenant}:{kind}-{self.number:06}{suffix}"

    def standing(self, aggregate: str, aggregate_id: str) -> Any:
        """An aggregate as it stands; None when there is none."""
        return self.scene.world.standing(aggregate, aggregate_id)

    def spawn(self, process: Process) -> Signal:
        """Let something take its own course; the signal fires at its end."""
        return self.scene.simulation.spawn(process)

    def suffers(self, fault: str) -> bool:
        """Whether the matter was chosen for a fault."""
        return self.scene.faults.of(self.number) == fault

    def made(self, fault: str, entity_id: str, **about: str | None) -> None:
        """Note that a fault was made."""
        self.scene.faults.made(fault, self.tenant, entity_id, self.now, **about)

    def origin(self, actor: Actor) -> Origin:
        """What commands follow from that an owner makes by itself."""
        return Origin(actor, self.correlation_id, self.cause)

    def send(self, kind: type[Command], actor: Actor, aggregate_id: str, /, **fields: Any) -> Happened:
        """Send a command that must be carried out."""
        told = self.attempt(kind, actor, aggregate_id, **fields)
        if told.refusal is not None:
            message = f"The enterprise wants {told.command.name} on {aggregate_id}: {told.refusal.message}"
            raise IntegrityError(message, remediation="The simulation contradicts the aggregates: mend it.")
        return told

    def attempt(self, kind: type[Command], actor: Actor, aggregate_id: str, /, **fields: Any) -> Happened:
        """Send a command that may be refused."""
        self._sent += 1
        return self.carry_out(
            kind(
                aggregate_id=aggregate_id,
                command_id=f"{self.tenant}:{self.correlation_id}/{self._sent}",
                actor=actor,
                correlation_id=self.correlation_id,
                causation_id=self.cause,
                **fields,
            )
        )

    def carry_out(self, command: Command) -> Happened:
        """Carry out a command somebody else made; it must be a new one."""
        told = self.scene.world.send(command, self.now)
        if told is None:
            message = f"The enterprise sent {command.name} on {command.aggregate_id} twice."
            raise IntegrityError(message, remediation="The simulation contradicts itself: mend it.")
        self.cause = told.last_event_id or self.cause
        return told
