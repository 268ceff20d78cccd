"""How answers are described in OpenAPI: the record of the contract, its envelope, and problems."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, create_model
from pydantic.alias_generators import to_camel

from console.views import View
from domain.command import CommandOutcome
from domain.derivation import Authority
from domain.errors import Category, Retry, Severity
from domain.model import Model

T = TypeVar("T")


class _Told(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Owner(_Told):
    """Who decides what a view only repeats, and where the record is kept."""

    aggregate: str
    system: str
    record: str


class Meta(_Told):
    """How far an answer may be trusted.

    Everything the owners had published at `lastSyncedAt` is in it; `stalenessMs` is how long ago that was. Both are
    null while nothing is known about it.
    """

    source: str
    authority: Authority
    authoritative_for: tuple[str, ...]
    not_authoritative_for: tuple[str, ...]
    owners: tuple[Owner, ...]
    replication: tuple[str, ...]
    last_synced_at: datetime | None
    staleness_ms: int | None
    rule_version: str | None


class PageInfo(_Told):
    """How a list goes on: with `cursor=<nextCursor>` and the same filters; null at the end."""

    limit: int
    next_cursor: str | None


class Answer(_Told, Generic[T]):
    """One thing."""

    data: T
    meta: Meta


class ListAnswer(_Told, Generic[T]):
    """A page of things."""

    data: tuple[T, ...]
    page: PageInfo
    meta: Meta


class Problem(_Told):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    severity: Severity
    message: str
    remediation: str
    correlation_id: str
    category: Category
    retry: Retry


Responses = dict[int | str, dict[str, Any]]

_PROBLEMS: Responses = {
    status: {
        "description": text,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, text in {
        401: "No token, or one that is not, or no longer, good.",
        403: "The token is for another audience.",
        412: "The view is older than was asked for; the owner to ask is named.",
        422: "A parameter is wrong or unknown.",
        503: "A part of the platform is away.",
    }.items()
}
_UNKNOWN: Responses = {404: {**_PROBLEMS[422], "description": "Nothing is known under this id."}}
_CURSOR: Responses = {
    400: {**_PROBLEMS[422], "description": "The cursor is not of this list."},
    410: {**_PROBLEMS[422], "description": "The cursor is over."},
}


def described(*views: View) -> Responses:
    """What a route that shows one row of a view, or of one of several, may answer."""
    models: Any = reduce(or_, (Answer[view.table.model] for view in views))  # type: ignore[name-defined]
    return {200: {"model": models}, **_PROBLEMS, **_UNKNOWN}


def listed(view: View) -> Responses:
    """What a route that lists a view may answer."""
    return {200: {"model": ListAnswer[_row(view.table.model, view.listed)]}, **_PROBLEMS, **_CURSOR}  # type: ignore[misc]


def exported(view: View) -> Responses:
    """What a route that lists a view, or gives it away whole, may answer."""
    responses = listed(view)
    responses[200] = {**responses[200], "content": {"text/csv": {"schema": {"type": "string"}}}}
    return responses


def picked(view: View, names: Sequence[str]) -> Responses:
    """What a route that shows some fields of a row, by their wire names, may answer."""
    columns = tuple(column for column, name in view.table.wire_names.items() if name in names)
    return {200: {"model": Answer[_row(view.table.model, columns)]}, **_PROBLEMS, **_UNKNOWN}  # type: ignore[misc]


def answering(model: type[BaseModel]) -> Responses:
    """What a route that tells something of its own making may answer."""
    return {200: {"model": Answer[model]}, **_PROBLEMS, **_UNKNOWN}  # type: ignore[valid-type]


class MetricMeta(_Told):
    """Business metrics are analytics: they inform, and the owners of the facts decide."""

    source: str
    banner: str
    authority: Authority
    authoritative_for: tuple[str, ...]
    not_authoritative_for: tuple[str, ...]
    owners: tuple[str, ...]
    replication: tuple[str, ...]
    watermark: datetime | None


class MetricsAnswer(_Told):
    """Business metrics, each with its definition, its value over the days asked for, its rating and how fresh it is."""

    data: tuple[dict[str, Any], ...]
    meta: MetricMeta


def informed() -> Responses:
    """What the route of the business metrics may answer."""
    return {200: {"model": MetricsAnswer}, **_PROBLEMS, **_UNKNOWN}


class Taken(_Told):
    """A decision that was taken, or had been before."""

    outcome: CommandOutcome
    case_id: str
    decision_version: int
    event_ids: tuple[str, ...]
    command_id: str


class TakenAnswer(_Told):
    """What came of a decision; the case itself follows when it has come through the log."""

    data: Taken


def decided() -> Responses:
    """What a route that takes a decision may answer."""
    refused: Responses = {
        409: {**_PROBLEMS[422], "description": "The case changed meanwhile, or its state does not allow this."}
    }
    return {202: {"model": TakenAnswer, "description": "Taken."}, **_PROBLEMS, **_UNKNOWN, **refused}


@cache
def _row(model: type[Model], columns: tuple[str, ...]) -> type[Model]:
    """A record without what lists leave out."""
    if set(columns) == set(model.model_fields):
        return model
    fields: dict[str, Any] = {c: (model.model_fields[c].annotation, model.model_fields[c]) for c in columns}
    name = f"{model.__name__}{hashlib.sha256(''.join(columns).encode()).hexdigest()[:6]}"
    return create_model(name, __base__=Model, __doc__=model.__doc__, **fields)
