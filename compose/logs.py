"""Logs of every process: one shape, on standard error, whoever speaks: this code, Faust, or the Kafka client."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.typing import EventDict, Processor, WrappedLogger

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class _Handler(logging.StreamHandler[Any]):
    """Ours, so that it can be found and replaced."""


def configure_logs(level: str, **always: str) -> None:
    """Structured logs: readable lines on a terminal, one JSON object for each line elsewhere.

    `always` stands in every line that does not say otherwise. Of other libraries only warnings and errors are told,
    Python's own warnings among them.
    """
    on_terminal = sys.stderr.isatty()
    said: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _Always(always),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([] if on_terminal else [structlog.processors.format_exc_info]),
    ]
    renderer: Processor = structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*said, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = _Handler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, _on_one_line, *said],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    forget_logs()
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(max(logging.WARNING, _LEVELS[level]))
    logging.captureWarnings(capture=True)


def forget_logs() -> None:
    """Take our handler away again."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _Handler)]:
        root.removeHandler(handler)
    logging.captureWarnings(capture=False)


def log_what_nobody_caught() -> None:
    """Let exceptions that end a thread or the process be log lines too."""
    log = structlog.get_logger("uncaught")

    def ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("uncaught exception", error=repr(error), exc_info=(kind, error, trace))

    def thread_ended(given: threading.ExceptHookArgs) -> None:
        if given.exc_value is not None and given.exc_type is not SystemExit:
            name = given.thread.name if given.thread else ""
            trace = (given.exc_type, given.exc_value, given.exc_traceback)
            log.critical("uncaught exception", thread=name, error=repr(given.exc_value), exc_info=trace)

    sys.excepthook = ended
    threading.excepthook = thread_ended


class _Always:
    """Fields every line has unless it says otherwise."""

    def __init__(self, fields: dict[str, str]) -> None:
        self._fields = fields

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {**event, **{name: value for name, value in self._fields.items() if name not in event}}


def _on_one_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Faust pads its messages with line breaks and signs for terminals."""
    text = str(event.get("event", ""))
    event["event"] = " ".join(text.split())
    return event
