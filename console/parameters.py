"""The parameters requests have in common; one that is not declared is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from console.paging import LIMIT_DEFAULT, LIMIT_MAX

TEXT_MAX = 400
CURSOR_MAX = 2000
STALENESS_MS_MAX = 7 * 24 * 3600 * 1000

# Control characters are in no id, and PostgreSQL has no room for NUL.
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"

Text = Annotated[str, Field(min_length=1, max_length=TEXT_MAX, pattern=PRINTABLE)]
"""A value to look for."""

Id = Annotated[str, Path(min_length=1, max_length=TEXT_MAX, pattern=PRINTABLE, description="Begins with the tenant.")]
"""Identity of what is asked for."""


class Freshly(BaseModel):
    """What may be asked of every view."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    max_staleness_ms: Annotated[
        int | None,
        Field(ge=0, le=STALENESS_MS_MAX, description="Refuse (412) when the view is further behind its owners."),
    ] = None


class Paged(Freshly):
    """What may be asked of every list."""

    cursor: Annotated[
        str | None, Field(min_length=1, max_length=CURSOR_MAX, description="`nextCursor` of the page before.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX, description="Rows on the page.")] = LIMIT_DEFAULT

    def filters(self) -> dict[str, object]:
        """What narrows the list, by the names the API has for it."""
        return self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"cursor", "limit", "max_staleness_ms", "format"}
        )

    def by_columns(self, columns: Mapping[str, str]) -> dict[str, object]:
        """The same by columns of the table, `columns` being theirs by the API's names."""
        given = self.filters()
        return {column: given[name] for name, column in columns.items() if name in given}


class Exported(Paged):
    """What may be asked of a list that can be had whole, as a table."""

    format: Annotated[
        Literal["json", "csv"] | None,
        Field(description="`csv`: every row, as a table; so does `Accept: text/csv`."),
    ] = None
