"""What happens to the pages that look into several rooms."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExported(Event):
    """Somebody took a copy of the record of what happened; `filters` by name."""

    filters: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsExported(Event):
    """Somebody took a copy of a list of leads; `filters` are the names of what narrowed it."""

    kind: str
    filters: list[str]
    columns: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSaved(Event):
    """Somebody saved a view of the leads, or changed it."""

    view_id: int
    user_id: int
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRemoved(Event):
    view_id: int
    user_id: int
