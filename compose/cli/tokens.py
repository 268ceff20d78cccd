"""`ordertruth tokens create | list | revoke`: who is let in to the query API."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compose.cli.output import JsonCommand, JsonTarget, require_writable, show_table, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from domain.access import Pass


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Tokens of the query API: give one out, list them, revoke one.")
    group.command("create", cls=JsonCommand)(create)
    group.command("list", cls=JsonCommand)(list_tokens)
    group.command("revoke", cls=JsonCommand)(revoke)
    app.add_typer(group, name="tokens", no_args_is_help=True)


def create(
    name: Annotated[str, typer.Argument(help="Who answers for what is done with it.")],
    tenant: Annotated[str, typer.Option(help="Whose data it opens: the part of ids before the colon.")],
    scope: Annotated[
        list[str],
        typer.Option(help="customer, sales, support, fulfillment, finance, compliance or operations; may be repeated."),
    ],
    account: Annotated[
        list[str] | None, typer.Option(help="Only these accounts; a customer needs at least one.")
    ] = None,
    role: Annotated[str | None, typer.Option(help="Role in which cases may be decided; none: nothing may.")] = None,
    days: Annotated[int, typer.Option(min=1, help="How long it is good for.")] = 30,
    json: JsonTarget = None,
) -> None:
    """Make a token. It is shown once: what is kept is its hash."""
    from datetime import UTC, datetime, timedelta

    from compose.access.tokens import Wish
    from compose.access.tokens import create as make
    from domain.access import Scope
    from domain.errors import ConfigurationError

    require_writable(json)
    if strange := sorted(set(scope) - set(Scope)):
        message = f"There is no scope {', '.join(strange)}."
        raise ConfigurationError(message, remediation=f"Give --scope one of {', '.join(Scope)}.")
    wish = Wish(name, tenant, frozenset(map(Scope, scope)), timedelta(days=days), tuple(account or ()), role)
    with _connected() as connection:
        token, kept = make(connection, wish, datetime.now(UTC))
        if json is not None:
            write_json({"token": token, **_plain(kept)}, json)
            return
        typer.echo(token)
        typer.echo(f"Token {kept.token_id} is good until {kept.expires_at:%Y-%m-%d}. It is not shown again.", err=True)


def list_tokens(json: JsonTarget = None) -> None:
    """List every token, without what opens doors."""
    from compose.access.tokens import list_passes

    require_writable(json)
    with _connected() as connection:
        found = list_passes(connection)
        if json is not None:
            write_json({"tokens": [_plain(kept) for kept in found]}, json)
            return
        if not found:
            typer.echo("No tokens.")
            return
        show_table(("token", "name", "tenant", "scopes", "accounts", "role", "state"), [_row(kept) for kept in found])


def revoke(
    token: Annotated[str, typer.Argument(help="Its id, as `tokens list` shows it.")], json: JsonTarget = None
) -> None:
    """Let nobody in by a token any more, at once."""
    from datetime import UTC, datetime

    from compose.access.tokens import revoke as take_back

    require_writable(json)
    with _connected() as connection:
        kept = take_back(connection, token, datetime.now(UTC))
        if json is not None:
            write_json(_plain(kept), json)
            return
        typer.echo(f"Token {kept.token_id} of {kept.reader.actor_id} opens nothing any more.")


@contextmanager
def _connected() -> Iterator[Connection[Any]]:
    """One connection to the database of the running stack, with its schema in shape."""
    import psycopg

    from compose.access.schema import set_up
    from compose.cli.session import open_session
    from compose.platform import endpoints_in_use
    from sinks.postgres.faults import translated

    endpoints = endpoints_in_use(open_session())
    with translated("keep tokens"), psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        set_up(connection)
        yield connection


def _plain(kept: Pass) -> dict[str, Any]:
    reader = kept.reader
    return {
        "id": kept.token_id,
        "name": reader.actor_id,
        "tenant": reader.tenant,
        "scopes": sorted(reader.scopes),
        "accounts": None if reader.accounts is None else list(reader.accounts),
        "role": reader.role,
        "expires_at": kept.expires_at.isoformat(),
        "revoked_at": None if kept.revoked_at is None else kept.revoked_at.isoformat(),
    }


def _row(kept: Pass) -> tuple[str, ...]:
    from datetime import UTC, datetime

    if kept.revoked_at is not None:
        state = "revoked"
    else:
        state = f"{'expired' if kept.expires_at <= datetime.now(UTC) else 'until'} {kept.expires_at:%Y-%m-%d}"
    plain = _plain(kept)
    accounts = "all" if plain["accounts"] is None else ", ".join(plain["accounts"])
    return (
        kept.token_id,
        plain["name"],
        plain["tenant"],
        ", ".join(plain["scopes"]),
        accounts,
        plain["role"] or "",
        state,
    )
