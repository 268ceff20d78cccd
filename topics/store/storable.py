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


def storable(command: Command) -> tuple[Command, Refusal | None]:
    """The command, or one like it that can be stored together with the reason why the original is refused.

    A NUL character cannot be stored as text; it is shown as the replacement character. Raises `ContractError` when
    an id is too long to be a key: such a command cannot even be remembered.
    """
    for name in _IDS:
        if len(getattr(command, name).encode()) > ID_BYTES_MAX:
            message = f"The {name} of a {command.name} is longer than {ID_BYTES_MAX} bytes."
            raise ContractError(message, remediation="Shorten it, and send the command again.")
    text = command.model_dump_json(by_alias=True)
    if "\\u0000" not in text:
        return command, None
    cleaned = _NUL.sub("\\1\N{REPLACEMENT CHARACTER}", text)
    if cleaned == text:
        return command, None
    refusal = Refusal(
        "STRUCTURAL_NUL_CHARACTER",
        f"The {command.name} holds a NUL character.",
        remediation="Remove it; text must not contain U+0000.",
    )
    return type(command).model_validate_json(cleaned), refusal
