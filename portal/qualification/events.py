"""What happens while inquiries are qualified. Ids, codes and numbers only."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryRouted(Event):
    """An inquiry was given to a unit, or to a person; `route_id` None: by where its contact is."""

    unit_id: int | None
    user_id: int | None
    route_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiriesRouted(Event):
    """Many inquiries were given to units and people at once."""

    count: int
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesChanged(Event):
    """A rule that routes inquiries was added, changed, moved or removed, or a step of it."""

    user_id: int
    route_id: int | None
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactTried(Event):
    """Somebody tried to reach the contact of a lead."""

    user_id: int
    outcome: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationHandedOn(Event):
    """A step of the qualification is done; the next unit has the lead."""

    user_id: int
    step_before: str
    step: str
    unit_id: int
    to_user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadNurtured(Event):
    """A lead that is not ready yet is kept warm until a moment, with mails.

    Nobody is `user_id` where its policy says so, because no firm wanted it, or a rule, because it
    was lost for a reason.
    """

    user_id: int | None
    until: str
    archived: bool
    reason_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NurtureRulesChanged(Event):
    """Which reasons have lost leads go into nurture."""

    user_id: int
    reasons: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NurtureEnded(Event):
    """Nurture is over: its time has come, somebody ended it, or the contact wants no mails."""

    user_id: int | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLeft(Event):
    """The contact of a lead that somebody holds asked for no more mails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NurtureMailSent(Event):
    """A mail of nurture was handed to the queue."""

    mail_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NurtureMailsChanged(Event):
    """A mail of nurture was added, changed or removed."""

    user_id: int
    mail_id: int
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadConfirmed(Event):
    """Who works on a lead asked the contact again: the interest is there (SQL)."""

    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationTakenBack(Event):
    """Who works on a lead says that the interest is not confirmed after all."""

    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersCompleted(Event):
    """Who works on a lead answered questions of its script; `fields` are their names."""

    user_id: int
    fields: list[str]
