"""What the mails of this room are shown of to who writes their words: the newest real thing.

The letters are those that are really sent, made by the same functions, for the person who has got
or would get them. Contact data is in none: a sentence stands where the mail to a holder has it, and
where a mail says again what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Row, or_, select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import PICKING_ROLES
from portal.core.db import session
from portal.core.mail import enclosures
from portal.feedback.models import Feedback
from portal.hearing.models import Extent, Hears, Notice, Topic
from portal.hearing.rules import ASKING
from portal.inbound.events import MailActionDone
from portal.inbound.keeping import load_reading
from portal.inbound.models import InboundMessage, MailState
from portal.leads.models import Lead, LeadState
from portal.leads.queries import find_teaser, visible_to
from portal.notifications import answered, digest, letters, mailed, queries
from portal.notifications.digest import Collection
from portal.notifications.letters import Letter
from portal.notifications.news import TOPICS
from portal.notifications.news_samples import LOOKED_AT, newest_facts
from portal.notifications.queries import Offered
from portal.offers.models import Offer, OfferRound, RoundOutcome
from portal.people.models import SignUpRequest
from portal.pickup.models import Pickup
from portal.programme.models import Acceptance
from portal.wording.kinds import KINDS
from portal.wording.samples import Sample, shows

NOWHERE = "/"
ANSWERED = "…"
OF_ONE_LEAD = ("confirm", "hint", "noted", "sealed")
"""How answers to an answer by mail are called that are about one lead."""
TOLD = tuple(topic.value for topic in TOPICS if topic in KINDS)


def sample_of(
    letter: Letter, user: User, about: str, pictures: enclosures.Facts | None = None
) -> Sample:
    """Return a letter to a person as what a mail is shown of."""
    context = {"name": user.name, "hearing_path": NOWHERE, **letter.context}
    if letter.answers or letter.lead_id is not None:
        context["reply_to"] = ANSWERED
    return Sample(context, about, user.timezone, pictures)


def first(letters_of: Iterable[tuple[Letter | None, User, str]]) -> Sample | None:
    """Return the first letter that there is, and of what."""
    for letter, user, about in letters_of:
        if letter is not None:
            return sample_of(letter, user, about)
    return None


def for_whom(user: User, what: str = "") -> str:
    """Say of what a mail is shown, and for whom."""
    firm = session().get_one(Organisation, user.organisation_id).name
    if not what:
        return str(_("%(name)s of %(firm)s", name=user.name, firm=firm))
    return str(_("%(what)s, for %(name)s of %(firm)s", what=what, name=user.name, firm=firm))


@shows("lead_offered", "offer_ends")
def offered(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest offer, for one of the firm who may pick."""
    found = find_offered(actor)
    if found is None:
        return None
    user, offer = found
    ends = kind == Topic.OFFER_ENDS
    letter = letters.lead_offered(offer, user, at, Extent.FULL, ends=ends)
    return sample_of(letter, user, for_whom(user, offer[0].number))


def find_offered(actor: Actor) -> tuple[User, Offered] | None:
    """Return the newest offer that somebody may see, and one of the firm who may pick."""
    found = (
        session()
        .execute(
            select(User, Offer, OfferRound)
            .join(Offer, Offer.organisation_id == User.organisation_id)
            .join(OfferRound, OfferRound.id == Offer.round_id)
            .join(Lead, Lead.id == Offer.lead_id)
            .where(visible_to(actor), User.active, User.roles.overlap(list(PICKING_ROLES)))
            .order_by(Offer.id.desc(), User.id)
            .limit(1)
        )
        .first()
    )
    teaser = find_teaser(found[1].lead_id) if found else None
    return (found[0], (teaser, found[1], found[2])) if found and teaser else None


@shows("not_yours")
def gone(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest lead that another firm got, for one whose firm had it on offer, too."""
    found = session().execute(
        select(User, Lead)
        .join(Offer, Offer.organisation_id == User.organisation_id)
        .join(Lead, Lead.id == Offer.lead_id)
        .where(
            visible_to(actor),
            Lead.state == LeadState.HELD,
            Lead.holder_organisation_id != Offer.organisation_id,
            User.active,
            User.roles.overlap(list(PICKING_ROLES)),
        )
        .order_by(Offer.id.desc(), User.id)
        .limit(LOOKED_AT)
    )
    return first(
        (letters.not_yours(lead.id, user, at), user, for_whom(user, lead.number))
        for user, lead in found
    )


def in_hand(actor: Actor) -> Sequence[Row[Pickup, Lead, User]]:
    """Return the newest leads in hand that somebody may see, with who holds them."""
    found = session().execute(
        select(Pickup, Lead, User)
        .join(Lead, Lead.id == Pickup.lead_id)
        .join(User, User.id == Pickup.user_id)
        .where(visible_to(actor), Pickup.ended_at.is_(None), User.active)
        .order_by(Pickup.id.desc())
        .limit(LOOKED_AT)
    )
    return found.all()


@shows("yours_now", *ASKING)
def held(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest lead in hand; of whom to call it says only where that stands."""

    def write(pickup: Pickup, lead: Lead, user: User) -> Letter | None:
        if kind != "yours_now":
            return letters.feedback_wanted(kind, pickup, user, at)
        with letters.to(user):
            said = str(_("Whom to call stands here, for the holder alone."))
        contact = {**dict.fromkeys(letters.CONTACT_BLOCK), "company": said}
        return letters.yours_with(contact, pickup, lead, user, at)

    return first(
        (write(pickup, lead, user), user, for_whom(user, lead.number))
        for pickup, lead, user in in_hand(actor)
    )


@shows("recorded")
def recorded(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest answer about a lead in hand."""
    found = session().execute(
        select(Feedback, Lead, User)
        .join(Lead, Lead.id == Feedback.lead_id)
        .join(User, User.id == Feedback.user_id)
        .where(visible_to(actor), Feedback.pickup_id.is_not(None))
        .order_by(Feedback.id.desc())
        .limit(1)
    )

    def write(given: Feedback, user: User) -> Letter | None:
        event = MailActionDone(
            at=at,
            lead_id=given.lead_id,
            user_id=user.id,
            action="feedback",
            pickup_id=given.pickup_id,
            feedback_id=given.id,
        )
        return letters.recorded(event, user, at)

    return first(
        (write(given, user), user, for_whom(user, lead.number)) for given, lead, user in found
    )


@shows("terms_agreed")
def agreed(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest yes of a firm to terms."""
    found = session().execute(
        select(Acceptance.terms_id, User)
        .join(User, User.id == Acceptance.user_id)
        .order_by(Acceptance.at.desc())
        .limit(1)
    )
    return first(
        (letters.agreed(terms_id, user, at), user, for_whom(user, "")) for terms_id, user in found
    )


@shows(*TOLD)
def told(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest thing that somebody was told of and that still stands.

    Of mails to own people, before there is one: the newest that the reader could be told of.
    """
    found = session().execute(
        select(Notice, Lead, User)
        .outerjoin(Lead, Lead.id == Notice.lead_id)
        .join(User, User.id == Notice.user_id)
        .where(Notice.topic == kind, or_(Notice.lead_id.is_(None), visible_to(actor)))
        .order_by(Notice.id.desc())
        .limit(LOOKED_AT)
    )
    reader = session().get_one(User, actor.id)
    noticed = ((one.facts, user, lead.number if lead else "") for one, lead, user in found)
    besides = ((facts, reader, number) for facts, number in newest_facts(kind, actor))
    return first(
        (letters.news(kind, facts, user, at), user, for_whom(user, number))
        for facts, user, number in chain(noticed, besides)
    )


@shows("round_unpicked")
def unpicked(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest lead that nobody picked up, as the reader hears of it."""
    user = session().get_one(User, actor.id)
    found = session().execute(
        select(OfferRound.id, Lead.number)
        .join(Lead, Lead.id == OfferRound.lead_id)
        .where(
            visible_to(actor), OfferRound.outcome.in_((RoundOutcome.EXPIRED, RoundOutcome.DECLINED))
        )
        .order_by(OfferRound.id.desc())
        .limit(LOOKED_AT)
    )
    return first(
        (letters.round_unpicked(report, user, at), user, for_whom(user, number))
        for round_id, number in found
        if (report := queries.find_unpicked(round_id)) is not None
    )


@shows("drafts_stale")
def begun(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show what somebody began to qualify: who has begun last."""
    found = session().execute(
        select(Lead.id, User)
        .join(User, User.id == Lead.qualifier_id)
        .where(visible_to(actor), Lead.state == LeadState.QUALIFYING)
        .order_by(Lead.id.desc())
        .limit(LOOKED_AT)
    )
    rows = found.all()
    if not rows:
        return None
    user = rows[0][1]
    drafts = queries.list_drafts([lead_id for lead_id, who in rows if who.id == user.id])
    return sample_of(letters.drafts_stale(drafts), user, for_whom(user))


@shows("mail_taken")
def taken(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest inquiry that one of the vendor's people sent by mail.

    Before there is one: the newest lead, as if the reader had sent it.
    """
    reader = session().get_one(User, actor.id)
    mailed_in = mails_of(actor, InboundMessage.state == MailState.TAKEN)
    newest = select(Lead).where(visible_to(actor)).order_by(Lead.id.desc()).limit(1)
    found = [
        *((lead, user) for _message, lead, user in mailed_in),
        *((lead, reader) for lead in session().scalars(newest)),
    ]
    return first(
        (mailed.taken(lead, user), user, for_whom(user, lead.number)) for lead, user in found
    )


@shows("reply_back")
def asked_back(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest answer by mail that was asked back about.

    Before there is one: the newest lead in hand, as if nothing could be read in its holder's mail.
    """

    def write(message: InboundMessage, said: Mapping[str, Any], user: User) -> Letter | None:
        with letters.to(user):
            hidden = str(_("What was written stands here, for who wrote it alone."))
        how = answered.MAKE[message.answered or "hint"]
        return how(message, {**said, "words": hidden}, user, at)

    asked = [
        (message, said, lead, user)
        for message, lead, user in mails_of(actor, InboundMessage.answered.in_(OF_ONE_LEAD))
        if (said := load_reading(message.id))
    ]
    held_now: list[tuple[InboundMessage, dict[str, Any], Lead, User]] = [
        (InboundMessage(lead_id=lead.id), {}, lead, user) for _pickup, lead, user in in_hand(actor)
    ]
    return first(
        (write(message, said, user), user, for_whom(user, lead.number))
        for message, said, lead, user in (*asked, *held_now)
    )


def mails_of(actor: Actor, such: ColumnElement[bool]) -> Sequence[Row[InboundMessage, Lead, User]]:
    """Return the newest mails of our people and partners about leads that somebody may see."""
    found = session().execute(
        select(InboundMessage, Lead, User)
        .join(Lead, Lead.id == InboundMessage.lead_id)
        .join(User, User.id == InboundMessage.user_id)
        .where(visible_to(actor), User.active, such)
        .order_by(InboundMessage.id.desc())
        .limit(LOOKED_AT)
    )
    return found.all()


@shows("digest")
def collected(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show what a holder of leads owes, and what is on offer, in one mail."""
    held_now, offer = in_hand(actor), find_offered(actor)
    user = held_now[0][2] if held_now else offer[0] if offer else None
    if user is None:
        return None
    collection = Collection(
        feedback=[(Topic.FEEDBACK_DUE, one) for one, _lead, who in held_now if who.id == user.id],
        offers=[offer[1]] if offer else [],
    )
    letter = digest.digest(collection, user, at, Hears.DAILY, Extent.FULL)
    return sample_of(letter, user, for_whom(user))


@shows("invitation")
def invited(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the person who came last, as if the reader invited her."""
    newest = select(User).where(User.active).order_by(User.id.desc()).limit(1)
    user = session().scalar(newest)
    if user is None:
        return None
    letter = letters.invitation_with(NOWHERE, actor.name, user, at)
    return sample_of(letter, user, for_whom(user))


@shows("sign_up_confirm", "sign_up_declined")
def asked_to_join(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest firm that asked to become a partner."""
    query = select(SignUpRequest).order_by(SignUpRequest.id.desc()).limit(1)
    row = session().scalar(query)
    if row is None:
        return None
    more = {"answer": row.answer} if kind == "sign_up_declined" else {"until": at}
    context = {"name": row.name, "company": row.company, "path": NOWHERE, **more}
    return Sample(context, row.company, actor.timezone)


@shows("inquiry_thanks")
def thanked(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show it as if the reader had written: who really wrote stands behind the wall."""
    return Sample({"name": actor.name}, actor.name, actor.timezone)
