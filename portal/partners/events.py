"""What happens to partner profiles."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAdded(Event):
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnersExported(Event):
    """Somebody took a copy of the partners; `filters` are the names of what narrowed it."""

    kind: str
    filters: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerProfileChanged(Event):
    """`fields` names what changed, never the values."""

    organisation_id: int
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHoursChanged(Event):
    """`fields` names what changed of when an organisation works, never the values."""

    organisation_id: int
    user_id: int
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceAdded(Event):
    organisation_id: int
    absence_id: int
    user_id: int | None
    delegate_id: int | None = None
    by_user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceRemoved(Event):
    organisation_id: int
    absence_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingChanged(Event):
    """A firm chose what its distributor sees of it: nothing, figures or deals."""

    organisation_id: int
    shares: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerGroupChanged(Event):
    """A group was made or changed; `added` and `removed` are firms."""

    group_id: int
    added: list[int]
    removed: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerContactsChanged(Event):
    """A contact was added, changed or removed, or another one takes responsibility for leads."""

    organisation_id: int
    contact_id: int
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepProfileChanged(Event):
    """Somebody said what a person of a partner is good at; `fields` names what changed."""

    user_id: int
    organisation_id: int
    fields: list[str]
