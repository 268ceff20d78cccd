"""Commands that cannot be carried out, on every hosted aggregate: a structured refusal, and nothing is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from pydantic import ValidationError

from domain.command import Command, CommandOutcome, CommandResult
from domain.errors import Category, Severity
from domain.model import Model
from tests.domain.machine_walk import STRANGER
from tests.topics.conftest import new_database
from tests.topics.hosted_commands import SUBJECTS, life, trials
from tests.topics.test_store_commands import totals
from topics.store import migrate
from topics.store.hosting import HOSTED, HostedAggregate
from topics.store.recording import PUBLISHED_BYTES_MAX
from topics.store.work import MESSAGE_MAX

if TYPE_CHECKING:
    from psycopg import Connection

    from compose.stack.endpoints import Endpoints
    from topics.store import AggregateStore

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def database(stack: Endpoints) -> Iterator[str]:
    """One for all tests here: each aggregate has tenants of its own in each."""
    with new_database(stack) as made, psycopg.connect(made) as connection:
        migrate(connection)
        connection.commit()
        yield made


KEY = "the key of the creation"


def altered(command: Command, **fields: Any) -> Command:
    """The same command under an id of its own, with other fields."""
    return command.model_copy(update={"command_id": f"{command.command_id}/{'/'.join(fields)}", **fields})


def another_payload(first: Command) -> Command:
    """The creation asking for something else under the key it was sent with."""
    own = sorted(set(type(first).model_fields) - set(Command.model_fields))
    return altered(first, **next(change for change in map(partial(changed, first), own) if change))


def changed(model: Model, name: str, more: str = "-other") -> dict[str, Any]:
    """A longer value for a field, where it holds or contains a text."""
    value = getattr(model, name)
    if type(value) is str:
        return {name: value + more}
    inner = [changed(value, each, more) for each in type(value).model_fields] if isinstance(value, Model) else []
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
    assert refusal.severity is Severity.BLOCKING
    assert len(refusal.message) <= MESSAGE_MAX
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


def oversize(first: Command) -> list[Command]:
    """The creation with a text that fits no record, in each place in turn where it may have one."""
    own = sorted(set(type(first).model_fields) - set(Command.model_fields))
    long = [altered(first, **text) for name in own if (text := changed(first, name, "x" * PUBLISHED_BYTES_MAX))]
    return [command for command in long if can_be_made(command)]


KNOWN_TEXTS_ONLY = {"CaseDecision", "ConsumerCheckpoint", "FulfillmentPlan"}
"""Every text of their creations is an id of something: one that is too large is unknown."""


def can_be_made(command: Command) -> bool:
    try:
        type(command).model_validate_json(command.model_dump_json())
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("hosted", HOSTED, ids=lambda hosted: hosted.name)
def test_what_is_too_large_to_publish_writes_nothing(
    store: AggregateStore, connection: Connection, hosted: HostedAggregate
) -> None:
    (first, at), *_ = life(hosted, "large")
    sent, before = oversize(first), totals(connection)

    codes = set()
    for command in sent:
        result = store.handle(command, at)
        assert result.refusal is not None, command.command_id
        require_structured(result, result.refusal.code)
        codes.add(result.refusal.code)
    assert ("STRUCTURAL_UNPUBLISHABLE" in codes) is (hosted.name not in KNOWN_TEXTS_ONLY), codes
    around = altered(first, correlation_id="x" * PUBLISHED_BYTES_MAX)
    require_structured(store.handle(around, at), "STRUCTURAL_TOO_LONG")

    assert totals(connection) - before == left_by_refusals(hosted, len(sent) + 1)
    assert store.handle(first, at).outcome is CommandOutcome.ACCEPTED


def stored_of(connection: Connection) -> Counter[str]:
    """How many events there are of each type of aggregate; as many wait in the outbox."""
    found = connection.execute(
        "SELECT aggregate_type, count(*) FROM aggregates.events JOIN aggregates.outbox USING (event_id) GROUP BY 1"
    )
    events = Counter({str(kind): int(number) for kind, number in found})
    assert events.total() == totals(connection)["events"] == totals(connection)["outbox"]
    return events


SEEDS, STEPS = 8, 30


def test_refusals_of_every_category_write_nothing(store: AggregateStore, connection: Connection) -> None:
    """All that aggregates refuse by themselves; that somebody downstream is silent is for their callers to say."""
    met: dict[Category, set[str]] = defaultdict(set)
    for hosted in HOSTED:
        before, expected = stored_of(connection), Counter[str]()
        tried = [t for seed in range(SEEDS) for t in trials(hosted, f"t{seed}", seed, STEPS, sensibly=False)]
        for trial, result in zip(tried, store.handle_many([trial.sent for trial in tried]), strict=True):
            accepted = result.outcome is CommandOutcome.ACCEPTED
            expected[hosted.name] += len(result.event_ids) if accepted else 0
            expected["OrderCaptureAttempt"] += hosted.leaves_attempt(type(trial.sent[0]), result.outcome)
            if result.refusal is not None:
                require_structured(result, result.refusal.code)
                met[result.refusal.category].add(hosted.name)
        assert stored_of(connection) - before == +expected, hosted.name
    assert set(met) == set(Category) - {Category.DOWNSTREAM_TIMEOUT}
    everybody = {hosted.name for hosted in HOSTED}
    assert met[Category.CONFLICT] == everybody
    assert met[Category.STATE] == everybody - {"ConsumerCheckpoint"}, "which has one state"
