"""What every command starts with: the settings, and logs on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.settings import Settings


def open_session(*, service: bool = False) -> Settings:
    """Read the settings and point the logs at standard error, so that standard output holds results alone.

    A service logs what it does; a command that a person waits for only what goes wrong, unless the level is set.
    Raises ConfigurationError as `load_settings` does.
    """
    from compose.settings import load_settings

    settings = load_settings()
    chosen = service or "log_level" in settings.model_fields_set
    configure_logs(settings.log_level if chosen else "warning")
    return settings


def configure_logs(level: str) -> None:
    """Structured logs: readable lines on a terminal, JSON elsewhere."""
    import structlog

    on_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if on_terminal else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
