"""Commands that PostgreSQL could not write down, put into a shape in which they can be refused."""

from __future__ import annotations

import re

from domain.command import Command
from domain.errors import ContractError, Refusal

ID_BYTES_MAX = 500
"""Longest id: ids are index keys, and an index entry is limited to about a third of a page."""

# JSON text writes NUL as \u0000; an even number of backslashes before it belongs to other characters.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_IDS = ("aggregate_id", "command_id")

TEXT_BYTES_MAX = 2_000
"""Longest text around a payload: it travels in the headers of every event, and of the attempt that is left."""
_AROUND = ("reason_code", "correlation_id", "causation_id", "traceparent")
_SHOWN_MAX = 100
"""How many characters are kept of a text that is too long."""


def storable(command: Command) -> tuple[Command, Refusal | None]:
    """The command, or one like it that can be stored together with the reason why the original is refused.

    A NUL character cannot be stored as text; it is shown as the replacement character. Of a text around the payload
    that is too long to travel the beginning is kept. Raises `ContractError` when an id is too long to be a key: such
    a command cannot even be remembered.
    """
    for name in _IDS:
        if len(getattr(command, name).encode()) > ID_BYTES_MAX:
            message = f"The {name} of a {command.name} is longer than {ID_BYTES_MAX} bytes."
            raise ContractError(message, remediation="Shorten it, and send the command again.")
    shortened, too_long = _shortened(command)
    text = shortened.model_dump_json(by_alias=True)
    if "\\u0000" not in text:
        return shortened, too_long
    cleaned = _NUL.sub("\\1\N{REPLACEMENT CHARACTER}", text)
    if cleaned == text:
        return shortened, too_long
    refusal = Refusal(
        "STRUCTURAL_NUL_CHARACTER",
        f"The {command.name} holds a NUL character.",
        remediation="Remove it; text must not contain U+0000.",
    )
    return type(command).model_validate_json(cleaned), refusal


def _shortened(command: Command) -> tuple[Command, Refusal | None]:
    texts = {name: getattr(command, name) for name in _AROUND}
    who = {f"actor.{name}": text for name, text in command.actor}
    long = [n for n, text in (texts | who).items() if text is not None and len(text.encode()) > TEXT_BYTES_MAX]
    if not long:
        return command, None
    kept = {n: f"{text[:_SHOWN_MAX]}..." for n, text in (texts | who).items() if n in long}
    actor = {name.removeprefix("actor."): text for name, text in kept.items() if name.startswith("actor.")}
    around = {name: text for name, text in kept.items() if name in texts}
    refusal = Refusal(
        "STRUCTURAL_TOO_LONG",
        f"The {', '.join(long)} of the {command.name} is longer than {TEXT_BYTES_MAX} bytes.",
        remediation="Shorten it, and attach documents by reference.",
    )
    return command.model_copy(update={**around, "actor": command.actor.model_copy(update=actor)}), refusal
