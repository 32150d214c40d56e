"""What a person would have heard in the last week under wishes that are not saved yet.

What came up for her stands in the notices, told or not; when it is told decides the sender's own
rules. What was over when its mail was due is left out, as the sender does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import ngettext
from sqlalchemy import func, or_, select

from portal.accounts.models import User
from portal.core.db import session
from portal.feedback.models import Feedback
from portal.hearing.models import Notice, Outcome, Subject, Topic
from portal.hearing.queries import back_from, read_traits
from portal.hearing.rules import ASKING, OF_OFFERS, SUBJECT_OF, Facts, Thing, Traits, Wishes, plan
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


@dataclass(frozen=True, slots=True)
class Line:
    """One mail: when, about how much of what, and the first leads that it names."""

    at: datetime
    said: str
    leads: Sequence[str]
    more: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The mails of a week, and how many leads on offer would not have been told."""

    lines: Sequence[Line]
    left_out: int


def look_back(user: User, wishes: Wishes, at: datetime) -> Preview:
    """Return what a person would have heard in the week before `at`."""
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
    return Preview([line_of(mail.at, mail.things, names) for mail in mails], len(out))


def line_of(at: datetime, things: Sequence[Thing], names: Mapping[int, str]) -> Line:
    """Return a mail in words."""
    counted = Counter(SUBJECT_OF[Topic(one.topic)] for one in things)
    ids = dict.fromkeys(one.lead_id for one in things if one.lead_id is not None)
    named = [names[lead_id] for lead_id in ids if lead_id in names]
    return Line(
        at,
        ", ".join(said(subject, counted[subject]) for subject in Subject if counted[subject]),
        named[:NAMED],
        max(0, len(named) - NAMED),
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
