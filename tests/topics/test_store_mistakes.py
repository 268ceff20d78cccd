"""Commands that cannot be carried out, on every hosted aggregate: a structured refusal, and nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from domain.command import Command, CommandOutcome, CommandResult
from domain.errors import Category, ContractError
from domain.model import Model
from tests.domain.machine_walk import STRANGER
from tests.topics.hosted_commands import SUBJECTS, life, trials
from tests.topics.test_store_commands import totals
from topics.store.hosting import HOSTED, HostedAggregate
from topics.store.recording import PUBLISHED_BYTES_MAX

if TYPE_CHECKING:
    from psycopg import Connection

    from topics.store import AggregateStore

pytestmark = pytest.mark.stack

KEY = "the key of the creation"


def altered(command: Command, **fields: Any) -> Command:
    """The same command under an id of its own, with other fields."""
    return command.model_copy(update={"command_id": f"{command.command_id}/{'/'.join(fields)}", **fields})


def another_payload(first: Command) -> Command:
    """The creation asking for something else under the key it was sent with."""
    own = sorted(set(type(first).model_fields) - set(Command.model_fields))
    return altered(first, **next(change for change in map(partial(changed, first), own) if change))


def changed(model: Model, name: str) -> dict[str, Any]:
    """Another value for a field, where it holds or contains a text."""
    value = getattr(model, name)
    if type(value) is str:
        return {name: f"{value}-other"}
    inner = [changed(value, each) for each in type(value).model_fields] if isinstance(value, Model) else []
    return next(({name: value.model_copy(update=change)} for change in inner if change), {})


Mistake = Callable[[Command, Command], Command]
"""Made of the first command, which was accepted, and the next one, which would be."""

MISTAKES: Mapping[str, tuple[Mistake, str]] = {
    "wrong version": (lambda _, good: altered(good, expected_version=99), "CONFLICT_VERSION"),
    "wrong authority": (lambda _, good: altered(good, actor=STRANGER), "AUTHORIZATION_ROLE"),
    "reused command id": (
        lambda first, good: good.model_copy(update={"command_id": first.command_id}),
        "CONFLICT_COMMAND_ID_REUSED",
    ),
    "reused key": (lambda first, _: another_payload(first), "CONFLICT_IDEMPOTENCY_KEY"),
    "NUL character": (lambda _, good: altered(good, reason_code="a\0b"), "STRUCTURAL_NUL_CHARACTER"),
    "unknown aggregate": (
        lambda _, good: altered(good, aggregate_id=f"{good.aggregate_id}-none"),
        "REFERENCE_{code}_UNKNOWN",
    ),
}


def require_structured(result: CommandResult, code: str) -> None:
    refusal = result.refusal
    assert refusal is not None, code
    assert (result.outcome, refusal.code) == (CommandOutcome.REFUSED, code), refusal
    assert code.startswith(refusal.category.value)
    assert all((refusal.message, refusal.remediation, refusal.stage, refusal.retry, refusal.correlation_id))
    assert result.event_ids == ()


def left_by_refusals(hosted: HostedAggregate, refusals: int) -> Counter[str]:
    """Rows refused commands may leave: the memory of each, and the attempt of each where attempts are facts."""
    attempts = refusals if hosted.captures else 0
    return +Counter({"commands": refusals, "events": attempts, "outbox": attempts})


@pytest.mark.parametrize("hosted", HOSTED, ids=lambda hosted: hosted.name)
def test_a_mistake_is_refused_with_its_reason_and_writes_nothing(
    store: AggregateStore, connection: Connection, hosted: HostedAggregate
) -> None:
    (creation, created_at), *further = life(hosted, "acme")
    first = creation.model_copy(update={"idempotency_key": KEY})
    *before, (good, at) = further
    for result in store.handle_many([(first, created_at), *before]):
        assert result.outcome is CommandOutcome.ACCEPTED, result.refusal
    standing, rows = store.load(good.aggregate_id, hosted.name), totals(connection)

    for mistake, code in MISTAKES.values():
        result = store.handle(mistake(first, good), at)
        require_structured(result, code.format(code=SUBJECTS[hosted.name].machine.code))

    assert store.load(good.aggregate_id, hosted.name)[1] == standing[1]
    assert totals(connection) - rows == left_by_refusals(hosted, len(MISTAKES))
    assert store.handle(good, at).outcome is CommandOutcome.ACCEPTED, "its id is not spent"


@pytest.mark.parametrize("hosted", HOSTED, ids=lambda hosted: hosted.name)
def test_what_is_too_large_to_publish_writes_nothing(
    store: AggregateStore, connection: Connection, hosted: HostedAggregate
) -> None:
    (first, at), *_ = life(hosted, "acme")
    oversize = altered(first, correlation_id="x" * PUBLISHED_BYTES_MAX)

    if hosted.captures:  # not even the attempt could be published
        with pytest.raises(ContractError, match="900000 are allowed"):
            store.handle(oversize, at)
    else:
        require_structured(store.handle(oversize, at), "STRUCTURAL_UNPUBLISHABLE")

    assert totals(connection) == left_by_refusals(hosted, 0 if hosted.captures else 1)
    assert store.handle(first, at).outcome is CommandOutcome.ACCEPTED


def test_refusals_of_every_category_write_nothing(store: AggregateStore, connection: Connection) -> None:
    """All that aggregates refuse by themselves; that somebody downstream is silent is for their callers to say."""
    met: set[Category] = set()
    for hosted in HOSTED:
        before, refused, told = totals(connection), 0, 0
        for seed in range(12):
            for result in store.handle_many([sent for sent, _ in trials(hosted, f"t{seed}", seed, 40, sensibly=False)]):
                told += len(result.event_ids) if result.outcome is CommandOutcome.ACCEPTED else 0
                if result.refusal is not None:
                    require_structured(result, result.refusal.code)
                    met.add(result.refusal.category)
                    refused += 1
        left = totals(connection) - before
        assert refused, hosted.name
        assert left["events"] == left["outbox"], hosted.name
        assert hosted.captures or left["events"] == told, hosted.name
    assert met == set(Category) - {Category.DOWNSTREAM_TIMEOUT}
