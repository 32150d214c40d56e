"""A link of each kind that stands in a mail, for robots with and without scripts to open.

Whoever adds a purpose, or a mail that leads somewhere without a sign-in, adds its link here: the
cases 1 and 2 open all of them.
"""

from __future__ import annotations

from datetime import timedelta

from portal.accounts.models import Organisation
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.mail.links import Purpose
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.inbound.deeds import ALL, DEEDS
from portal.offers import operations as offers
from portal.pickup import operations as pickup
from portal.programme import operations as programme
from portal.programme.models import TermsKind
from tests.factories import (
    CONTACT,
    factory,
    make_customer_letter,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
)
from tests.inbound.pressing import issue, link_of
from tests.inbound.replying import keep_reply

TOPICS = ("digest", "hearing", "report", "sheet")
CHOICES = (
    "won",
    "waiting",
    "lost",
    "proposal",
    "not_contacted",
    "interest",
    ALL,
    *DEEDS,
)


@factory
def links_of_every_mail(rep):
    """Return by name a link of each kind in each state: good, gone, done, and of somebody else."""
    other = make_person(make_partner("Beta Networks"))
    make_person(session().get_one(Organisation, rep.organisation_id), name="Alan")
    actor, now = get_actor(rep.id), clock.now()
    before = now - timedelta(days=2)
    held = make_offered_lead(at=before, contact=CONTACT)
    mine = pickup.claim(held.id, actor, before).pickup_id
    given = feedback.give(mine, Answer("waiting"), actor, now - timedelta(hours=3)).id
    fresh, left, gone = (make_offered_lead(at=now) for _ in range(3))
    offers.decline(left.id, "too_far", actor, now)
    pickup.claim(gone.id, get_actor(other.id), now)
    anna = make_person(session().get_one(Organisation, rep.organisation_id), "partner_manager")
    asked = {"lead_id": held.id, "pickup_id": mine}
    told = {kind: make_customer_letter(mine, kind, now) for kind in ("told", "asked")}
    return {
        "feedback": issue(Purpose.FEEDBACK, rep, **asked),
        "more time": issue(Purpose.MORE_TIME, rep, **asked),
        "confirm": issue(
            Purpose.CONFIRM,
            rep,
            **asked,
            message_id=keep_reply(rep, "feedback", status="proposal"),
        ),
        "offer": issue(Purpose.OFFER, rep, lead_id=fresh.id, round_=1),
        "offer, declined": issue(Purpose.OFFER, rep, lead_id=left.id, round_=1),
        "offer, gone": issue(Purpose.OFFER, rep, lead_id=gone.id, round_=1),
        "offer, hers no more": issue(Purpose.OFFER, other, lead_id=gone.id, round_=1),
        "undo an answer": issue(Purpose.UNDO, rep, **asked, feedback_id=given),
        "undo a pick": issue(Purpose.UNDO, rep, **asked),
        "undo a decline": issue(Purpose.UNDO, rep, lead_id=left.id),
        "stand by": issue(Purpose.STAND_BY, rep, lead_id=gone.id),
        "own lead": issue(Purpose.OWN_LEAD, rep, organisation_id=rep.organisation_id),
        **{f"terms of {kind}": terms_link(anna, kind) for kind in TermsKind},
        **{f"stop {topic}": issue(Purpose.STOP, rep, topic=topic) for topic in TOPICS},
        **{f"customer {kind}": f"/your-inquiry/{secret}" for kind, secret in told.items()},
    }


def terms_link(manager, kind):
    """Publish terms, and return the link with which somebody agrees for her firm."""
    words = {"en": "Answer within a week.", "de": "Antworten Sie binnen einer Woche."}
    who = get_actor(make_manager().id)
    programme.publish_terms(kind, words, None, who, clock.now() - timedelta(hours=2))
    firm = {"organisation_id": manager.organisation_id, "topic": kind}
    return issue(Purpose.TERMS, manager, **firm)


def choices_of(name):
    """Return what mails put behind a link to say which of its answers is meant."""
    if name == "feedback":
        return CHOICES
    return {"offer": ("pick", "decline"), "customer asked": ("yes", "no")}.get(name, ())


@factory
def purposes_of(paths):
    """Return which purposes these links have; a customer's has none."""
    return {link_of(path).purpose for path in paths if path.startswith("/m/")}
