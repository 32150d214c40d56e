"""What happens to leads before they are offered. Ids, codes and numbers only."""

from __future__ import annotations

from dataclasses import dataclass, field

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCaptured(Event):
    """`user_id` is None where no person typed it in."""

    source_system: str
    user_id: int | None = None
    suppressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPutBack(Event):
    """Who had begun to qualify a lead leaves; it waits in the queue again."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTaken(Event):
    """Somebody took the next lead of the queue."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryGiven(Event):
    """Somebody gave an inquiry to `user_id`, who is to qualify it."""

    user_id: int
    by_user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationSaved(Event):
    """`fields` are the names of what was changed, never the values."""

    user_id: int
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaksConfirmed(Event):
    """Somebody looked at what the text gives away and let it stand; `kinds` by field."""

    user_id: int
    kinds: dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftsStale(Event):
    """Inquiries that somebody began to qualify have not been touched for days."""

    user_id: int
    lead_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSeen(Event):
    """Who a lead is about did something by himself: visited, downloaded, answered, asked again."""

    signal_id: int
    kind: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadQualified(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadDisqualified(Event):
    user_id: int | None
    reason_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSuppressed(Event):
    """`on_offer` are leads of the same contact that partners see at this moment."""

    reason: str
    marked: list[int]
    on_offer: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionLifted(Event):
    """Somebody may be approached again; `kind` is that of the entry, `lead_ids` his leads.

    The reason stands in the private part.
    """

    user_id: int
    kind: str
    lead_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactShown(Event):
    """Somebody was shown contact data; `lead_ids` where it was that of several leads at once.

    `instead_of` are the colleagues for whom she stood in.
    """

    user_id: int
    lead_ids: list[int]
    instead_of: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibilityChanged(Event):
    """The programme chose who sees what: `field tier phase` by what it was and what it is."""

    user_id: int
    shown: list[str]
    hidden: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadOwnerSet(Event):
    """Somebody else of the vendor answers for a lead."""

    user_id: int
    was_user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTeamJoined(Event):
    user_id: int
    by_user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTeamLeft(Event):
    user_id: int
    by_user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadHandedOver(Event):
    """Its owner gave a lead to operations; `due_on` is an ISO date. The note stays where it is."""

    hand_over_id: int
    user_id: int
    due_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDatesChanged(Event):
    """The key dates that somebody changed: ISO dates by name, empty where there is none.

    `user_id` is None where the type of the lead set them.
    """

    user_id: int | None
    dates_before: dict[str, str]
    dates: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverTaken(Event):
    hand_over_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadHandedBack(Event):
    """Operations are done with a lead; it is back with `owner_id`, who asked for it."""

    hand_over_id: int
    user_id: int
    owner_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftBegun(Event):
    """Somebody began a new version of the lead definition, out of `source_id` where it is named."""

    definition_id: int
    source_id: int | None
    user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftChanged(Event):
    """A draft of the lead definition says something else; `part` is where, as `statuses.won`."""

    definition_id: int
    user_id: int | None
    version: int
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftDiscarded(Event):
    definition_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionActivated(Event):
    """A version of the lead definition holds from now on, instead of `replaces`.

    `moved` counts leads by where they were and went: `organisation/waiting organisation/proposal`.
    """

    definition_id: int
    replaces: int
    user_id: int | None
    moved: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadStatusChanged(Event):
    """Somebody put a lead into another status of its state; `before` and `after` are keys."""

    user_id: int
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFiguresChanged(Event):
    """Somebody changed figures of an opportunity; `fields` are their names, never the values."""

    user_id: int
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadInterestsChanged(Event):
    """Somebody noted what is asked of products; the words stand on the lead alone."""

    user_id: int
    product_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadArchived(Event):
    """A dead lead is kept for later; `returns_on` is an ISO date, empty for none."""

    user_id: int
    returns_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadUnarchived(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRevived(Event):
    """A dead lead is to be qualified anew; `was` is the key of the status in which it had ended.

    Nobody is `user_id` where its nurture is over.
    """

    user_id: int | None
    was: str
    reason_id: int | None
