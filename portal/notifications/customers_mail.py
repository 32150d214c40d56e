"""What a person hears of the mail with a lead's customer: that he wrote, that he got nothing.

What the customer wrote stands in it, for who may read it by now and nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.core.mail.rendering import moment
from portal.correspondence.addresses import address_of
from portal.correspondence.models import Letter
from portal.correspondence.queries import may_correspond, was_held_back
from portal.hearing.models import Topic
from portal.inbound.keeping import load_raw
from portal.leads.activities import load_activities
from portal.leads.models import Lead
from portal.leads.queries import find_visible
from portal.notifications.sentences import News

TOPICS = (Topic.CUSTOMER_WROTE, Topic.LETTER_BACK)


def find_correspondence(
    topic: str, facts: Mapping[str, Any], user: User, at: datetime
) -> News | None:
    """Return the news for a person; None where they are none of hers by now."""
    actor = find_actor_of(user.id, at)
    lead_id = facts["customer_of_id" if topic == Topic.CUSTOMER_WROTE else "returned_of_id"]
    lead = session().get(Lead, lead_id, populate_existing=True)
    if actor is None or lead is None:
        return None
    if topic == Topic.CUSTOMER_WROTE:
        return _wrote(lead, facts["activity_id"], facts["message_id"], actor)
    letter = session().get(Letter, facts["letter_id"])
    if letter is not None and letter.author_id == actor.id and was_held_back(letter):
        return _held_back(lead, letter, actor)
    return _came_back(lead, letter) if letter and may_correspond(lead, actor) else None


def _wrote(lead: Lead, activity_id: int, message_id: int, actor: Actor) -> News | None:
    found = (one for one in load_activities(lead, actor) if one.id == activity_id)
    activity = next(found, None)
    if activity is None:
        return None
    writes = may_correspond(lead, actor)
    return News(
        Topic.CUSTOMER_WROTE,
        _("The customer wrote: %(number)s", number=lead.number),
        _("the customer of %(number)s wrote.", number=lead.number),
        [str(_("An answer to this mail does not reach the customer."))],
        f"/leads/{lead.id}/letter" if writes else f"/leads/{lead.id}",
        _("Write to the customer") if writes else _("Open the lead"),
        _("You get this mail because this lead is yours to look after."),
        lead.id,
        quote=activity.text,
        answer_to=answered_at(lead, message_id, actor),
    )


def answered_at(lead: Lead, message_id: int, actor: Actor) -> tuple[str, str] | None:
    """Return whom a person answers from her own mail program, and the lead's address for cc.

    None for who does not see whom to call, and once the mail is forgotten.
    """
    its_own = address_of(lead, actor) if may_correspond(lead, actor) else None
    raw = load_raw(message_id) if its_own else None
    return (raw.sender, its_own) if its_own and raw and raw.sender else None


def _held_back(lead: Lead, letter: Letter, actor: Actor) -> News:
    there = find_visible(lead.id, actor) is not None
    return News(
        Topic.LETTER_BACK,
        _("Not sent: mail to the customer of %(number)s", number=lead.number),
        _("a mail to the customer of %(number)s was not sent.", number=lead.number),
        [
            str(_("It was written on %(when)s.", when=moment(letter.at))),
            str(_("The customer wants no more mails, or the lead is yours no more.")),
        ],
        f"/leads/{lead.id}" if there else "/",
        _("Open the lead") if there else _("Open the portal"),
        _("You get this mail because you wrote to the customer."),
        lead.id,
    )


def _came_back(lead: Lead, letter: Letter) -> News:
    return News(
        Topic.LETTER_BACK,
        _("Not arrived: mail to the customer of %(number)s", number=lead.number),
        _("a mail to the customer of %(number)s did not arrive.", number=lead.number),
        [
            str(_("It was written on %(when)s.", when=moment(letter.at))),
            str(_("Please check the address, or call.")),
        ],
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because this lead is yours to look after."),
        lead.id,
    )
