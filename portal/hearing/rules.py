"""When a person hears of what, by her wishes; what is put off, and for how long. Pure.

The sender and the preview of what would have come last week ask the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from portal.accounts.permissions import PICKING_ROLES, Permission
from portal.hearing.models import Extent, Hears, Subject, Topic

STOOD_STILL = timedelta(minutes=15)
"""A sender that has not looked for so long was down: what heaped up is collected."""
LATE = timedelta(minutes=30)
"""What is told so long after it happened waits for what else is late."""
SETTLES = timedelta(minutes=5)
"""So long more of the same may still come in."""
APART = timedelta(hours=1)
"""Between two mails to a person that tell of what is late."""

FEEDBACK = frozenset({Topic.FEEDBACK_OVERDUE, Topic.FEEDBACK_DUE, Topic.FEEDBACK_SOON})
ASKING = FEEDBACK | {
    *(Topic.COMPLETION_WANTED, Topic.CONTACT_WANTED, Topic.CALL_MISSED, Topic.REMINDED),
}
"""What asks a holder how far she is."""
PRESSING = ASKING | {
    *(Topic.ANSWER_WANTED, Topic.PARTNER_LATE, Topic.TEAM_LATE, Topic.OFFER_ENDS),
    Topic.NOT_CALLED,
}
"""What tells of a deadline: of that a person gets at most one mail an hour."""
OF_OFFERS = frozenset({Topic.LEAD_OFFERED, Topic.OFFER_ENDS, Topic.OFFER_CHANGED})
"""What which leads she wants to hear of narrows down; nothing else is left out by it."""
MANDATORY = (ASKING - {Topic.FEEDBACK_SOON}) | {
    *(Topic.ANSWER_WANTED, Topic.PAUSED, Topic.RECALLED, Topic.CLOSED_FOR_YOU),
    Topic.NOT_WANTED,
}
"""What nobody can switch off: what she owes, and what was taken out of her hands.

Who wants to hear of it never, or once a week, hears once a day.
"""
COMES_ANYWAY = ASKING | MANDATORY
"""What comes while somebody is away, too: she is asked only where nobody stands in for her."""
BY_CALENDAR = frozenset({"mondays", "fairness", "report", "sheet_weekday", "sheet_kind"})
"""Mails that come by the calendar, as they are chosen: of them nothing waits."""
IN_DIGESTS = (Hears.HOURLY, Hears.DAILY, Hears.WEEKLY)

SUBJECT_OF: Mapping[Topic, Subject] = {
    **dict.fromkeys(OF_OFFERS, Subject.NEW_LEADS),
    **dict.fromkeys(ASKING, Subject.ANSWERS),
    **dict.fromkeys((Topic.ANSWER_WANTED, Topic.PAUSED), Subject.ANSWERS),
    **dict.fromkeys((Topic.PARTNER_LATE, Topic.TEAM_LATE, Topic.NOT_CALLED), Subject.LATE),
    Topic.NOT_WANTED: Subject.MY_LEADS,
    **dict.fromkeys(
        (Topic.HELP_ANSWERED, Topic.KNOWLEDGE, Topic.MORE_TIME, Topic.RECALLED, Topic.ASKED_AGAIN),
        Subject.MY_LEADS,
    ),
    **dict.fromkeys(
        (Topic.ACTIVITY_DUE, Topic.LEAD_STIRS, Topic.CLOSED_FOR_YOU, Topic.HANDED_BACK),
        Subject.MY_LEADS,
    ),
    **dict.fromkeys((Topic.COMMENTED, Topic.CUSTOMER_WROTE, Topic.LETTER_BACK), Subject.MY_LEADS),
    **dict.fromkeys((Topic.LEADS_COOLED, Topic.DRAFTS_STALE), Subject.MY_LEADS),
    **dict.fromkeys(
        (Topic.HELP_ASKED, Topic.LEAD_WAITS, Topic.ROUND_UNPICKED, Topic.SIGN_UP_WAITS),
        Subject.DECIDE,
    ),
    Topic.LEAD_STEP: Subject.ANSWERED_FOR,
    **dict.fromkeys((Topic.TERMS_NEW, Topic.STANDS_IN), Subject.PROGRAMME),
}
HEARD_BY: Mapping[Subject, tuple[Permission, ...]] = {
    Subject.NEW_LEADS: (Permission.PICKUPS_CLAIM,),
    Subject.LATE: (Permission.PICKUPS_SEE_FIRM, Permission.BOARD_SEE),
    Subject.DECIDE: (Permission.BOARD_SEE,),
    Subject.ANSWERED_FOR: (Permission.BOARD_SEE,),
}
"""Who hears of a subject at all; of all others everybody does."""
COLLECTED = frozenset({Subject.ANSWERED_FOR})
"""What comes once a day to who hears all else sooner, and has chosen nothing for it."""

Away = Callable[[datetime], datetime | None]
"""Until when a person is away at a moment; None: she is there."""

MOST_PUT_OFF = 30
"""So often a mail by the calendar is put off before nobody waits for it."""
SHEET_KINDS = ("xlsx", "csv")
FROM_HOUR = 7
"""The hour of the reader's zone from which mails by the calendar are sent."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a lead decides whether somebody wants to hear of it; None: not known."""

    temperature: str | None = None
    type_id: int | None = None
    product_ids: Collection[int] = ()
    regions: Collection[str] = ()
    least: Decimal | None = None
    most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Only:
    """Of which leads on offer a person wants to hear; empty: of all."""

    temperatures: Collection[str] = ()
    type_ids: Collection[int] = ()
    product_ids: Collection[int] = ()
    regions: Collection[str] = ()
    value_from: Decimal | None = None
    value_to: Decimal | None = None

    def covers(self, lead: Traits) -> bool:
        """Say whether a lead is among them; what is not known of it counts as fitting."""
        return (
            _meets(self.temperatures, [lead.temperature] if lead.temperature else [])
            and _meets(self.type_ids, [lead.type_id] if lead.type_id else [])
            and _meets(self.product_ids, lead.product_ids)
            and _lies_in(self.regions, lead.regions)
            and not (self.value_from is not None and _below(lead.most, self.value_from))
            and not (self.value_to is not None and _below(self.value_to, lead.least))
        )


def _meets(wanted: Collection[object], said: Collection[object]) -> bool:
    return not wanted or not said or bool(set(wanted) & set(said))


def _lies_in(wanted: Collection[str], said: Collection[str]) -> bool:
    """Say whether a lead lies in a region; one of which only the country is known may."""
    if _meets(wanted, said):
        return True
    countries = {region.partition("-")[0] for region in wanted}
    return not any("-" in region for region in said) and _meets(countries, said)


def _below(less: Decimal | None, more: Decimal | None) -> bool:
    return less is not None and more is not None and less < more


ALL = Only()


@dataclass(frozen=True, slots=True)
class Wishes:
    """When a person wants to hear of what; hours of her zone."""

    hears: str = Hears.AT_ONCE
    digest_hour: int = 8
    quiet_from: int | None = None
    quiet_until: int | None = None
    timezone: str = "Europe/Berlin"
    digest_weekday: int = 1
    by_subject: Mapping[str, str] = field(default_factory=dict)
    only: Only = ALL
    extent: str = Extent.FULL
    muted: bool = False

    @property
    def silent(self) -> bool:
        """Say whether she looks herself, and hears by mail only what nobody can switch off."""
        return self.muted or self.hears == Hears.NEVER


@dataclass(frozen=True, slots=True)
class Facts:
    """What besides her wishes decides when a person hears of something.

    The lead that it is about; until when she is away; and a moment before which others hear.
    """

    lead: Traits = field(default_factory=Traits)
    away_until: datetime | None = None
    not_before: datetime | None = None


NOTHING = Facts()


@dataclass(frozen=True, slots=True)
class Unchosen:
    """How a role hears whose people have chosen nothing: as the programme set it."""

    hears: Hears = Hears.AT_ONCE
    sheet_weekday: int | None = None
    extent: Extent = Extent.FULL
    digest_hour: int = 8
    digest_weekday: int = 1
    quiet_from: int | None = None
    quiet_until: int | None = None


AS_MADE: Mapping[str, Unchosen] = {
    "regional_manager": Unchosen(Hears.DAILY),
    "sales_manager": Unchosen(Hears.DAILY),
}
"""How roles hear where the programme has set nothing; all others hear at once."""


def mark_of(defaults: Mapping[str, Unchosen]) -> str:
    """Return by what can be told whether something else is set for a role than was seen."""
    return sha256(repr(sorted(defaults.items())).encode()).hexdigest()[:16]


def of_roles(roles: Iterable[str], defaults: Mapping[str, Unchosen]) -> Unchosen:
    """Return how somebody hears who has chosen nothing, of several roles as the most pressing.

    Hour and weekday of what is collected are the earliest of the roles with that rhythm, her sheet
    comes on the earliest day of all, and she reads as much as the fullest of those that pick up
    leads. Quiet are the shortest quiet hours, of equally long ones those with the lower hour, and
    none where one of her roles has none (`queries.in_quiet_hours` asks the same of many people).
    """
    said = {role: defaults.get(role, Unchosen()) for role in roles}
    hears = min((one.hears for one in said.values()), key=list(Hears).index, default=Hears.AT_ONCE)
    pressing = [one for one in said.values() if one.hears == hears] or [Unchosen()]
    extents = (one.extent for role, one in said.items() if role in PICKING_ROLES)
    quiet = _shortest((one.quiet_from, one.quiet_until) for one in said.values())
    return Unchosen(
        hears,
        min((one.sheet_weekday for one in said.values() if one.sheet_weekday), default=None),
        max(extents, key=list(Extent).index, default=Extent.FULL),
        min(one.digest_hour for one in pressing),
        min(one.digest_weekday for one in pressing),
        *quiet,
    )


def _shortest(hours: Iterable[tuple[int | None, int | None]]) -> tuple[int | None, int | None]:
    """Return the shortest quiet hours; none where some are none."""
    found = []
    for begins, ends in hours:
        if begins is None or ends is None:
            return None, None
        found.append(((ends - begins) % 24, begins, ends))
    return min(found)[1:] if found else (None, None)


def sheet_due_on(weekday: int, here: datetime) -> date:
    """Return the last day on which a sheet was due, `here` being the moment where its reader is."""
    today = (here - timedelta(hours=FROM_HOUR)).date()
    return today - timedelta(days=(today.isoweekday() - weekday) % 7)


def chosen_of(wishes: Wishes, topic: str) -> Hears:
    """Return what a person has chosen for a topic."""
    subject = SUBJECT_OF[Topic(topic)]
    if subject in COLLECTED and subject not in wishes.by_subject:
        return max(Hears(wishes.hears), Hears.DAILY, key=list(Hears).index)
    return Hears(wishes.by_subject.get(subject, wishes.hears))


def rhythm_of(wishes: Wishes, topic: str) -> Hears:
    """Return how a person hears of a topic, whatever she has chosen."""
    chosen = chosen_of(wishes, topic)
    if topic in MANDATORY and chosen in (Hears.NEVER, Hears.WEEKLY):
        return Hears.DAILY
    return chosen


def never_of(wishes: Wishes, topic: str) -> bool:
    """Say whether a person never hears of a topic."""
    return wishes.muted or rhythm_of(wishes, topic) == Hears.NEVER


def due_of(wishes: Wishes, topic: str, facts: Facts, at: datetime) -> datetime | None:
    """Return when to tell what is known since `at`; None where she does not want to hear of it.

    While she is away nothing is told, and all of it together once she is back: except what asks
    her to answer, which it does only where nobody stands in for her, and what is taken from her.
    """
    rhythm = rhythm_of(wishes, topic)
    if never_of(wishes, topic):
        return None
    if topic in OF_OFFERS and not wishes.only.covers(facts.lead):
        return None
    begins = max(at, facts.not_before or at)
    back = facts.away_until
    if back is not None and back > begins and topic not in COMES_ANYWAY:
        return first_hour(wishes, back)
    if rhythm == Hears.DAILY:
        return next_hour(wishes.digest_hour, wishes.timezone, begins)
    if rhythm == Hears.WEEKLY:
        return next_hour(wishes.digest_hour, wishes.timezone, begins, wishes.digest_weekday)
    if rhythm == Hears.HOURLY:
        begins = full_hour(wishes.timezone, begins)
    return quiet_end(wishes, begins) or begins


def calendar_moment(wishes: Wishes, due: date, away: Away, *, lapses: bool) -> datetime | None:
    """Return when a mail by the calendar comes that is due on a day; None where it lapses.

    As `calendar` asks of many people at once.
    """
    zone = ZoneInfo(wishes.timezone)
    at = datetime.combine(due, time(FROM_HOUR), zone)
    if lapses and away(at) is not None:
        return None
    for _again in range(MOST_PUT_OFF):
        back = away(at)
        later = next_hour(FROM_HOUR, wishes.timezone, back) if back else quiet_end(wishes, at)
        if later is None:
            return at
        at = later
    return None


def first_hour(wishes: Wishes, back: datetime) -> datetime:
    """Return when somebody hears who is back at a moment: at the hour of her digest."""
    return next_hour(wishes.digest_hour, wishes.timezone, back - timedelta(seconds=1))


def quiet_end(wishes: Wishes, at: datetime) -> datetime | None:
    """Return when the quiet hours end in which `at` falls; None where it falls in none."""
    begins, ends = wishes.quiet_from, wishes.quiet_until
    if begins is None or ends is None or begins == ends:
        return None
    hour = at.astimezone(ZoneInfo(wishes.timezone)).hour
    quiet = begins <= hour < ends if begins < ends else hour >= begins or hour < ends
    return next_hour(ends, wishes.timezone, at) if quiet else None


def next_hour(hour: int, timezone: str, at: datetime, weekday: int | None = None) -> datetime:
    """Return the next moment after `at` at which clocks in a zone show this full hour.

    With a `weekday` (1 is Monday) on such a day.
    """
    here = at.astimezone(ZoneInfo(timezone))
    found = here.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    if found <= here:
        found += timedelta(days=1)
    if weekday is not None:
        found += timedelta(days=(weekday - found.isoweekday()) % 7)
    return found.astimezone(UTC)


def full_hour(timezone: str, at: datetime) -> datetime:
    """Return the next moment after `at` at which clocks in a zone show a full hour."""
    here = at.astimezone(ZoneInfo(timezone))
    past = timedelta(minutes=here.minute, seconds=here.second, microseconds=here.microsecond)
    return at + (timedelta(hours=1) - past)


class Waiting(Protocol):
    """Something that waits to be told."""

    topic: str
    due_at: datetime


W = TypeVar("W", bound=Waiting)


@dataclass(frozen=True, slots=True)
class Before:
    """When a person was last told: in a mail about many things, and of a deadline."""

    collected_at: datetime | None = None
    pressed_at: datetime | None = None


def first_due(due: datetime, topic: str, before: Before) -> datetime:
    """Return when something is told that is due, where a deadline pressed within the last hour."""
    if topic in PRESSING and before.pressed_at is not None:
        return max(due, before.pressed_at + APART)
    return due


def take_due(
    waiting: Sequence[W],
    wishes: Wishes,
    before: Before,
    at: datetime,
    away_until: datetime | None = None,
) -> Sequence[W]:
    """Return what of all that waits is told now, in one mail; the rest is put off.

    What is due in a moment comes along. What she hears of at once waits in her quiet hours, and an
    hour after a mail about many things; what presses an hour after what pressed. Where she is away
    by now it waits until she is back.
    """
    found = [one for one in waiting if one.due_at <= at + SETTLES]
    if not any(one.due_at <= at for one in found):
        return []
    if away_until is not None and away_until > at:
        for one in found:
            if one.topic not in COMES_ANYWAY:
                one.due_at = first_hour(wishes, away_until)
        found = [one for one in found if one.topic in COMES_ANYWAY]
    quiet = quiet_end(wishes, at)
    apart = before.collected_at + APART if before.collected_at else at
    for one in found:
        if rhythm_of(wishes, one.topic) in (Hears.AT_ONCE, Hears.HOURLY):
            later = quiet or (apart if rhythm_of(wishes, one.topic) == Hears.AT_ONCE else at)
            one.due_at = max(one.due_at, later) if later > at else one.due_at
        one.due_at = first_due(one.due_at, one.topic, before)
    told = [one for one in found if one.due_at <= at + SETTLES]
    return told if any(one.due_at <= at for one in told) else []


def there(_at: datetime) -> None:
    """Somebody is never away."""


FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True, eq=False)
class Thing:
    """Something that came up for a person; it is `over_at` a moment, where that is known."""

    topic: str
    at: datetime
    facts: Facts = NOTHING
    lead_id: int | None = None
    over_at: datetime | None = None
    due_at: datetime = FOREVER


@dataclass(frozen=True, slots=True)
class Planned:
    """A mail of many things, or of one."""

    at: datetime
    things: Sequence[Thing]


@dataclass(slots=True)
class Plan:
    """In which mails a person hears of what came up, and of what in none."""

    mails: list[Planned] = field(default_factory=list)
    unwanted: list[Thing] = field(default_factory=list)
    collected_at: datetime | None = None
    pressed_at: datetime | None = None

    def before(self) -> Before:
        """Return when she was last told."""
        return Before(self.collected_at, self.pressed_at)

    def tell(self, things: Sequence[Thing], at: datetime) -> None:
        """Add a mail."""
        self.mails.append(Planned(at, things))
        if any(one.topic in PRESSING for one in things):
            self.pressed_at = at


def plan(wishes: Wishes, things: Iterable[Thing], away: Away = there) -> Plan:
    """Return in which mails a person hears of what came up, each thing noted as it did."""
    made = Plan()
    waiting: list[Thing] = []
    for thing in sorted(things, key=lambda one: one.at):
        _tell_waiting(made, waiting, wishes, away, thing.at)
        facts = replace(thing.facts, away_until=away(thing.at))
        due = due_of(wishes, thing.topic, facts, thing.at)
        if due is None:
            made.unwanted.append(thing)
            continue
        thing.due_at = first_due(due, thing.topic, made.before())
        if thing.due_at <= thing.at:
            made.tell([thing], thing.at)
        else:
            waiting.append(thing)
    _tell_waiting(made, waiting, wishes, away, None)
    return made


def _tell_waiting(
    made: Plan, waiting: list[Thing], wishes: Wishes, away: Away, until: datetime | None
) -> None:
    """Tell what is due before a moment, or all that waits; what is over by then is left out."""
    while waiting and (until is None or min(one.due_at for one in waiting) < until):
        at = min(one.due_at for one in waiting)
        ready = take_due(waiting, wishes, made.before(), at, away(at))
        waiting[:] = [one for one in waiting if one not in ready]
        told = [one for one in ready if one.over_at is None or one.over_at > at]
        if told:
            made.collected_at = at
            made.tell(told, at)
