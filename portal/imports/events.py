"""What happens to lists of leads. Ids, codes and numbers only."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsImported(Event):
    """A file is in; the counts are those of its report."""

    import_id: int
    user_id: int | None
    rows: int
    imported: int
    unchanged: int
    refused: int
    disqualified: int
