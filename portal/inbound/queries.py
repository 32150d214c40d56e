"""Reads behind the links of mails: what became of the thing that a link is about."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.mail.models import LinkView, MailLink, ReplyToken
from portal.feedback.models import Feedback
from portal.feedback.operations import newest
from portal.inbound.models import InboundMessage, MailState
from portal.inbound.rules import WITHIN
from portal.leads.models import Lead
from portal.leads.queries import find_teaser
from portal.offers.models import Dismissal, Offer
from portal.offers.queries import FOR_READER, teaser_fields
from portal.pickup.models import Pickup
from portal.pickup.queries import get_told

MINE, OPEN = "mine", "open"
FIRST = "%d:0"
"""The mark of a pickup about which nothing was answered yet."""


def find_mine(lead_id: int, actor: Actor) -> Pickup | None:
    """Return the person's own open pickup of a lead."""
    return session().scalar(
        select(Pickup).where(
            Pickup.lead_id == lead_id, Pickup.user_id == actor.id, Pickup.ended_at.is_(None)
        )
    )


def is_dismissed(lead_id: int, actor: Actor) -> bool:
    """Say whether the person said "Not for me" to the last offer of a lead that was for her."""
    return (
        session().scalar(
            select(Dismissal.user_id)
            .join(Offer, Offer.id == Dismissal.offer_id)
            .where(
                Dismissal.user_id == actor.id,
                Offer.id
                == select(Offer.id)
                .where(
                    Offer.lead_id == lead_id,
                    Offer.organisation_id == actor.organisation_id,
                    FOR_READER,
                )
                .order_by(Offer.round.desc())
                .limit(1)
                .scalar_subquery(),
            ),
            {"units": reach.units_of(actor), "person": actor.id},
        )
        is not None
    )


def mark_of_offer(lead_id: int, actor: Actor) -> str:
    """Return in which state an offer stands for the person: mine, dismissed, or open."""
    if find_mine(lead_id, actor):
        return MINE
    return "dismissed" if is_dismissed(lead_id, actor) else OPEN


def mark_of_pickup(pickup_id: int) -> str:
    """Return which was the last answer about a pickup."""
    last = newest(pickup_id)
    return f"{pickup_id}:{last.id if last else 0}"


def mark_of_talk(lead_id: int) -> str:
    """Return which firm holds a lead, and so reads what is written about it to both sides."""
    firm = session().scalar(select(Lead.holder_organisation_id).where(Lead.id == lead_id))
    return str(firm or "")


def mark_answered(message_id: int | None) -> str:
    """Return in which state the thing stood that an answer is about, when it was written of."""
    query = select(ReplyToken.mark).join(InboundMessage, InboundMessage.token_id == ReplyToken.id)
    return session().scalar(query.where(InboundMessage.id == message_id)) or ""


def writer_of(message_id: int | None) -> int | None:
    """Return whose answer a mail was, by the address it came to."""
    query = select(InboundMessage.user_id).where(InboundMessage.id == message_id)
    return session().scalar(query)


def is_asked_back(message_id: int | None) -> bool:
    """Say whether an answer still waits for its writer to say that it is meant so."""
    query = select(InboundMessage.state).where(InboundMessage.id == message_id)
    return session().scalar(query) == MailState.ASKED_BACK


def title_of(lead_id: int) -> tuple[str, str | None]:
    """Return number and title of a lead; no title where the type keeps it from teasers."""
    row = find_teaser(lead_id)
    if row is None:
        return "", None
    shown = "title" in teaser_fields([row.type_id])[row.type_id]
    return row.number, row.title if shown else None


def count_seen_links(link: MailLink, shown_at: datetime) -> int:
    """Return how many different links of the same mail were opened around a moment.

    The links of one mail are issued to the person in one moment.
    """
    return (
        session().scalar(
            select(func.count(func.distinct(LinkView.link_id)))
            .join(MailLink, MailLink.id == LinkView.link_id)
            .where(
                LinkView.user_id == link.user_id,
                LinkView.at.between(shown_at - WITHIN, shown_at + WITHIN),
                MailLink.created_at == link.created_at,
            )
        )
        or 0
    )


def get_given(feedback_id: int, actor: Actor) -> tuple[Feedback, Pickup]:
    """Return an answer about a pickup that a mail told the person of.

    Raises `NotFound`, and `NotYoursAnyMore` where a colleague has the lead by now.
    """
    given = session().get(Feedback, feedback_id)
    if given is None or given.pickup_id is None:
        raise NotFound()
    return given, get_told(given.pickup_id, actor)
