"""`ordertruth order show | status | timeline | explain`: what the query API answers, on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from compose.cli.asking import ask_about, say_meta
from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_table, write_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

    from console.asking import Asked
    from console.views import View

OrderId = Annotated[str, typer.Argument(metavar="ID", help="Id of the order; it begins with the tenant.")]

_WIDTH_MAX = 100


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="One order: its state, its status by audience, its timeline, and why.")
    group.command("show", cls=JsonCommand)(show)
    group.command("status", cls=JsonCommand)(status)
    group.command("timeline", cls=JsonCommand)(timeline)
    group.command("explain", cls=JsonCommand)(explain)
    app.add_typer(group, name="order", no_args_is_help=True)


def show(order: OrderId, json: JsonTarget = None) -> None:
    """Show the derived state of an order, its items and what blocks it."""
    from console.parameters import Freshly
    from console.showing import show as answer
    from console.views import ORDERS

    told = _asked(order, lambda asked: answer(asked, ORDERS, order, Freshly()), json)
    if told is None:
        return
    data = told["data"]
    names = ("orderId", "orderNumber", "accountId", "quoteId", "state", "clause", "progressPercent", "lastEventAt")
    show_table(("", ""), [(name, str(data[name])) for name in names])
    typer.echo("")
    items = [(i["itemId"], i["action"] or "", i["state"], i["since"] or "") for i in data["items"]]
    show_table(("item", "action", "state", "since"), items)
    for blocker in data["blockers"]:
        typer.echo(f"Blocked since {blocker['since']}: {blocker['kind']} {blocker['code'] or ''}".rstrip())
    say_meta(told)


def status(
    order: OrderId,
    audience: Annotated[str, typer.Option(help="customer, sales, support, fulfillment, finance or compliance.")] = (
        "support"
    ),
    json: JsonTarget = None,
) -> None:
    """Show what an audience may see of an order."""
    from console.parameters import Freshly
    from console.showing import show as answer
    from console.views import ORDER_STATUS
    from domain.errors import ConfigurationError

    if audience not in ORDER_STATUS:
        message = f"There is no audience {audience!r}."
        raise ConfigurationError(message, remediation=f"Give --audience one of {', '.join(ORDER_STATUS)}.")
    view = ORDER_STATUS[audience]
    told = _asked(order, lambda asked: answer(asked, view, order, Freshly(), role=audience), json, view)
    if told is None:
        return
    rows = [(name, _short(value)) for name, value in told["data"].items() if name not in ("derivation", "version")]
    show_table(("", ""), rows)
    say_meta(told)


def timeline(order: OrderId, json: JsonTarget = None) -> None:
    """Show what happened to an order, from its quote to its charges, each event after its cause."""
    from console.timelines import OrderStory, show_story
    from console.views import ORDER_TIMELINE

    told = _asked(order, lambda asked: show_story(asked, order, OrderStory(limit=40)), json, ORDER_TIMELINE)
    if told is None:
        return
    show_table(("at", "event", "what happened"), [(e["at"], e["eventType"], e["sentence"]) for e in told["data"]])
    if told["page"]["nextCursor"] is not None:
        typer.echo("There is more; the query API pages through it.")
    say_meta(told)


def explain(
    order: OrderId,
    field: Annotated[str | None, typer.Option(help="Path of a field, such as items.state.", show_default=False)] = None,
    record: Annotated[str, typer.Option(help="OrderState, or a status such as OrderStatusSupport.")] = "OrderState",
    item: Annotated[str | None, typer.Option(help="Only what concerns this item.", show_default=False)] = None,
    json: JsonTarget = None,
) -> None:
    """Say why an order is as it is shown, by rule and events, and what is wrong with it."""
    from console.explaining import WhatToExplain, show_explanation

    what = WhatToExplain(record=record, field=field, item=item)
    told = _asked(order, lambda asked: show_explanation(asked, order, what), json)
    if told is None:
        return
    for found in told["data"]["fields"]:
        typer.echo(f"{found['record']}.{found['field']} = {_short(found['value'])}")
        typer.echo(f"  {found['says']} ({found['ruleId']} {found['ruleVersion']}: {found['clause']})")
        for event in found["events"]:
            typer.echo(f"  {event['at']} {event['kind']}  {event['topic']}[{event['partition']}]@{event['offset']}")
        typer.echo(f"  It would change by: {' '.join(found['wouldChange'])}")
    if (wrong := told["data"]["trouble"]) is not None:
        typer.echo(f"Wrong: {', '.join(reason['code'] for reason in wrong['reasons'])}. {' '.join(wrong['remedy'])}")
    say_meta(told)


def _asked(
    order: str, ask: Callable[[Asked], Awaitable[Response]], json: str | None, view: View | None = None
) -> dict[str, Any] | None:
    """The answer of the API's own function, asked as operations; None when it was written as JSON."""
    from console.views import ORDERS

    require_writable(json)
    told = ask_about(view or ORDERS, order, ask)
    if json is None:
        return told
    write_json(told, json)
    return None


def _short(value: object) -> str:
    if isinstance(value, dict) and "en" in value:
        return str(value["en"])
    text = str(value)
    return text if len(text) <= _WIDTH_MAX else f"{text[:_WIDTH_MAX]}..."
