"""`ordertruth metrics list | show | verify`: how the business does, by analytics that decide nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_table, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.metrics.metric import Metric

EXIT_MISMATCH = 1
SHOWN_MAX = 20

Tenant = Annotated[str | None, typer.Option(help="Whose; needed where analytics know several.", show_default=False)]
Days = Annotated[int, typer.Option(min=1, max=400, help="Days up to that of the newest fact.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Business metrics: what each says, what it came to, and whether the events agree.")
    group.command("list", cls=JsonCommand)(list_metrics)
    group.command("show", cls=JsonCommand)(show)
    group.command("verify", cls=JsonCommand)(verify)
    app.add_typer(group, name="metrics", no_args_is_help=True)


def list_metrics(
    tenant: Tenant = None,
    days: Days = 30,
    catalogue: Annotated[bool, typer.Option("--catalogue", help="Definitions alone; nothing has to run.")] = False,
    json: JsonTarget = None,
) -> None:
    """List every metric with its value over some days; analytics, and no authority."""
    from console.metrics import BANNER, metric_definition
    from domain.metrics.catalogue import METRICS

    require_writable(json)
    if catalogue:
        found = {"metrics": [metric_definition(metric) for metric in METRICS.values()]}
    else:
        found = _told(METRICS, tenant, days, daily=False)
    if json is not None:
        write_json(found, json)
        return
    rows = [
        (m["requirement"], m["metricId"], _short(m.get("value")), m["unit"], m.get("rating", ""), m["owner"])
        for m in found["metrics"]
    ]
    show_table(("rule", "metric", "value", "unit", "rating", "owner"), rows)
    typer.echo(f"\n{BANNER}")


def show(
    metric: Annotated[str, typer.Argument(help="Its id or requirement, such as stuck-orders or R364.")],
    tenant: Tenant = None,
    days: Days = 30,
    json: JsonTarget = None,
) -> None:
    """Show one metric: what it says, how it is counted, and each day and scope of it."""
    from console.metrics import BANNER
    from domain.metrics.catalogue import metric_named

    require_writable(json)
    chosen = metric_named(metric)
    found = _told({chosen.metric_id: chosen}, tenant, days, daily=True)
    if json is not None:
        write_json(found, json)
        return
    told = found["metrics"][0]
    typer.echo(f"{told['name']} ({told['requirement']}, {told['owner']}): {told['definition']}")
    typer.echo(f"= {told['formula']}; {told['grain']}, in {told['unit']}")
    if (limits := told["thresholds"]) is not None:
        typer.echo(f"warning from {limits['warning']}, critical from {limits['critical']} ({limits['worse']} is worse)")
    typer.echo(f"{told['from']} to {told['to']}: {_short(told['value'])} ({told['rating']})\n")
    rows = [
        (d["day"], d["scope"], str(d["numerator"]), str(d["denominator"]), _short(d["value"]), _short(d["p95"]))
        for d in told["days"]
    ]
    show_table(("day", "scope", "above", "below", "value", "p95"), rows)
    typer.echo(f"\nNewest fact published {told['watermark']}, {told['lagMs']} ms under way. {BANNER}")


def verify(
    json: JsonTarget = None,
    settle_seconds: Annotated[float, typer.Option(help="How long to wait for analytics to catch up.")] = 60.0,
) -> None:
    """Count every metric again from the raw events and compare to the last digit; exit 1 where they differ."""
    from compose.cli.session import open_session
    from compose.platform import endpoints_in_use
    from compose.verify.business.check import check_metrics

    require_writable(json)
    report = check_metrics(endpoints_in_use(open_session()), settle_seconds=settle_seconds)
    if json is not None:
        write_json(report.to_plain(), json)
    if json != "-":
        for found in report.disagreements[:SHOWN_MAX]:
            typer.echo(f"  {found}")
        typer.echo(
            f"{report.metrics_with_rows} of {report.metrics} metrics say something, in {report.rows} rows; "
            f"{report.events} events counted again, {report.unreadable} records unreadable: "
            f"{len(report.disagreements)} disagreements in {report.seconds:.1f} s."
        )
    if report.disagreements:
        raise typer.Exit(EXIT_MISMATCH)


def _told(chosen: Mapping[str, Metric], tenant: str | None, days: int, *, daily: bool) -> dict[str, Any]:
    from contextlib import closing
    from datetime import timedelta

    from compose.cli.session import open_session
    from compose.platform import endpoints_in_use
    from console.metrics import metric_told, metrics_meta
    from console.service import wall_clock
    from sinks.clickhouse.metrics import MetricReader

    with closing(MetricReader(endpoints_in_use(open_session()).clickhouse_dsn)) as reader:
        whose = _one_of(reader.tenants()) if tenant is None else tenant
        last = reader.newest_day_now(whose) or wall_clock().date()
        first = last - timedelta(days=days - 1)
        rows = reader.rows_now(whose, tuple(chosen), first)
    told = [metric_told(metric, rows[name], first, last, days=daily) for name, metric in chosen.items()]
    watermark = max((row.watermark for found in rows.values() for row in found), default=None)
    return {"tenant": whose, "metrics": told, "meta": metrics_meta(chosen, watermark)}


def _one_of(tenants: list[str]) -> str:
    from domain.errors import ConfigurationError

    if len(tenants) == 1:
        return tenants[0]
    message = f"Analytics know {len(tenants)} tenants: {', '.join(tenants[:20]) or 'none'}."
    raise ConfigurationError(message, remediation="Name one with --tenant, once there are facts of it.")


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
