"""What else can be done about a lead in hand behind the mails about it, without signing in.

Whoever adds one adds it here; the mails lead to the list of them, the page of a link shows each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.core.mail.models import MailLink
from portal.inbound import (
    asked,
    asking,
    dating,
    giving_back,
    handing,
    jotting,
    knowing,
    opportunity,
    planning,
    queries,
    resting,
)
from portal.inbound.ended import ended
from portal.inbound.operations import pickup_of
from portal.inbound.page import Deed, Page, Reader, page_about
from portal.offers import operations as offers
from portal.offers.models import Way
from portal.pickup import queries as pickups
from portal.pickup.models import Pickup

ALL = "more"
"""What a link says that leads to the list of them."""
DEEDS: Mapping[str, Deed] = {
    one.name: one
    for one in (
        planning.DEED,
        dating.DEED,
        resting.DEED,
        jotting.DEED,
        *asking.DEEDS,
        asked.DEED,
        opportunity.DEED,
        handing.DEED,
        knowing.DEED,
        giving_back.DEED,
    )
}
MAY = (Permission.PICKUPS_SEE_OWN, Permission.PICKUPS_SEE_FIRM)


def find(link: MailLink, name: str | None, actor: Actor) -> Deed | None:
    """Return what a person does under this name behind a link; None where it is none of these."""
    if link.purpose != Purpose.FEEDBACK or not any(actor.may(permission) for permission in MAY):
        return None
    return DEEDS.get(name or "")


def open_to(reader: Reader, held: Pickup) -> list[tuple[str, str]]:
    """Return the words and the address of each that can be done now."""
    return [
        (one.words_now(reader, held) if one.words_now else str(one.words), f"?s={one.name}")
        for one in DEEDS.values()
        if one.open(reader, held)
    ]


def issue_path(
    lead_id: int, pickup_id: int, user_id: int, at: datetime, topic: str = "feedback"
) -> str:
    """Return the path of the page on which a lead in hand is reported on, and these are done."""
    return links.issue(
        Purpose.FEEDBACK, user_id, at, lead_id=lead_id, pickup_id=pickup_id, topic=topic
    )


def list_all(reader: Reader, held: Pickup) -> Page:
    """Return the page that lists them."""
    return page_about(held.lead_id, body="_deeds.html", deeds=open_to(reader, held))


def show(reader: Reader, deed: Deed, held: Pickup) -> Page | None:
    """Return its page; where it can't be done now what was done, or None."""
    if not reader.action and not deed.open(reader, held):
        if deed.instead is None:
            return None
        page = DEEDS[deed.instead].show(reader, held)
        page = replace(page, facts=[_("That is asked already."), *page.facts])
    else:
        page = deed.show(reader, held)
    return replace(page, onward=page.onward or (_("What else you can do"), f"?s={ALL}"))


def press(reader: Reader, deed: Deed) -> tuple[Page, int]:
    """Do it, the partner's people one after the other. Raises what is refused."""
    offers.lock_partner(reader.actor.organisation_id)
    held = pickups.get_told(pickup_of(reader.link), reader.actor)
    again = deed.name == giving_back.DEED.name and held.outcome == Way.GIVEN_BACK
    if held.ended_at is not None and not again:
        return ended(held, queries.title_of(held.lead_id)[0]), 409
    return deed.press(reader, held), 200
