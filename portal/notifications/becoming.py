"""What becomes of leads in partners' hands, told to who answers for them: picked up, how far, back.

The owner hears, who answers for the firm, and the channel managers: once a day, unless they choose
otherwise. Of a lead only what holds by then is told, not each step on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_actor_of, find_name
from portal.catalog.queries import book
from portal.core.db import session
from portal.feedback.events import FeedbackGiven
from portal.feedback.models import Feedback
from portal.feedback.operations import newest
from portal.feedback.rules import words_of
from portal.hearing.models import Topic
from portal.leads.models import Lead
from portal.leads.queries import find_visible
from portal.notifications.sentences import News
from portal.pickup.events import LeadGivenBack, LeadPickedUp
from portal.pickup.models import Pickup

TOPICS = (Topic.LEAD_STEP,)
PICKED, ANSWERED, GIVEN_BACK = 1, 2, 3
Step = LeadPickedUp | FeedbackGiven | LeadGivenBack


def step_of(event: Step) -> dict[str, int]:
    """Return what happened, as a notice keeps it."""
    match event:
        case FeedbackGiven():
            return {"step": ANSWERED, "of": event.feedback_id}
        case LeadGivenBack():
            return {"step": GIVEN_BACK, "of": event.pickup_id}
        case LeadPickedUp():
            return {"step": PICKED, "of": event.pickup_id}


def find_step(facts: Mapping[str, Any], user: User, at: datetime) -> News | None:
    """Return the news for a person; None where it went on since, or she answers no more for it."""
    answer = None
    if facts["step"] == ANSWERED:
        answer = session().get(Feedback, facts["of"], populate_existing=True)
        if answer is None or answer.pickup_id is None:
            return None
    pickup_id = answer.pickup_id if answer else facts["of"]
    pickup = session().get(Pickup, pickup_id, populate_existing=True)
    actor = find_actor_of(user.id, at)
    if pickup is None or actor is None or not actor.may(Permission.BOARD_SEE):
        return None
    lead = find_visible(pickup.lead_id, actor)
    back = facts["step"] == GIVEN_BACK
    if lead is None or not (back or still_holds(pickup, answer)):
        return None
    return told_of(lead, pickup, answer, back=back)


def still_holds(pickup: Pickup, answer: Feedback | None) -> bool:
    """Say whether nothing was said after an answer; without one whether all is as picked up."""
    last = newest(pickup.id)
    if answer is None:
        return last is None and pickup.ended_at is None
    return last is not None and last.id == answer.id


def told_of(lead: Lead, pickup: Pickup, answer: Feedback | None, *, back: bool) -> News:
    """Return the news of a step in words."""
    named = {
        "number": lead.number,
        "name": find_name(answer.user_id if answer else pickup.user_id),
        "firm": session().get_one(Organisation, pickup.organisation_id).name,
    }
    details: list[str] = []
    if back:
        subject = _("Given back: %(number)s", **named)
        what = _("%(name)s of %(firm)s gave %(number)s back.", **named)
        why = book().label(pickup.reason_id, str(get_locale()))
        details = [str(_("Why: %(reason)s", reason=why))]
    elif answer is not None:
        said = words_of(answer.status)
        subject = _("%(number)s: %(said)s", said=said, **named)
        what = _("%(name)s of %(firm)s says of %(number)s: %(said)s.", said=said, **named)
    else:
        subject = _("Picked up: %(number)s", **named)
        what = _("%(name)s of %(firm)s has picked up %(number)s.", **named)
    return News(
        Topic.LEAD_STEP,
        subject,
        what,
        details,
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because you answer for this lead, its partner or the programme."),
        lead.id,
    )
