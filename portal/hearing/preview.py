"""What a person would have heard in the last week under wishes that are not saved yet.

What came up for her stands in the notices, told or not; when it is told decides the sender's own
rules. What was over when its mail was due is left out, as the sender does. Mails by the calendar
stand with the moment at which they were due; whether there was anything in them is not looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, or_, select

from portal.accounts.models import User
from portal.core.db import session
from portal.feedback.models import Feedback
from portal.hearing.models import Extent, Hears, Notice, Outcome, Subject, Topic
from portal.hearing.queries import back_from, read_traits
from portal.hearing.rules import (
    ASKING,
    OF_OFFERS,
    SUBJECT_OF,
    Away,
    Facts,
    Thing,
    Traits,
    Wishes,
    calendar_moment,
    plan,
)
from portal.hearing.words import EXTENTS
from portal.leads.models import Lead
from portal.offers.models import Dismissal, Offer, OfferRound
from portal.offers.queries import teaser_titles
from portal.partners.models import Absence
from portal.partners.rules import day_at
from portal.pickup.models import Pickup

SPAN = timedelta(days=7)
LOOKS_BACK = 2 * SPAN
"""What came up a week earlier may have been told in this one."""
MOST_THINGS = 1000
NAMED = 3
NOTHING_BY_CALENDAR: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Line:
    """One mail: when, about how much of what, and the first leads that it names.

    `extent` is how much of each lead on offer stands in it.
    """

    at: datetime
    said: str
    leads: Sequence[str] = ()
    more: int = 0
    extent: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The mails of a week, and how many leads on offer would not have been told.

    `besides` says whether mails about what she does herself come, too.
    """

    lines: Sequence[Line]
    left_out: int
    besides: bool


def look_back(
    user: User, wishes: Wishes, at: datetime, by_calendar: Mapping[str, Any] = NOTHING_BY_CALENDAR
) -> Preview:
    """Return what a person would have heard in the week before `at`.

    `by_calendar` are the mails by the calendar that she may have, as they are chosen.
    """
    things = list_things(user, at - LOOKS_BACK, at)
    gone = list_absences(user)
    made = plan(wishes, things, lambda moment: away_at(gone, user, moment))
    mails = [mail for mail in made.mails if at - SPAN < mail.at <= at]
    out = {
        one.lead_id
        for one in made.unwanted
        if one.topic == Topic.LEAD_OFFERED and one.at > at - SPAN
    }
    names = name_leads({one.lead_id for mail in mails for one in mail.things if one.lead_id})
    lines = [line_of(mail.at, mail.things, names, wishes.extent) for mail in mails]
    lines += list_by_calendar(wishes, at, by_calendar, lambda moment: away_at(gone, user, moment))
    lines.sort(key=lambda line: line.at)
    return Preview(lines, len(out), not wishes.silent)


def list_by_calendar(
    wishes: Wishes, at: datetime, chosen: Mapping[str, Any], away: Away
) -> list[Line]:
    """Return the mails by the calendar of the week before `at`, each once at a moment."""
    if wishes.muted:
        return []
    today = at.astimezone(ZoneInfo(wishes.timezone)).date()
    days = [today - timedelta(days=ago) for ago in range(LOOKS_BACK.days + 1)]
    mondays = [day for day in days if day.isoweekday() == 1]
    due = {
        _("List of the overdue"): (mondays if chosen.get("mondays") else [], True),
        _("Feedback sheet"): (
            [day for day in days if day.isoweekday() == chosen.get("sheet_weekday")],
            False,
        ),
    }
    if wishes.hears != Hears.NEVER:
        due |= {
            _("Report of the week"): (mondays if chosen.get("report") else [], True),
            _("Figures about fairness"): (
                [day for day in days if day.day == 1 and chosen.get("fairness")],
                False,
            ),
        }
    moments = {
        (calendar_moment(wishes, day, away, lapses=lapses), name)
        for name, (on, lapses) in due.items()
        for day in on
    }
    return [Line(when, name) for when, name in moments if when and at - SPAN < when <= at]


def line_of(at: datetime, things: Sequence[Thing], names: Mapping[int, str], extent: str) -> Line:
    """Return a mail in words."""
    counted = Counter(SUBJECT_OF[Topic(one.topic)] for one in things)
    ids = dict.fromkeys(one.lead_id for one in things if one.lead_id is not None)
    named = [names[lead_id] for lead_id in ids if lead_id in names]
    return Line(
        at,
        ", ".join(said(subject, counted[subject]) for subject in Subject if counted[subject]),
        named[:NAMED],
        max(0, len(named) - NAMED),
        str(EXTENTS[Extent(extent)]) if counted[Subject.NEW_LEADS] else "",
    )


def said(subject: Subject, count: int) -> str:
    """Say how many things of a subject there are."""
    words = {
        Subject.NEW_LEADS: ngettext("%(num)d lead on offer", "%(num)d leads on offer", count),
        Subject.ANSWERS: ngettext("%(num)d answer owed", "%(num)d answers owed", count),
        Subject.MY_LEADS: ngettext(
            "%(num)d piece of news of your leads", "%(num)d pieces of news of your leads", count
        ),
        Subject.LATE: ngettext("%(num)d thing late", "%(num)d things late", count),
        Subject.DECIDE: ngettext("%(num)d thing to decide", "%(num)d things to decide", count),
        Subject.ANSWERED_FOR: ngettext(
            "%(num)d step of leads that you answer for",
            "%(num)d steps of leads that you answer for",
            count,
        ),
        Subject.PROGRAMME: ngettext(
            "%(num)d piece of news of the programme",
            "%(num)d pieces of news of the programme",
            count,
        ),
    }
    return str(words[subject])


def name_leads(lead_ids: Collection[int]) -> Mapping[int, str]:
    """Return numbers and titles of leads, as their mails say them."""
    rows = session().execute(select(Lead.id, Lead.number).where(Lead.id.in_(lead_ids)))
    titles = teaser_titles(lead_ids)
    return {
        lead_id: f"{number}: {titles[lead_id]}" if lead_id in titles else number
        for lead_id, number in rows
    }


def list_things(user: User, since: datetime, until: datetime) -> list[Thing]:
    """Return what came up for a person, with what decides when she hears of it."""
    notices = (
        session()
        .scalars(
            select(Notice)
            .where(Notice.user_id == user.id, Notice.created_at > since, Notice.created_at <= until)
            .order_by(Notice.created_at.desc(), Notice.id.desc())
            .limit(MOST_THINGS)
        )
        .all()
    )
    offered = [one for one in notices if one.topic in OF_OFFERS and one.lead_id]
    leads = read_traits({one.lead_id for one in offered if one.lead_id})
    ends = read_ends(user, {one.facts["round_id"] for one in offered if "round_id" in one.facts})
    answers = read_answers({one.facts["pickup_id"] for one in notices if one.topic in ASKING})
    found = []
    for one in sorted(notices, key=lambda notice: notice.id):
        over = None
        if one.topic in ASKING:
            after = [at for at in answers.get(one.facts["pickup_id"], ()) if at > one.created_at]
            over = min(after, default=None)
        elif "round_id" in one.facts:
            over = ends.get(one.facts["round_id"])
        elif one.outcome == Outcome.PAST:
            over = one.settled_at
        facts = Facts(leads.get(one.lead_id or 0, Traits()), not_before=one.not_before)
        found.append(Thing(one.topic, one.created_at, facts, one.lead_id, over))
    return found


def read_ends(user: User, round_ids: Collection[int]) -> Mapping[int, datetime]:
    """Return since when, or from when on, offers stand for a person no more, by their rounds."""
    rows = session().execute(
        select(
            Offer.round_id,
            func.least(
                Offer.ends_at,
                Offer.declined_at,
                Offer.withdrawn_at,
                OfferRound.ended_at,
                Dismissal.at,
            ),
        )
        .join(OfferRound, OfferRound.id == Offer.round_id)
        .outerjoin(Dismissal, (Dismissal.offer_id == Offer.id) & (Dismissal.user_id == user.id))
        .where(Offer.round_id.in_(round_ids), Offer.organisation_id == user.organisation_id)
    )
    return dict(rows.all())


def read_answers(pickup_ids: Collection[int]) -> Mapping[int, Sequence[datetime]]:
    """Return when leads in hand were answered for, or out of hand, by their pickups."""
    found: dict[int, list[datetime]] = {}
    for query in (
        select(Feedback.pickup_id, Feedback.at).where(Feedback.pickup_id.in_(pickup_ids)),
        select(Pickup.id, Pickup.ended_at).where(
            Pickup.id.in_(pickup_ids), Pickup.ended_at.is_not(None)
        ),
    ):
        for pickup_id, at in session().execute(query):
            found.setdefault(pickup_id, []).append(at)
    return found


def list_absences(user: User) -> Sequence[Absence]:
    """Return when a person, or her whole firm, is or was away."""
    return (
        session()
        .scalars(
            select(Absence).where(
                Absence.organisation_id == user.organisation_id,
                or_(Absence.user_id.is_(None), Absence.user_id == user.id),
            )
        )
        .all()
    )


def away_at(gone: Sequence[Absence], user: User, at: datetime) -> datetime | None:
    """Return until when somebody is away at a moment; None where she is there."""
    zone = user.organisation.timezone
    today = day_at(zone, at)
    days = [one.ends_on for one in gone if one.starts_on <= today <= one.ends_on]
    return back_from(max(days), zone) if days else None
