"""What the processes of a rebuild do: each part once, noted in the transaction that brings its rows."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from avro.registry import Registry
from compose.rebuild import spool
from compose.rebuild.made import Made, Maker
from compose.rebuild.orders import OrderReader
from compose.rebuild.plan import Plan, Stretch
from compose.rebuild.projections import Projection, projection_named
from compose.rebuild.reading import batches
from compose.verify.folds import heard
from domain.errors import UnavailableError
from sinks.contract import SinkBusy
from sinks.postgres import rebuilds
from sinks.postgres.rebuilds import AlreadyDone
from sinks.postgres.shadow import ShadowSink
from streams.hearing import Hearing

LOOK_S = 0.5


@dataclass(frozen=True)
class Workplace:
    """What a process needs; all of it can be handed to another."""

    kafka_config: Mapping[str, str]
    registry_url: str
    database_url: str
    folder: Path
    run_id: str
    plan: Plan

    def spooled(self, bundle: int) -> Path:
        """The file of what one bundle of stretches comes to."""
        return self.folder / f"bundle-{bundle}.told"

    @property
    def projection(self) -> Projection:
        """What is rebuilt, where the plan says."""
        return projection_named(self.plan.projection).elsewhere(self.plan.topics, self.plan.sources)


@dataclass(frozen=True, slots=True)
class Done:
    """What a part came to."""

    part: str
    events: int = 0
    rows: int = 0
    refused: int = 0


def prepare_process(parent: int) -> None:
    """To be called first: the process ends soon after its parent, however that one ends, and does not look for cycles.

    There are none among facts, and looking for them again and again takes a third of the time.
    """
    gc.disable()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def spool_bundle(place: Workplace, number: int) -> Done:
    """Hear everything in a bundle of stretches and sort what it says into slices."""
    folds = place.projection.folds
    kinds = frozenset[str]().union(*(fold.kinds for fold in folds))
    count = 0

    def found(registry: Registry) -> Iterator[spool.Told]:
        nonlocal count
        hearing = Hearing(registry, kinds)
        for batch in batches(place.kafka_config, place.plan.bundles()[number]):
            count += len(batch)
            for event in heard(hearing, batch):
                yield from spool.told(folds, event)

    with Registry(place.registry_url) as registry:
        spool.write(place.spooled(number), found(registry), place.plan.slices)
    return Done(f"bundle {number}", events=count)


def fold_slice(place: Workplace, number: int) -> Done:
    """Fold one slice of everything that was told, and copy its rows in."""
    files = [place.spooled(bundle) for bundle in range(len(place.plan.bundles()))]
    told = (entry for file in files for entry in spool.read(file, number))
    return _filled(place, slice_name(number), lambda maker: maker.of_slice(told))


def fold_orders(place: Workplace, stretch: Stretch) -> Done:
    """Fold the orders of one partition, and copy their states in."""
    with Registry(place.registry_url) as registry:
        reader = OrderReader(registry.schema_for_id)
        for batch in batches(place.kafka_config, [stretch]):
            reader.read(batch)
    done = _filled(place, stretch.name, lambda maker: maker.of_orders(reader.orders.items()))
    return Done(done.part, reader.count, done.rows, done.refused)


def slice_name(number: int) -> str:
    """What the part is called."""
    return f"slice {number}"


def _filled(place: Workplace, part: str, make: Callable[[Maker], Made]) -> Done:
    projection = place.projection
    with ShadowSink(place.database_url, projection.tables) as sink:
        made = make(Maker(projection, place.plan, sink))
        # A process that outlived its rebuild for a moment may have done the part just before.
        try:
            with suppress(AlreadyDone):
                sink.fill(made.rows, lambda c: rebuilds.keep_part(c, place.run_id, part, made.count, made.refused))
        except SinkBusy as busy:  # it has more to say than fits between processes
            raise UnavailableError(busy.message, remediation="Give the command again: it goes on.") from None
    return Done(part, rows=made.count, refused=made.refused)
