"""`ordertruth topics plan | apply | list`: the catalogue and the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from compose.cli.output import JsonCommand, JsonTarget, show_table, write_json
from topics.principals import PLATFORM

if TYPE_CHECKING:
    from compose.settings import Settings
    from topics.access import Change
    from topics.plan import Plan
    from topics.topic import Topic


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Compare the topics of the catalogue with the broker's, and create them.")
    group.command("plan", cls=JsonCommand)(show_plan)
    group.command("apply", cls=JsonCommand)(apply)
    group.command("list", cls=JsonCommand)(list_topics)
    app.add_typer(group, name="topics", no_args_is_help=True)


def show_plan(json: JsonTarget = None) -> None:
    """Show what `apply` would change; exit status 1 when it would refuse to."""
    from compose.cli.session import open_session
    from compose.stack.endpoints import ADMIN
    from topics.broker import Broker
    from topics.catalogue import TOPICS

    settings = open_session()
    plan = Broker(kafka_config(settings, ADMIN)).plan(TOPICS, settings.partition_count)
    _show(plan, json, applied=False)
    plan.require_applicable()


def apply(json: JsonTarget = None) -> None:
    """Create missing topics and set differing settings; never deletes, never changes a number of partitions.

    A secure broker of the platform's own besides gets the users and grants of the catalogue, and loses all others.
    """
    from compose.cli.session import open_session
    from compose.platform import endpoints_in_use
    from compose.stack.endpoints import ADMIN
    from compose.stack.kafka_access import secure_kafka
    from topics.broker import Broker
    from topics.catalogue import TOPICS

    settings = open_session()
    broker = Broker(kafka_config(settings, ADMIN))
    plan = broker.plan(TOPICS, settings.partition_count)
    broker.apply(plan)
    change = None
    if not settings.kafka_bootstrap_servers and (endpoints := endpoints_in_use(settings)).is_secure:
        change = secure_kafka(endpoints)
    _show(plan, json, applied=True, change=change)


def list_topics(json: JsonTarget = None) -> None:
    """List the catalogue; needs no broker."""
    from compose.cli.session import open_session
    from topics.catalogue import TOPICS

    partitions = open_session().partition_count
    if json is not None:
        write_json([_entry(t, partitions) for t in TOPICS], json)
        return
    show_table(
        ("topic", "kind", "owner", "key", "partitions", "cleanup", "classification", "consumers"),
        [
            (
                t.name,
                t.kind.value,
                t.owner,
                t.key,
                str(t.partitions(partitions)),
                t.cleanup.value,
                t.classification.value,
                " ".join(t.consumers),
            )
            for t in TOPICS
        ],
    )


def kafka_config(settings: Settings | None = None, principal: str = PLATFORM) -> dict[str, str]:
    """Settings of the broker the user names, else of the embedded one, for a client that is `principal` there.

    Raises UnavailableError when none runs.
    """
    from compose.cli.session import open_session
    from compose.stack.lifecycle import current
    from domain.errors import UnavailableError

    settings = settings or open_session()
    if settings.kafka_bootstrap_servers:
        return settings.kafka_config()
    record = current(settings)
    if record is None or record.endpoints is None or not record.is_alive:
        message = "No broker runs: the embedded stack is down."
        raise UnavailableError(message, remediation="Run `ordertruth up`, or set KAFKA_BOOTSTRAP_SERVERS.")
    return record.endpoints.kafka_config(principal)


def _show(plan: Plan, json: str | None, *, applied: bool, change: Change | None = None) -> None:
    if json is not None:
        grants = {"given": change.given, "taken": change.taken} if change else None
        write_json({**_plan_json(plan, applied=applied), "grants": grants}, json)
        return
    if plan.changes:
        show_table(
            ("topic", "change", "setting", "have", "want"),
            [(c.topic, c.verb.value, c.setting, c.have or "", c.want) for c in plan.changes],
        )
    for name in plan.unknown:
        typer.echo(f"{name} is not in the catalogue and is left alone.")
    counts = f"{len(plan.create)} created, {len(plan.alter)} changed, {len(plan.unchanged)} unchanged"
    if not applied:
        counts = f"{len(plan.create)} to create, {len(plan.alter)} to change, {len(plan.unchanged)} unchanged"
    typer.echo(f"Topics: {counts}.")
    if change is not None:
        typer.echo(f"Grants: {change.given} given, {change.taken} taken back.")


def _plan_json(plan: Plan, *, applied: bool) -> dict[str, Any]:
    return {
        "applied": applied,
        "partitions": plan.partitions,
        "create": [t.name for t in plan.create],
        "alter": {name: dict(settings) for name, settings in plan.alter.items()},
        "changes": [
            {"topic": c.topic, "change": c.verb.value, "setting": c.setting, "have": c.have, "want": c.want}
            for c in plan.changes
        ],
        "refused": [c.topic for c in plan.refused],
        "unknown": list(plan.unknown),
        "unchanged": list(plan.unchanged),
    }


def _entry(topic: Topic, partitions: int) -> dict[str, Any]:
    return {
        "name": topic.name,
        "kind": topic.kind.value,
        "owner": topic.owner,
        "aggregate": topic.aggregate,
        "key": topic.key,
        "description": topic.description,
        "classification": topic.classification.value,
        "partitions": topic.partitions(partitions),
        "records": list(topic.records),
        "subjects": list(topic.subjects),
        "consumers": list(topic.consumers),
        "config": topic.config(),
    }
