"""What happens to the catalogue and to the programme's own fields."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntrySaved(Event):
    """An entry was changed; `fields` names what of it reads differently, never the values."""

    entry_id: int
    kind: str
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomFieldAdded(Event):
    """`subject` says what it is kept about: lead, partner or customer."""

    field_id: int
    subject: str
    user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomFieldChanged(Event):
    """`fields` names what of it reads differently, never the values."""

    field_id: int
    subject: str
    user_id: int | None
    fields: list[str]
