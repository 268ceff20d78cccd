"""`ordertruth capacity`: how big a platform a business needs, from measured unit costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_table, write_json

if TYPE_CHECKING:
    from compose.capacity.model import Need

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(cls=JsonCommand)(capacity)


def capacity(
    orders_per_day: Annotated[float, typer.Option(min=1, help="Orders in a day.")],
    order_lines: Annotated[float, typer.Option(min=0, help="Lines of an order.")] = 1.74,
    tasks_per_line: Annotated[float, typer.Option(min=0, help="Fulfillment tasks of a line.")] = 3.8,
    events_per_order: Annotated[
        float | None, typer.Option(min=1, help="Events of an order, if known.", show_default="from lines and tasks")
    ] = None,
    sales_users: Annotated[int, typer.Option(min=0, help="People who quote at the same time.")] = 0,
    quote_edits: Annotated[float, typer.Option(min=0, help="Edits of quotes by each of them in an hour.")] = 0,
    quote_lines: Annotated[float, typer.Option(min=0, help="Lines of a quote.")] = 4,
    quote_lines_max: Annotated[int, typer.Option(min=1, help="Lines of the largest quote.")] = 200,
    pricings: Annotated[float, typer.Option(min=0, help="Price calculations for an edit.")] = 1,
    approvals_per_day: Annotated[float, typer.Option(min=0, help="Approvals in a day.")] = 0,
    accepted_quotes: Annotated[
        float | None, typer.Option(min=0, help="Quotes accepted in a day.", show_default="one for each order")
    ] = None,
    peak_factor: Annotated[float, typer.Option(min=1, help="Campaigns and batches: the peak over the mean.")] = 5,
    partner_burst: Annotated[float, typer.Option(min=0, help="Requests of partners in a second at the peak.")] = 0,
    open_days: Annotated[float, typer.Option(min=0, help="Days an order stays in the stores.")] = 30,
    replicas: Annotated[int, typer.Option(min=1, help="Copies Kafka keeps.")] = 3,
    retention_days: Annotated[int, typer.Option(min=1, help="Days logs and facts are kept.")] = 365,
    json: JsonTarget = None,
) -> None:
    """Say what a business needs in events, workers, partitions, memory and storage; nothing has to run."""
    from compose.capacity.model import Business, need, sources

    require_writable(json)
    business = Business(
        orders_per_day=orders_per_day,
        sales_users=sales_users,
        quote_edits_per_user_hour=quote_edits,
        quote_lines=quote_lines,
        quote_lines_max=quote_lines_max,
        pricings_per_edit=pricings,
        approvals_per_day=approvals_per_day,
        accepted_quotes_per_day=accepted_quotes,
        order_lines=order_lines,
        tasks_per_line=tasks_per_line,
        events_per_order=events_per_order,
        peak_factor=peak_factor,
        partner_burst_per_s=partner_burst,
        open_days=open_days,
        replicas=replicas,
        retention_days=retention_days,
    )
    found = need(business)
    if json is not None:
        write_json({"business": business.to_plain(), "need": found.to_plain(), "unitCosts": sources()}, json)
    if json != "-":
        _show(found)


def _show(found: Need) -> None:
    rows = [
        ("events of an order", f"{found.events_per_order:,.1f}"),
        ("events in a day", f"{found.events_per_day:,.0f}"),
        ("events in a second, mean and peak", f"{found.events_per_s:,.0f} and {found.peak_events_per_s:,.0f}"),
        ("partitions of a topic", f"{found.partitions}"),
        ("cores for workers", f"{found.cores}"),
        ("orders in the stores", f"{found.open_orders:,.0f}"),
        ("memory of the stores", _bytes(found.store_memory_bytes)),
        ("changelog of the stores", _bytes(found.changelog_bytes)),
        ("restoring them, all workers at once", f"{found.restore_s:,.0f} s"),
        ("log in a day, all copies", _bytes(found.log_bytes_per_day)),
        ("log that is kept, all copies", _bytes(found.log_bytes_kept)),
        ("facts that are kept", _bytes(found.fact_bytes_kept)),
        ("configuration of the largest quote", _bytes(found.largest_quote_bytes)),
    ]
    show_table(("need", ""), rows)
    typer.echo("")
    workers = [(w.app, f"{w.records_per_s:,.0f}", f"{w.cpu_us:,.0f}", str(w.workers)) for w in found.workers]
    show_table(("application", "records/s at the peak", "CPU µs each", "workers"), workers)
    typer.echo("\nFrom measured unit costs; `--json` names their sources, docs/scale.md says how far they carry.")


def _bytes(number: float) -> str:
    step = 0
    while number >= 1024 and step < len(_UNITS) - 1:
        number, step = number / 1024, step + 1
    return f"{number:,.1f} {_UNITS[step]}"
