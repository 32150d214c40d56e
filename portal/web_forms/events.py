"""What happens to forms and what comes by them. Ids only."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FormMade(Event):
    form_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FormChanged(Event):
    """`fields` are the names of what was changed."""

    form_id: int
    user_id: int
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAnswered(Event):
    """Somebody sent a form, and it became this lead, or news of it."""

    form_id: int
    entry_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FormWaits(Event):
    """Somebody sent a form; whether the address is his is still to be confirmed."""

    form_id: int
    entry_id: int
