"""The one tree of errors.

    OrdertruthError
    ├── Refusal               a command the aggregate will not carry out; nine categories (R429-R438)
    ├── ConfigurationError    settings, files or arguments are wrong: the user can mend them      exit 2
    ├── UnavailableError      a part of the platform is away: waiting or restarting can mend it   exit 3
    ├── ContractError         a schema, topic or record breaks its contract                       exit 1
    │   └── RecordError       one record cannot be read or applied: it goes to the dead letters
    └── IntegrityError        stored data contradicts itself: nothing may go on by itself         exit 3

Every error says what happened, to which thing, and what to do about it (`remediation`).
"""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    """The nine categories a refusal falls into (R429-R437)."""

    STRUCTURAL = "STRUCTURAL"
    REFERENCE = "REFERENCE"
    STATE = "STATE"
    STALENESS = "STALENESS"
    CONFLICT = "CONFLICT"
    AUTHORIZATION = "AUTHORIZATION"
    POLICY = "POLICY"
    FEASIBILITY = "FEASIBILITY"
    DOWNSTREAM_TIMEOUT = "DOWNSTREAM_TIMEOUT"


class Retry(StrEnum):
    """What the sender of a refused command should do (R429-R437)."""

    NEVER_UNCHANGED = "NEVER_UNCHANGED"
    AFTER_SYNC = "AFTER_SYNC"
    AFTER_STATE_CHANGE = "AFTER_STATE_CHANGE"
    AFTER_REQUOTE = "AFTER_REQUOTE"
    AFTER_POLICY_CHANGE = "AFTER_POLICY_CHANGE"
    MAYBE_LATER = "MAYBE_LATER"
    YES = "YES"


RETRY_ADVICE: dict[Category, Retry] = {
    Category.STRUCTURAL: Retry.NEVER_UNCHANGED,
    Category.REFERENCE: Retry.AFTER_SYNC,
    Category.STATE: Retry.AFTER_STATE_CHANGE,
    Category.STALENESS: Retry.AFTER_REQUOTE,
    Category.CONFLICT: Retry.NEVER_UNCHANGED,
    Category.AUTHORIZATION: Retry.NEVER_UNCHANGED,
    Category.POLICY: Retry.AFTER_POLICY_CHANGE,
    Category.FEASIBILITY: Retry.MAYBE_LATER,
    Category.DOWNSTREAM_TIMEOUT: Retry.YES,
}


class Severity(StrEnum):
    """Whether the finding stops the command or only accompanies its result (R438)."""

    BLOCKING = "BLOCKING"
    WARNING = "WARNING"


class OrdertruthError(Exception):
    """Root of every error raised on purpose.

    `message` says what happened to which thing, `remediation` what to do about it.
    """

    exit_code = 1

    def __init__(self, message: str, *, remediation: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remediation = remediation

    def __str__(self) -> str:
        return f"{self.message} {self.remediation}".strip()


class Refusal(OrdertruthError):  # noqa: N818 - a refusal is an answer, not a malfunction
    """A command that changes nothing, with the reason in the shape of R438.

    `code` starts with its category (`STATE_ILLEGAL_TRANSITION`); `stage` is the validation stage that
    refused (R439-R445).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        remediation: str,
        stage: str = "INTAKE",
        severity: Severity = Severity.BLOCKING,
        correlation_id: str | None = None,
    ) -> None:
        super().__init__(message, remediation=remediation)
        self.code = code
        self.stage = stage
        self.severity = severity
        self.correlation_id = correlation_id

    @property
    def category(self) -> Category:
        """The category the code begins with."""
        return next(c for c in Category if self.code.startswith(f"{c.value}_"))

    @property
    def retry(self) -> Retry:
        """Whether sending the command again can help (R429-R437)."""
        return RETRY_ADVICE[self.category]


class ConfigurationError(OrdertruthError):
    """Settings, files or arguments are wrong; the user can mend them."""

    exit_code = 2


class UnavailableError(OrdertruthError):
    """A part of the platform does not answer; nothing was lost, try again when it is back."""

    exit_code = 3


class IntegrityError(OrdertruthError):
    """Stored data contradicts itself; going on could lose or double-count, so nothing does."""

    exit_code = 3


class ContractError(OrdertruthError):
    """A schema, a topic or a record breaks the contract it is under."""


class RecordError(ContractError):
    """One record that cannot be read or applied; it is dead-lettered byte for byte.

    `stage` is where it failed (`decode`, `apply`), `code` a stable word for counting.
    """

    def __init__(self, code: str, message: str, *, stage: str, remediation: str = "") -> None:
        super().__init__(message, remediation=remediation)
        self.code = code
        self.stage = stage
