"""The records published on the timeline topics."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.commercial import ChargeKind, Period
from domain.derivation import Derivation
from domain.model import Classification, Doc, Model
from domain.money import Money

OWNER = "ordertruth"
SECRET = Classification.CONFIDENTIAL


class TimelineEntry(Model):
    """One event: who did what to what, when and why, and where it is written (R203-R205)."""

    at: Annotated[datetime, Doc("When it happened.")]
    recorded_at: Annotated[datetime, Doc("When it was published.")]
    event_id: Annotated[str, Doc("`ce_id` of the event.")]
    event_type: Annotated[str, Doc("Name of the event.")]
    aggregate: Annotated[str, Doc("Kind of thing it happened to.")]
    aggregate_id: Annotated[str, Doc("The thing it happened to.")]
    version: Annotated[int, Doc("Version of that thing after the event.")]
    sentence: Annotated[str, Doc("What happened, in plain words.")]
    customer_sentence: Annotated[
        str | None, Doc("What the customer may read of it; null when nothing.", Classification.PUBLIC)
    ] = None
    audiences: Annotated[tuple[str, ...], Doc("Who may read the entry.")]
    details: Annotated[dict[str, str], Doc("Fields of the event that say more, by wire name.", SECRET)]
    from_state: Annotated[str | None, Doc("State that was left; null when none was.")] = None
    to_state: Annotated[str | None, Doc("State that was entered; null when the state stayed.")] = None
    item_id: Annotated[str | None, Doc("Order item concerned.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product concerned.")] = None
    component_id: Annotated[str | None, Doc("Price component concerned.")] = None
    actor_id: Annotated[str | None, Doc("Who or which system decided.", SECRET)] = None
    actor_role: Annotated[str | None, Doc("In which role.")] = None
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    source: Annotated[str | None, Doc("System that published it.")] = None
    correlation_id: Annotated[str | None, Doc("Business process it belongs to.")] = None
    causation_id: Annotated[str | None, Doc("Event or command that caused it.")] = None
    command_id: Annotated[str | None, Doc("Command that was carried out.")] = None
    corrects: Annotated[str | None, Doc("Event it corrects.")] = None
    topic: Annotated[str, Doc("Topic it is written on.")]
    partition: Annotated[int, Doc("Partition of the topic.")]
    offset: Annotated[int, Doc("Offset in the partition; of duplicates the smallest place.")]


class OrderTimeline(Model):
    """One page of what happened to an order in one calendar month (R203, R207, R219)."""

    page_id: Annotated[str, Doc("Identity: order, month and page.")]
    order_id: Annotated[str, Doc("The order.")]
    month: Annotated[str, Doc("Calendar month (UTC) of the events, such as 2026-03.")]
    page: Annotated[int, Doc("Place of the page in its month, from 1.")]
    pages: Annotated[int, Doc("Pages of the month.")]
    entry_count: Annotated[int, Doc("Entries of the month, on all of its pages.")]
    quote_id: Annotated[
        str | None, Doc("Quote whose timeline comes before, as far as the events of the month name it.")
    ] = None
    first_at: Annotated[datetime, Doc("Time of the earliest event on the page.")]
    last_at: Annotated[datetime, Doc("Time of the latest event on the page.")]
    entries: Annotated[tuple[TimelineEntry, ...], Doc("The events, each after its cause.")]
    version: Annotated[int, Doc("Rises with what is known of the month.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]


class QuoteTimeline(Model):
    """One page of what happened to a quote, its prices, approvals and evidence in one calendar month (R204, R212)."""

    page_id: Annotated[str, Doc("Identity: quote, month and page.")]
    quote_id: Annotated[str, Doc("The quote.")]
    month: Annotated[str, Doc("Calendar month (UTC) of the events, such as 2026-03.")]
    page: Annotated[int, Doc("Place of the page in its month, from 1.")]
    pages: Annotated[int, Doc("Pages of the month.")]
    entry_count: Annotated[int, Doc("Entries of the month, on all of its pages.")]
    first_at: Annotated[datetime, Doc("Time of the earliest event on the page.")]
    last_at: Annotated[datetime, Doc("Time of the latest event on the page.")]
    entries: Annotated[tuple[TimelineEntry, ...], Doc("The events, each after its cause.")]
    version: Annotated[int, Doc("Rises with what is known of the month.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]


class AmountInvolved(Model):
    """Money a step is about."""

    kind: Annotated[ChargeKind | None, Doc("How often it is charged; null for an invoice.")] = None
    period: Annotated[Period | None, Doc("Calendar period of a recurring charge.")] = None
    amount: Annotated[Money, Doc("The amount.", SECRET)]


class AccountTimeline(Model):
    """One material step of an account's commercial life; an account of any size has small records (R211)."""

    entry_id: Annotated[str, Doc("Identity: account and event.")]
    account_id: Annotated[str, Doc("The account the event names.")]
    position: Annotated[str, Doc("Sorts the steps of an account; a list is paged by it.")]
    at: Annotated[datetime, Doc("When it happened.")]
    event_type: Annotated[str, Doc("Name of the event.")]
    quote_id: Annotated[str | None, Doc("Quote concerned.")] = None
    order_id: Annotated[str | None, Doc("Order concerned.")] = None
    amounts: Annotated[tuple[AmountInvolved, ...], Doc("What was accepted or invoiced.")] = ()
    entry: Annotated[TimelineEntry, Doc("The event.")]
    version: Annotated[int, Doc("Rises with what is known of the event.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
