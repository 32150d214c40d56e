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


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCancelled(Event):
    """Somebody ended an import before its last row; `rows` are in."""

    import_id: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportUndone(Event):
    """An import is taken back: leads that it made are gone, or are again what they were."""

    import_id: int
    user_id: int | None
    removed: int
    restored: int
    kept: int
