"""Hypothesis strategies for the arrival of records. Needs hypothesis, which the rest of `streams.testing` does not."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import ConfigurationError
from streams.testing.schedule import After, Arrival, Records, Schedule, Turn, arrivals, in_order_of_aggregates

try:
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    message = "streams.testing.strategies needs hypothesis, which is not installed."
    raise ConfigurationError(
        message, remediation="Install it, or this package's `dev` extra; `assert_convergent` on records needs neither."
    ) from error

DUPLICATES_MAX = 8
TURNS_MAX = 8


@st.composite
def shuffled(
    draw: st.DrawFn, records: Records, *, keep_order: bool = False, duplicates_max: int = DUPLICATES_MAX
) -> tuple[Arrival, ...]:
    """Any order the records may arrive in, some of them more than once.

    With `keep_order` only the interleaving of keys changes: each key's own records stay in order.
    """
    published = arrivals(records)
    repeated: Sequence[Arrival] = ()
    if published and duplicates_max:
        repeated = draw(st.lists(st.sampled_from(published), max_size=duplicates_max))
    arrived = [*published, *repeated]
    order = draw(st.permutations(arrived))
    return in_order_of_aggregates(arrived, order) if keep_order else tuple(order)


@st.composite
def schedules(
    draw: st.DrawFn, records: Records, *, keep_order: bool = False, duplicates_max: int = DUPLICATES_MAX
) -> Schedule:
    """Any course of events: permuted, repeated, cut into batches, with commits, aborts and crashes between them.

    To be handed to `assert_convergent`. It shrinks towards one undisturbed batch.
    """
    arrived = draw(shuffled(records, keep_order=keep_order, duplicates_max=duplicates_max))
    turns = st.builds(Turn, st.integers(0, 3), st.integers(1, max(1, len(arrived))), st.sampled_from(After))
    return Schedule(arrivals(records), arrived, tuple(draw(st.lists(turns, max_size=TURNS_MAX))))
