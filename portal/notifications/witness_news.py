"""What people hear of the word of a customer, in a sentence; nothing here reaches contact data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.accounts.queries import find_actor_of, find_name
from portal.core.mail.rendering import moment
from portal.feedback.rules import words_of
from portal.hearing.models import Topic
from portal.leads.models import Lead
from portal.leads.queries import find_visible
from portal.notifications import queries
from portal.notifications.late import find_deed
from portal.notifications.sentences import News
from portal.pickup.models import Pickup
from portal.witness.models import Said
from portal.witness.queries import find_response, find_word

TOPICS = (Topic.NOT_CALLED, Topic.NOT_WANTED)


def find_witnessed(topic: str, facts: Mapping[str, Any], user: User, at: datetime) -> News | None:
    """Return what a person hears of a customer's word; None where it is past, or not hers."""
    pickup = queries.find_in_hand(
        facts["declined_of" if topic == Topic.NOT_WANTED else "pickup_id"]
    )
    actor = find_actor_of(user.id, at)
    lead = find_visible(pickup.lead_id, actor) if pickup and actor else None
    if pickup is None or lead is None or actor is None:
        return None
    if topic == Topic.NOT_CALLED:
        told = _not_called(pickup, lead)
        return told and replace(told, deed=find_deed(pickup.id, actor, at))
    return _no_mails(pickup, lead, user) if facts.get("mails") else _not_wanted(pickup, lead, user)


def _not_called(pickup: Pickup, lead: Lead) -> News | None:
    word, clock = find_word(pickup.id), find_response(pickup.id)
    if word is None or word.said != Said.NO:
        return None
    named = {"number": lead.number, "name": find_name(pickup.user_id)}
    last = words_of(pickup.last_status)
    details = [
        lead.title or lead.number,
        _(
            "In the hands of %(name)s since %(when)s.",
            name=named["name"],
            when=moment(pickup.picked_at),
        ),
        _("The last answer: %(answer)s.", answer=last) if last else _("No answer yet."),
    ]
    if clock is not None:
        details.insert(
            2, _("%(name)s was to call by %(when)s.", **named, when=moment(clock.due_at))
        )
    details.append(_("%(name)s was told, too, and can say how it stands.", **named))
    return News(
        Topic.NOT_CALLED,
        _("The customer says nobody called: %(number)s", **named),
        _("the customer of %(number)s tells us that nobody has called.", **named),
        [str(one) for one in details],
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because you answer for whoever holds the lead."),
        lead.id,
    )


def _no_mails(pickup: Pickup, lead: Lead, user: User) -> News:
    told = _not_wanted(pickup, lead, user)
    if user.id == pickup.user_id:
        own = _("Please write no more mails: no letter goes out from here, either.")
        told.details[1:] = [str(own)]
    return replace(
        told,
        subject=_("The customer wants no more mails: %(number)s", number=lead.number),
        what=_("the customer of %(number)s asked for no more mails.", number=lead.number),
    )


def _not_wanted(pickup: Pickup, lead: Lead, user: User) -> News:
    holds = user.id == pickup.user_id
    return News(
        Topic.NOT_WANTED,
        _("The customer wants no call: %(number)s", number=lead.number),
        _("the customer of %(number)s asked not to be called.", number=lead.number),
        [
            lead.title or lead.number,
            str(
                _("Please don’t call, and say as your answer how it ended.")
                if holds
                else _("%(name)s holds the lead and was told.", name=find_name(pickup.user_id))
            ),
        ],
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because it is about your leads.")
        if holds
        else _("You get this mail because you answer for whoever holds the lead."),
        lead.id,
    )
