"""What every command starts with: the settings, and logs on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.settings import Settings


def open_session(*, service: bool = False, **always: str) -> Settings:
    """Read the settings and point the logs at standard error, so that standard output holds results alone.

    A service logs what it does, with the fields of `always` in each line; a command that a person waits for only
    what goes wrong, unless the level is set. Raises ConfigurationError as `load_settings` does.
    """
    from compose.logs import configure_logs, log_what_nobody_caught
    from compose.settings import load_settings

    settings = load_settings()
    chosen = service or "log_level" in settings.model_fields_set
    configure_logs(settings.log_level if chosen else "warning", **always)
    if service:
        log_what_nobody_caught()
    return settings
