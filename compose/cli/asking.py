"""What the query API answers from, asked by a command: as operations of one tenant, or as whoever a token is for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydantic import BaseModel
    from starlette.responses import Response

    from console.asking import Asked
    from console.service import Service
    from console.views import View

T = TypeVar("T")
M = TypeVar("M", bound="BaseModel")

CHANNEL = "command line"
_LOOKS_MAX = 8
"""A table is known to be complete after as many looks as there are applications between the owners and it."""


def ask(view: View, question: Callable[[Service], Awaitable[T]]) -> T:
    """What a question to the running platform comes to, once it is known how far a view has come.

    Raises what the question raises, and `UnavailableError` when nothing runs.
    """
    import asyncio
    from contextlib import AsyncExitStack

    from compose.cli.session import open_session
    from compose.platform import endpoints_in_use
    from compose.serving.run import service_of

    async def answered() -> T:
        with service_of(endpoints_in_use(open_session())) as service:
            async with AsyncExitStack() as parts:
                for part in service.opened:
                    await parts.enter_async_context(part)
                for _ in range(_LOOKS_MAX):
                    if service.freshness.complete_as_of(view.table.topic) is not None:
                        break
                    await service.freshness.look()
                return await question(service)

    return asyncio.run(answered())


def ask_about(view: View, key: str, question: Callable[[Asked], Awaitable[Response]]) -> dict[str, Any]:
    """The API's own answer about one thing, asked as operations of its tenant."""
    tenant = tenant_named(key)
    return ask(view, lambda service: told_of(question(as_operations(service, tenant))))


async def told_of(response: Awaitable[Response]) -> dict[str, Any]:
    """The answer, as whoever asks over HTTP reads it."""
    import orjson

    told: dict[str, Any] = orjson.loads(bytes((await response).body))
    return told


def as_operations(service: Service, tenant: str) -> Asked:
    """Somebody who reads everything of a tenant and decides nothing."""
    from uuid import uuid4

    from console.asking import Asked
    from domain.access import Reader, Scope

    reader = Reader(CHANNEL, tenant, frozenset({Scope.OPERATIONS}))
    return Asked(service, reader, service.now(), CHANNEL, str(uuid4()), channel=CHANNEL)


async def as_bearer(service: Service, token: str) -> Asked:
    """Whoever a token is for. Raises `Refusal` when it lets nobody in."""
    from uuid import uuid4

    from console.asking import Asked, admitted

    now = service.now()
    return Asked(service, await admitted(service, token, now), now, CHANNEL, str(uuid4()), channel=CHANNEL)


def tenant_named(key: str) -> str:
    """Whose thing an id names. Raises `ConfigurationError` when it does not begin with a tenant."""
    from domain.envelope import tenant_of
    from domain.errors import ConfigurationError

    try:
        return tenant_of(key)
    except ValueError as error:
        raise ConfigurationError(f"{error}.", remediation="Give the whole id; it begins with the tenant.") from None


def wished(model: type[M], **given: object) -> M:
    """What was given on the command line, as the API takes it. Raises `ConfigurationError` naming what is wrong."""
    from pydantic import ValidationError

    from domain.errors import ConfigurationError

    try:
        return model.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = [f"--{_option(str(e['loc'][0]))}: {e['msg']}" for e in error.errors(include_url=False)]
        message = f"{'; '.join(problems)}."
        raise ConfigurationError(message, remediation="Correct the option; `--help` describes each.") from None


def say_meta(told: dict[str, Any]) -> None:
    """Say where an answer is from, how old it may be, and who decides."""
    meta = told["meta"]
    age = "of unknown age" if meta["stalenessMs"] is None else f"complete as of {meta['stalenessMs']} ms ago"
    owners = ", ".join(sorted({owner["system"] for owner in meta["owners"]}))
    typer.echo(f"\nFrom {meta['source']}, {age}; {owners} decides.")


def _option(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", name).lower()
