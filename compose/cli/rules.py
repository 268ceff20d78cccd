"""`ordertruth rules`: the drift rules as they are, and what another version of one would find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_table, write_json

if TYPE_CHECKING:
    from compose.rules.shadow import Example, Shadow
    from domain.drift.rules import Rule

RuleId = Annotated[str, typer.Argument(metavar="RULE", help="A rule, such as asset.missing.")]
SHOWN = 5


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    rules = typer.Typer(help="The drift rules: as they are, and as they might be.", no_args_is_help=True)
    rules.command("list", cls=JsonCommand)(list_rules)
    rules.command("show", cls=JsonCommand)(show_rule)
    rules.command("shadow", cls=JsonCommand)(shadow)
    app.add_typer(rules, name="rules")


def list_rules(json: JsonTarget = None) -> None:
    """List every rule with what may be set of it."""
    from domain.drift.rulebook import RULES

    require_writable(json)
    found = [_described(rule) for rule in RULES.values()]
    if json is not None:
        write_json({"ruleSet": RULES.version, "rules": found}, json)
    if json != "-":
        columns = ("rule", "version", "window", "bound", "corrected by")
        rows = [
            (r["ruleId"], r["version"], r["window"], str(r["bound"] or ""), r["correctedBy"])
            for r in sorted(found, key=lambda r: str(r["ruleId"]))
        ]
        show_table(columns, rows)


def show_rule(rule_id: RuleId, json: JsonTarget = None) -> None:
    """Show one rule: its parameters, who corrects what it finds, and what people are told."""
    from compose.rules.shadow import rule_named
    from domain.drift.rulebook import RULES

    require_writable(json)
    found = _described(rule_named(RULES, rule_id))
    if json is not None:
        write_json(found, json)
    if json != "-":
        for name, value in found.items():
            typer.echo(f"{name}: {value}")


def shadow(
    rule_id: RuleId,
    given: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter, such as window=PT20M.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="What the other version is to be called.")] = None,
    json: JsonTarget = None,
) -> None:
    """Run another version of a rule over all events beside the one in use; nothing is written."""
    from avro.registry import Registry
    from compose.cli.session import open_session
    from compose.platform import endpoints_in_use
    from compose.rules.parameters import changes
    from compose.rules.shadow import rule_named, shadow_on
    from domain.drift.rulebook import RULES

    require_writable(json)
    now = rule_named(RULES, rule_id)
    wanted = [*(given or []), *([] if version is None else [f"version={version}"])]
    then = RULES.changed({rule_id: changes(now, wanted)})[rule_id]
    endpoints = endpoints_in_use(open_session())
    with Registry(endpoints.registry_url) as registry:
        found = shadow_on(endpoints.kafka_config(), registry, now, then)
    if json is not None:
        write_json(found.to_plain(), json)
    if json != "-":
        _show(found)


def _described(rule: Rule) -> dict[str, Any]:
    from compose.rules.shadow import parameters

    return {
        "ruleId": rule.rule_id,
        **parameters(rule),
        "correctedBy": rule.corrected_by,
        "cause": rule.cause.value,
        "regulatory": rule.regulatory,
        "summary": rule.summary,
        "nextAction": rule.next_action,
    }


def _show(found: Shadow) -> None:
    typer.echo(
        f"{found.now.rule_id} over {found.events:,} events: version {found.now.version} finds {found.found_now}, "
        f"version {found.then.version} would find {found.found_then}."
    )
    for what, examples in (("appear", found.appear), ("disappear", found.disappear), ("differ", found.differ)):
        typer.echo(f"{len(examples)} would {what}.")
        for example in examples[:SHOWN]:
            typer.echo(f"  {_line(example)}")


def _line(example: Example) -> str:
    fields = "; ".join(f"{name}: {now!r} becomes {then!r}" for name, now, then in example.fields)
    return f"{example.entity}: {fields or example.summary}"
