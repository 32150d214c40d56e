"""What a person hears of in a sentence: she planned a call, a lead is back, a firm wants to join.

Here: what still stands of it, in the reader's language. Not here: who hears, and when. Nothing here
reaches contact data, nor what people wrote to each other but what they share (`comments`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask_babel import format_date, get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_actor_of, find_name, get_actor
from portal.assistance import queries as assistance
from portal.assistance.models import AssistanceRequest, RequestKind, RequestState
from portal.assistance.queries import Seen
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.core.mail.rendering import moment
from portal.customers import activities as customers
from portal.duplicates.rules import IN_HANDS
from portal.feedback.operations import newest
from portal.feedback.rules import CANCELLED, CLOSING
from portal.feedback.rules import words_of as answer_words
from portal.hearing.models import Topic
from portal.inbound import asked, deeds, planning
from portal.inbound.deeds import MAY
from portal.leads import activities, hand_over
from portal.leads.models import Lead, LeadState, Temperature
from portal.leads.queries import find_visible
from portal.matching.names import country_name
from portal.notifications import (
    becoming,
    changed_offers,
    comments,
    customers_mail,
    knowing,
    late,
    reply_addresses,
    returned,
    witness_news,
)
from portal.notifications.sentences import IN_MAIL, News
from portal.partners.models import Absence, Partner
from portal.partners.queries import visible_to
from portal.partners.rules import day_at
from portal.people import sign_up
from portal.pickup.models import Pickup, Suspension
from portal.pickup.queries import find_held, get_told, position_of
from portal.pickup.rules import NotYoursAnyMore, pause_words
from portal.pickup.suspension import pause_of
from portal.pickup.words import sentence_of, way_out_of
from portal.programme.models import Terms, TermsKind
from portal.programme.queries import find_referral, find_terms, terms_asked, today
from portal.scoring.cooling import cooled_for, from_microseconds
from portal.scoring.views import recent_signals
from portal.scoring.words import TEMPERATURES
from portal.timeline.models import Activity
from portal.timeline.rules import words_of

TOPICS = (
    *(Topic.ACTIVITY_DUE, Topic.CLOSED_FOR_YOU, Topic.HANDED_BACK, Topic.STANDS_IN),
    Topic.OFFER_CHANGED,
    *(Topic.LEAD_STIRS, Topic.LEADS_COOLED),
    *(Topic.SIGN_UP_WAITS, Topic.ASKED_AGAIN, Topic.PAUSED, Topic.TERMS_NEW),
    *late.TOPICS,
    *(Topic.HELP_ASKED, Topic.HELP_ANSWERED, Topic.KNOWLEDGE, Topic.COMMENTED),
    *returned.TOPICS,
    *witness_news.TOPICS,
    *customers_mail.TOPICS,
    *becoming.TOPICS,
)


COOLED_NAMED = 10


def find_news(topic: str, facts: Mapping[str, Any], user: User, at: datetime) -> News | None:
    """Return news for a person in the language that is spoken; None where they are past."""
    if topic == Topic.ACTIVITY_DUE:
        return _activity_due(facts["activity_id"], facts["due"], user, at)
    if topic == Topic.CLOSED_FOR_YOU:
        if facts.get("open_again"):
            return _open_again(facts["pickup_id"])
        return _closed_for_you(facts["pickup_id"])
    if topic == Topic.HANDED_BACK:
        return _handed_back(facts["hand_over_id"], user)
    if topic == Topic.LEAD_STIRS:
        return _stirs(facts["stirring_id"], bool(facts.get("woke")), user, at)
    if topic == Topic.LEADS_COOLED:
        return _cooled(facts["cooled"], user)
    if topic == Topic.ASKED_AGAIN:
        return _asked_again(facts["asked_of"], user)
    if topic in returned.TOPICS:
        return returned.find_returned(topic, facts, user, at)
    if topic in customers_mail.TOPICS:
        return customers_mail.find_correspondence(topic, facts, user, at)
    if topic in becoming.TOPICS:
        return becoming.find_step(facts, user, at)
    if topic in late.TOPICS:
        return late.find_late(topic, facts, user, at)
    if topic in witness_news.TOPICS:
        return witness_news.find_witnessed(topic, facts, user, at)
    if topic == Topic.PAUSED:
        return _paused(facts["suspension_id"], user, at)
    if topic == Topic.HELP_ASKED:
        return _help_asked(facts["request_id"], user)
    if topic == Topic.HELP_ANSWERED:
        return _help_answered(facts["request_id"], user, at)
    if topic == Topic.KNOWLEDGE:
        return knowing.find_knowledge(facts, user)
    if topic == Topic.COMMENTED:
        return comments.find_comment(facts, user, at)
    if topic == Topic.TERMS_NEW:
        return _terms_new(facts["terms_id"], user, at)
    if topic == Topic.OFFER_CHANGED:
        return changed_offers.find_changed(facts, user, at)
    if topic == Topic.STANDS_IN:
        return _stands_in(facts["absence_id"], user, at)
    return _sign_up_waits(facts["sign_up_id"])


def _activity_due(activity_id: int, due: int, user: User, at: datetime) -> News | None:
    activity = session().get(Activity, activity_id)
    if activity is None or not activity.is_open or activity.assignee_id != user.id:
        return None
    if activity.planned_for is None or int(activity.planned_for.timestamp()) != due:
        return None
    name, path, lead_id, behind = "", "", None, None
    if activity.subject == "lead":
        lead = activities.find_due(activity, user)
        if lead is None:
            return None
        name, path, lead_id = lead.number, f"/leads/{lead.id}", lead.id
        behind = _settled_behind(activity, user, at)
    elif activity.subject == "customer":
        customer = customers.find_due(activity, user)
        if customer is None:
            return None
        name, path = customer.number, f"/customers/{customer.id}"
    else:
        firm = find_seen(activity.subject_id, user)
        if firm is None:
            return None
        name, path = firm.organisation.name, f"/partners/{firm.organisation_id}"
    named = {"what": words_of(activity.kind), "number": name}
    on_portal = f"{path}/activities/{activity.id}"
    return News(
        Topic.ACTIVITY_DUE,
        _("%(what)s about %(number)s", **named),
        _("you planned something about %(number)s: %(what)s.", **named),
        [
            str(_("Due: %(when)s", when=moment(activity.planned_for))),
            str(_("What it is about, and whom to call, stands on the portal.")),
        ],
        behind or on_portal,
        _("Say what came of it"),
        _("You get this mail because the activity is yours."),
        lead_id,
        other=(str(_("Open it on the portal")), on_portal) if behind else None,
    )


def _settled_behind(activity: Activity, user: User, at: datetime) -> str | None:
    """Return where an activity on a lead is settled without signing in.

    None for whose lead it is not: who works on it without having it in hand signs in.
    """
    actor, held = find_actor_of(user.id), find_held(activity.subject_id)
    if actor is None or held is None or not any(actor.may(one) for one in MAY):
        return None
    try:
        get_told(held.id, actor)
    except (NotFound, NotYoursAnyMore):
        return None
    topic = planning.topic_of(activity.id)
    path = deeds.issue_path(held.lead_id, held.id, user.id, at, topic)
    return f"{path}?s={planning.DEED.name}"


def _paused(suspension_id: int, user: User, at: datetime) -> News | None:
    """Tell who pauses why and what ends it, and who looks after the firm that it pauses."""
    found = session().get(Suspension, suspension_id, populate_existing=True)
    if found is None or found.ended_at is not None or found.until <= at:
        return None
    who = find_name(found.user_id) if found.user_id else None
    if user.organisation_id == found.organisation_id and found.user_id in (None, user.id):
        gate = position_of(get_actor(user.id), at).gate
        obstacle = pause_words(pause_of(found), gate)
        return News(
            Topic.PAUSED,
            _("Picking up pauses"),
            sentence_of(obstacle, IN_MAIL),
            [way_out_of(obstacle)],
            "/mine",
            _("To my leads"),
            _("You get this mail because it is about your leads."),
        )
    firm = session().get_one(Organisation, found.organisation_id)
    mine = user.organisation_id == firm.id
    why = (
        _(
            "%(misses)d deadlines missed within %(days)d days.",
            misses=found.misses,
            days=found.within_days,
        )
        if found.misses
        else found.note or ""
    )
    return News(
        Topic.PAUSED,
        _("%(name)s picks up nothing for a while", name=who or firm.name),
        _(
            "%(name)s picks up nothing until %(when)s.",
            name=_("%(person)s of %(firm)s", person=who, firm=firm.name) if who else firm.name,
            when=moment(found.until),
        ),
        [why, str(_("It is over as soon as all that is owed is answered."))]
        if found.misses
        else [why],
        "/team" if mine else f"/partners/{firm.id}/suspensions",
        _("Open the team") if mine else _("Open the pauses"),
        _("You get this mail because you answer for this firm."),
    )


def _asked_again(lead_id: int, user: User) -> News | None:
    lead = session().get(Lead, lead_id)
    if lead is None or lead.state not in IN_HANDS or user.id not in (lead.holder_id, lead.owner_id):
        return None
    return News(
        Topic.ASKED_AGAIN,
        _("Asked again: %(number)s", number=lead.number),
        _("the contact of %(number)s has asked again.", number=lead.number),
        [
            str(_("What was asked stands in the lead’s timeline.")),
            str(_("Whoever asks twice is about to decide: a call today is the best answer.")),
        ],
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because you work on this lead."),
        lead.id,
    )


def _help_asked(request_id: int, user: User) -> News | None:
    seen = _seen_request(request_id, user)
    if seen is None or seen.asks or seen.request.state != RequestState.OPEN:
        return None
    names, running = assistance.names_of(seen.request), assistance.find_clock(seen.request)
    named = {"number": seen.lead.number, "asker": names.asker, "firm": names.firm}
    if seen.request.kind == RequestKind.PRICING:
        subject = _("Special price wanted: %(number)s", **named)
        what = _("%(asker)s of %(firm)s asks you for a special price for %(number)s.", **named)
    else:
        subject = _("Help wanted: %(number)s", **named)
        what = _("%(asker)s of %(firm)s asks you for help with %(number)s.", **named)
    due = [_("Please answer by %(when)s.", when=moment(running.due_at))] if running else []
    return News(
        Topic.HELP_ASKED,
        subject,
        what,
        [*due, str(_("What is asked stands on the portal."))],
        f"/requests/{request_id}",
        _("Answer"),
        _("You get this mail because you are asked."),
        seen.lead.id,
    )


def _help_answered(request_id: int, user: User, at: datetime) -> News | None:
    seen = _seen_request(request_id, user)
    if seen is None or not seen.asks or seen.request.state not in ANSWERED:
        return None
    named = {"number": seen.lead.number, "name": assistance.names_of(seen.request).assignee}
    what, details = ANSWERED[seen.request.state], []
    if seen.request.valid_until is not None:
        until = format_date(seen.request.valid_until, "full")
        details.append(str(_("The price holds until %(day)s.", day=until)))
    details.append(str(_("What was said stands in the lead’s timeline.")))
    portal = f"/requests/{request_id}"
    return News(
        Topic.HELP_ANSWERED,
        _("Answered: %(number)s", **named),
        str(what) % named,
        details,
        answer_path(seen.request, user, at) if seen.acts else portal,
        _("Read the answer"),
        _("You get this mail because you asked, or because the lead is in your hands."),
        seen.lead.id,
        other=(_("Read it on the portal"), portal) if seen.acts else None,
        request_id=request_id if seen.acts else None,
    )


def answer_path(request: AssistanceRequest, user: User, at: datetime) -> str:
    """Return the path of the page on which what was answered is read, and answered."""
    path = deeds.issue_path(request.lead_id, request.pickup_id, user.id, at)
    return f"{path}?s={asked.NAME}"


ANSWERED: Mapping[str, Any] = {
    RequestState.ANSWERED: _l("your question about %(number)s is answered."),
    RequestState.GRANTED: _l("the special price for %(number)s is granted."),
    RequestState.REFUSED: _l("the special price for %(number)s is refused."),
    RequestState.ASKED_BACK: _l("there is a question back to you about %(number)s."),
}


def _seen_request(request_id: int, user: User) -> Seen | None:
    actor = find_actor_of(user.id)
    try:
        return assistance.get_seen(request_id, actor) if actor else None
    except NotFound:
        return None


def find_seen(organisation_id: int, user: User) -> Partner | None:
    """Return a partner that somebody sees; None where she doesn't any more."""
    actor = find_actor_of(user.id)
    found = visible_to(actor).where(Partner.organisation_id == organisation_id) if actor else None
    return session().scalar(found) if found is not None else None


def _closed_for_you(pickup_id: int) -> News | None:
    pickup = session().get(Pickup, pickup_id)
    if pickup is None or pickup.ended_at is None:
        return None
    lead = session().get_one(Lead, pickup.lead_id)
    said = newest(pickup_id)
    if said is None or said.status not in (*CLOSING, CANCELLED):
        return None
    how = answer_words(said.status)
    reason = book().label(said.reason_id, str(get_locale()))
    details = [
        str(_("By: %(name)s", name=find_name(said.user_id))),
        *([str(_("Why: %(reason)s", reason=reason))] if reason else []),
        str(_("You owe no answer on it any more, and what you had planned is cancelled.")),
    ]
    return News(
        Topic.CLOSED_FOR_YOU,
        _("Closed: %(number)s", number=lead.number),
        _("the vendor has closed %(number)s: %(how)s.", number=lead.number, how=how),
        details,
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because the lead was in your hands."),
        lead.id,
    )


def _open_again(pickup_id: int) -> News | None:
    pickup = session().get(Pickup, pickup_id)
    if pickup is None or pickup.ended_at is not None:
        return None
    lead = session().get_one(Lead, pickup.lead_id)
    due = moment(pickup.feedback_due_at)
    return News(
        Topic.CLOSED_FOR_YOU,
        _("Yours again: %(number)s", number=lead.number),
        _("the vendor has taken back that %(number)s is closed.", number=lead.number),
        [
            str(_("It is in your hands as before, and so is what you had planned.")),
            str(_("Your next feedback is due %(when)s.", when=due)),
        ],
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because the lead is in your hands."),
        lead.id,
    )


def _handed_back(hand_over_id: int, user: User) -> News | None:
    try:
        row = hand_over.get_row(hand_over_id, get_actor(user.id))
    except NotFound:
        return None
    given = row.HandOver
    if given.done_at is None:
        return None
    details = [_("Handed back by: %(name)s", name=row.taken_name)]
    if given.erp_number:
        details.append(_("Its number there: %(number)s", number=given.erp_number))
    else:
        details.append(_("It has no number there; the page says why."))
    return News(
        Topic.HANDED_BACK,
        _("Back from operations: %(number)s", number=row.number),
        _("%(number)s is back from operations.", number=row.number),
        [str(line) for line in details],
        f"/hand-overs/{hand_over_id}",
        _("See what they say"),
        _("You get this mail because you answer for this lead."),
        given.lead_id,
    )


def _stirs(lead_id: int, woke: bool, user: User, at: datetime) -> News | None:
    actor = find_actor_of(user.id)
    lead = find_visible(lead_id, actor) if actor else None
    if actor is None or lead is None or lead.state in (LeadState.CLOSED, LeadState.DISQUALIFIED):
        return None
    named = {"number": lead.number}
    if woke:
        subject = _("Out of nurture: %(number)s", **named)
        what = _(
            "%(number)s is out of nurture: what its contact does speaks for a project.", **named
        )
        advice = _("It waits to be qualified.")
    else:
        subject = _("Active again: %(number)s", **named)
        what = _("the contact of %(number)s has become active.", **named)
        advice = _("A call at this moment meets with interest.")
    qualifies = woke and actor.may(Permission.LEADS_QUALIFY)
    return News(
        Topic.LEAD_STIRS,
        subject,
        what,
        [*(f"{words}: {count}" for words, count in recent_signals(lead_id, at)), str(advice)],
        f"/qualify/{lead.id}" if qualifies else f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because you know this lead."),
        lead.id,
    )


def _cooled(moment: int, user: User) -> News | None:
    actor = find_actor_of(user.id)
    found = cooled_for(user.id, from_microseconds(moment)) if actor else []
    if not found:
        return None
    said = [
        f"{one.number}: {TEMPERATURES[Temperature(one.was)]} → {TEMPERATURES[Temperature(one.now)]}"
        for one in found[:COOLED_NAMED]
    ]
    if more := len(found) - len(said):
        said.append(str(ngettext("and %(num)d more", "and %(num)d more", more)))
    said.append(str(_("Partners now read them so. Who calls can make them ready anew.")))
    lead_id = found[0].lead_id if len(found) == 1 else None
    return News(
        Topic.LEADS_COOLED,
        ngettext("%(num)d lead has cooled", "%(num)d leads have cooled", len(found)),
        ngettext(
            "nothing was heard of %(num)d of your leads for long; it is marked a step colder.",
            "nothing was heard of %(num)d of your leads for long; they are marked a step colder.",
            len(found),
        ),
        said,
        f"/leads/{lead_id}" if lead_id else "/leads",
        _("Open the lead") if lead_id else _("See your leads"),
        _("You get this mail because you answer for these leads."),
        lead_id,
    )


def _stands_in(absence_id: int, user: User, at: datetime) -> News | None:
    found = session().get(Absence, absence_id)
    if found is None or found.user_id is None or found.delegate_id != user.id:
        return None
    if found.ends_on < day_at(user.organisation.timezone, at):
        return None
    name = find_name(found.user_id)
    days = {
        "first": format_date(found.starts_on, "full"),
        "last": format_date(found.ends_on, "full"),
    }
    return News(
        Topic.STANDS_IN,
        _("You stand in for %(name)s", name=name),
        _("you stand in for %(name)s from %(first)s to %(last)s.", name=name, **days),
        [
            str(_("Both days count. It ends by itself.")),
            str(_("Meanwhile the leads of %(name)s stand in your list.", name=name)),
        ],
        "/mine",
        _("Open your list"),
        _("You get this mail because a colleague named you."),
    )


def _terms_new(terms_id: int, user: User, at: datetime) -> News | None:
    terms, actor = session().get_one(Terms, terms_id), find_actor_of(user.id)
    if terms.kind == TermsKind.REFERRAL:
        return _referring(terms, user, at)
    asked = terms_asked(actor, at) if actor else None
    if asked is None or asked.terms.id != terms_id:
        return None
    details = []
    if asked.terms.binding_from is not None:
        details.append(
            _(
                "From %(day)s on, no leads are offered to your firm without your yes.",
                day=format_date(asked.terms.binding_from),
            )
        )
    return News(
        Topic.TERMS_NEW,
        _("New terms of the programme"),
        _("there are new terms of the programme. Please read them and agree for your firm."),
        details,
        path_to(terms, user, at),
        _("Read and agree"),
        _("You get this mail because you lead a firm that takes part."),
        reply=reply_addresses.for_terms(terms, user),
    )


def _referring(terms: Terms, user: User, at: datetime) -> News | None:
    newest = find_terms(TermsKind.REFERRAL)
    if newest is not terms or find_referral(user.organisation_id) is not None:
        return None
    return News(
        Topic.TERMS_NEW,
        _("Refer leads: what is promised"),
        _("you read here what is promised for leads that your firm brings."),
        [_("Your firm need not do anything. If it wants to refer leads, agree to it.")],
        path_to(terms, user, at),
        _("Read and agree"),
        _("You get this mail because you lead a firm that takes part."),
        reply=reply_addresses.for_terms(terms, user),
    )


def path_to(terms: Terms, user: User, at: datetime) -> str:
    """Return the way to terms for who agrees for her firm; beyond the day from which they bind."""
    ahead = max(timedelta(), (terms.binding_from or today(at)) - today(at))
    return links.issue(
        Purpose.TERMS,
        user.id,
        at,
        organisation_id=user.organisation_id,
        topic=terms.kind,
        lasts=links.LASTS + ahead,
    )


def _sign_up_waits(sign_up_id: int) -> News | None:
    row = sign_up.find(sign_up_id)
    if row is None or row.confirmed_at is None or row.decided_at is not None:
        return None
    return News(
        Topic.SIGN_UP_WAITS,
        _("%(company)s wants to become a partner", company=row.company),
        _("%(company)s wants to become a partner and waits for an answer.", company=row.company),
        [country_name(row.country)],
        f"/sign-up-requests/{row.id}",
        _("See the request"),
        _("You get this mail because you look after the partners."),
    )
