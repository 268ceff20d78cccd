"""Parts that several audiences are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.model import Classification, Doc, Model
from domain.order_state.states import Action, ItemState
from domain.order_status.vocabulary import (
    BlockerKind,
    CancellationStep,
    ChangeKind,
    Milestone,
    Step,
)


class Wording(Model):
    """One thing said in each language."""

    en: Annotated[str, Doc("In English.", Classification.PUBLIC)]
    de: Annotated[str, Doc("In German.", Classification.PUBLIC)]


class CurrentBlocker(Model):
    """What keeps the order from moving most."""

    kind: Annotated[BlockerKind, Doc("What sort of thing it is.")]
    item_id: Annotated[str | None, Doc("Item concerned; null for the whole order.")] = None
    code: Annotated[str | None, Doc("Failure code, kind of task, or whom is waited for.")] = None
    repair: Annotated[str | None, Doc("Who can mend it: AUTO, HUMAN or NONE; null where nothing is broken.")] = None
    since: Annotated[datetime, Doc("When it began.")]


class NextAction(Model):
    """What must happen next."""

    step: Annotated[Step, Doc("What must be done.")]
    by: Annotated[str | None, Doc("Role, team or outsider who must do it; null when nothing is left.")] = None
    message: Annotated[Wording, Doc("The same as a sentence.")]


class MilestoneReached(Model):
    """A milestone and when it was reached."""

    milestone: Annotated[Milestone, Doc("Which one.")]
    at: Annotated[datetime, Doc("When it was reached.")]


class ItemProgress(Model):
    """Where one item stands."""

    item_id: Annotated[str, Doc("Identity of the item within its order.")]
    state: Annotated[ItemState, Doc("Effective state, an open cancellation included.")]
    action: Annotated[Action | None, Doc("What is done to the product; null while its line is unread.")] = None
    since: Annotated[datetime | None, Doc("When its state was reached; null before the first event.")] = None
    cancellable: Annotated[bool, Doc("Whether its cut-off still allows to cancel it (R299).")]


class Fulfilment(Model):
    """How many executable items came to which end (R400)."""

    completed: Annotated[int, Doc("Delivered.")]
    cancelled: Annotated[int, Doc("Taken out.")]
    failed: Annotated[int, Doc("Given up.")]
    open: Annotated[int, Doc("Neither.")]


class OrderChange(Model):
    """A change made after creation (R306, R480)."""

    version: Annotated[int, Doc("Version of the order by it.")]
    kind: Annotated[ChangeKind, Doc("What was changed.")]
    at: Annotated[datetime, Doc("When.")]
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None


class Cancellation(Model):
    """Something about a cancellation."""

    version: Annotated[int, Doc("Version of the order by it.")]
    step: Annotated[CancellationStep, Doc("Asked for, or refused because it was too late.")]
    item_ids: Annotated[tuple[str, ...], Doc("Items concerned; empty means all.")]
    at: Annotated[datetime, Doc("When.")]
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
