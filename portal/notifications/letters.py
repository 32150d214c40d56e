"""What each mail tells: from ids to plain values in the reader's language, and into the outbox.

Here: the contents of every kind, the links that a mail carries, the headers that keep the mails
about a lead together. Not here: who hears when (`operations`), how it looks (templates/emails).
Contact data of a lead is reached by one function alone, `yours_now`, for its holder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from flask import current_app
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import Row

from portal.accounts import operations as accounts
from portal.accounts.devices import device_of
from portal.accounts.events import (
    PasswordChanged,
    RecoveryCodesMade,
    SecondStepRemoved,
    SecondStepSet,
)
from portal.accounts.models import User
from portal.accounts.queries import find_name, find_session, get_actor
from portal.capture.finding import path_to_bring
from portal.catalog.queries import book
from portal.core import circumstances
from portal.core.config import Settings
from portal.core.db import session
from portal.core.mail import addresses, links, outbox
from portal.core.mail.enclosures import Facts
from portal.core.mail.links import Purpose
from portal.core.mail.rendering import moment, speaking
from portal.core.mail.replies import Reply
from portal.correspondence.addresses import address_of
from portal.correspondence.queries import may_correspond
from portal.deadlines.models import Clock, ClockKind
from portal.deadlines.rules import terms_of
from portal.deadlines.telling import expectations
from portal.feedback.models import Feedback
from portal.feedback.rules import Status, words_of
from portal.hearing.models import Extent, Topic
from portal.inbound import deeds
from portal.inbound.deeds import DEEDS
from portal.inbound.events import MailActionDone
from portal.inbound.keywords import AGREES, ANSWERS, ASKS, CHOICES
from portal.leads import contacts
from portal.leads.models import Lead, LeadState, LeadType
from portal.leads.queries import find_teaser
from portal.matching.shared_parts import in_full
from portal.notifications import queries, reply_addresses
from portal.notifications.late import what_comes
from portal.notifications.news import find_news, path_to
from portal.notifications.queries import Offered, RoundReport
from portal.notifications.sentences import IN_MAIL, News
from portal.offers import operations as offers
from portal.offers import places, rings
from portal.offers.cards import card_of
from portal.offers.models import EntryOutcome, RoundOutcome
from portal.offers.rules import Outscored
from portal.people.models import SignUpRequest
from portal.pickup.clock_words import lines_of
from portal.pickup.events import EntryEnded
from portal.pickup.extension import room_of
from portal.pickup.models import Pickup
from portal.pickup.photo_finish import FIRM_DECLINED
from portal.pickup.queries import find, find_open, get_policy, position_of
from portal.pickup.refusals import outscored_words, stopped_words
from portal.pickup.rules import UNDO_WITHIN, Colour, obstacles
from portal.pickup.words import next_step_wanted, sentence_of, since_wanted, way_out_of
from portal.programme.models import Terms, TermsKind
from portal.qualification.confirming import interest_of
from portal.web.filters import money

ABOUT_SIGN_IN = {"invitation", "new_device", "password_reset", "sign_in_changed", "sign_in_link"}
"""Mails that lead nowhere without a sign-in; all others lead to the choice of what to hear."""

CLOCKS = {
    Topic.CONTACT_WANTED.value: ClockKind.RESPONSE,
    Topic.COMPLETION_WANTED.value: ClockKind.COMPLETION,
}
"""What mails to a holder are about; all others are about the next answer."""

STOPS_FOR = timedelta(days=90)
"""So long mails by the calendar can be ended from one of them."""
CONTACT_BLOCK = ("company", "name", "role", "phone", "tel", "email", "domain", "address")
"""What stands in the block that says whom to call."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is rendered."""

    kind: str
    context: dict[str, Any]
    lead_id: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    answers: Sequence[Reply] = ()
    encloses: Facts | None = None
    passing: Sequence[str] = ()


def post(letter: Letter, user: User, at: datetime, dedupe_key: str) -> None:
    """Put a letter to a person into the outbox; mails about one lead hang together.

    Each mail about a lead can be answered, whether or not its letter says where.
    """
    headers, context = dict(letter.headers), {"name": user.name, **letter.context}
    answers = letter.answers
    if not answers and letter.lead_id is not None:
        answers = (reply_addresses.for_lead(letter.lead_id, user),)
    if letter.kind not in ABOUT_SIGN_IN:
        context["hearing_path"] = links.issue(Purpose.STOP, user.id, at, topic="hearing")
    if letter.lead_id is not None:
        root = addresses.message_id(f"lead:{letter.lead_id}:{user.id}", *_signs())
        headers |= {"In-Reply-To": root, "References": root}
    outbox.post(
        letter.kind,
        queries.recipient(user),
        context,
        at,
        dedupe_key=dedupe_key,
        lead_id=letter.lead_id,
        headers=headers,
        encloses=letter.encloses,
        answers=answers,
        passing=letter.passing,
    )


def post_to_asker(
    row: SignUpRequest, kind: str, more: dict[str, Any], at: datetime, dedupe_key: str
) -> None:
    """Put a letter to who asks to become a partner into the outbox; she has no place here yet."""
    settings: Settings = current_app.config["SETTINGS"]
    to_whom = outbox.Recipient(None, row.email, row.name, row.locale, settings.default_timezone)
    context = {"name": row.name, "company": row.company, **more}
    outbox.post(kind, to_whom, context, at, dedupe_key=dedupe_key)


def stopping(topic: str, name: str, user: User, at: datetime) -> tuple[str, dict[str, str]]:
    """Return the link that ends mails by the calendar, and the lines with which programs find it.

    `name` is the list's in their eyes.
    """
    settings: Settings = current_app.config["SETTINGS"]
    path = links.issue(Purpose.STOP, user.id, at, topic=topic, lasts=STOPS_FOR)
    return path, {
        "List-Id": f"<{name}.{settings.mail_domain}>",
        "List-Unsubscribe": f"<{settings.public_url}{path}/stop>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@contextmanager
def to(user: User) -> Iterator[None]:
    """Speak the language of a person, in her zone."""
    with speaking(user.locale, user.timezone):
        yield


def _signs() -> tuple[str, str]:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.mail_domain, settings.secret_key


# -- what several mails tell -------------------------------------------------------------------


def lead_of(row: Row[Any], at: datetime, explanation: Sequence[dict[str, Any]] = ()) -> Any:
    """Return what a mail tells about a lead: only what its type allows in a teaser."""
    shown = frozenset(session().get_one(LeadType, row.type_id).teaser_fields)
    card = card_of(row, shown, at, seen_by=0, explanation=explanation)
    return {
        "lead_id": card.lead_id,
        "number": card.number,
        "temperature": card.temperature,
        "title": card.title,
        "text": card.text,
        "source": card.source,
        "expectation": card.expectation,
        "brand": card.brand,
        "why": list(card.why),
        "facts": [
            (str(_("Place")), card.place),
            (str(_("Size")), card.size),
            (str(_("Value")), card.value),
            (str(_("Time frame")), card.time_frame),
            (str(_("Industry")), card.industry),
            (str(_("Products")), ", ".join(card.products)),
            *((one.label, one.words) for one in card.own),
        ],
    }


def offered_lead(
    found: Offered, user: User, at: datetime, extent: str = Extent.FULL
) -> dict[str, Any]:
    """Return what a mail tells about a lead on offer, with the links to take it or leave it."""
    teaser, offer, opened = found
    path = offer_path(teaser.id, offer.round, user, at)
    return {
        **shorten(lead_of(teaser, at, in_full(offer.explanation, opened.parts)), extent),
        "ends_at": offer.ends_at,
        "left": left(offer.ends_at - at),
        "firms": max(1, rings.seen_by(opened, at)),
        "suits_you": offer.suits_user_id == user.id,
        "alone_until": rings.alone_until(opened, at),
        "more_from": rings.more_from(opened, at),
        "pick_path": f"{path}?s=pick",
        "decline_path": f"{path}?s=decline",
    }


def shorten(lead: dict[str, Any], extent: str) -> dict[str, Any]:
    """Leave out of what a mail tells about a lead what its reader does not want in it."""
    if extent == Extent.FULL:
        return lead
    if extent == Extent.TEASER:
        return {**lead, "text": "", "why": []}
    return {**lead, "text": "", "why": [], "source": "", "expectation": "", "facts": []}


def left(span: timedelta) -> str:
    """Say how much time is left: "3 days", "20 hours", "45 minutes"."""
    hours = max(0, round(span.total_seconds() / 3600))
    if hours >= 48:
        return str(ngettext("%(num)d day", "%(num)d days", hours // 24))
    if hours >= 2:
        return str(ngettext("%(num)d hour", "%(num)d hours", hours))
    minutes = int(span.total_seconds() / 60)
    if minutes >= 2:
        return str(ngettext("%(num)d minute", "%(num)d minutes", minutes))
    return str(_("a short while"))


def question_path(pickup: Pickup, user: User, at: datetime) -> str:
    """Return the path of the page on which a lead in hand is reported on."""
    return deeds.issue_path(pickup.lead_id, pickup.id, user.id, at)


def offer_path(lead_id: int, round_: int, user: User, at: datetime) -> str:
    """Return the path of the page on which a lead on offer is picked up, or said no to."""
    return links.issue(Purpose.OFFER, user.id, at, lead_id=lead_id, round_=round_, topic="offer")


def interest_path(path: str, pickup: Pickup) -> str | None:
    """Return where the interest is confirmed; None where whoever holds the lead has done so."""
    lead = session().get_one(Lead, pickup.lead_id)
    said = interest_of(lead, may=True).confirmed_at
    return f"{path}?s=interest" if said is None else None


def more_time_path(pickup: Pickup, user: User, at: datetime) -> str | None:
    """Return where more time is asked for; None where there is none, or another holds the lead."""
    if pickup.user_id != user.id or not room_of(pickup).open:
        return None
    return links.issue(
        Purpose.MORE_TIME,
        user.id,
        at,
        lead_id=pickup.lead_id,
        pickup_id=pickup.id,
        topic="more_time",
    )


def answers(path: str, reply: Reply, number: str) -> list[dict[str, str]]:
    """Return the five answers about a lead in hand, each with its link and as a mail to send."""
    settings: Settings = current_app.config["SETTINGS"]
    address = reply.address(settings.inbound_domain)
    words = spoken(ANSWERS)
    asked = {
        "won": f"\n\n{_('Value of the order, %(currency)s', currency=settings.currency)}: ",
        "lost": f"\n\n{_('Why?')} \n{_('Who decided?')} ",
    }
    return [
        {
            "label": words_of(status),
            "url": f"{settings.public_url}{path}?s={status}",
            "mailto": mailto(address, f"Re: {number}", keyword + asked.get(status, "")),
        }
        for status, keyword in zip(Status, words, strict=True)
    ]


def choices(path: str, reply: Reply, number: str) -> list[dict[str, str]]:
    """Return yes and no to a lead on offer, each with its link and as a mail to send."""
    settings: Settings = current_app.config["SETTINGS"]
    address = reply.address(settings.inbound_domain)
    labels = {"pick": _("Pick up"), "decline": _("Not for me")}
    return [
        {
            "label": str(label),
            "url": f"{settings.public_url}{path}?s={choice}",
            "mailto": mailto(address, f"Re: {number}", keyword),
        }
        for (choice, label), keyword in zip(labels.items(), spoken(CHOICES), strict=True)
    ]


def spoken(words: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return what a programme reads in an answer, in the language that is spoken."""
    return words.get(str(get_locale())[:2], words["en"])


def hint(words: Sequence[str]) -> str:
    """Say which words a mail can be answered with."""
    return str(
        _(
            "Or answer this mail with one word in its first line: %(words)s.",
            words=", ".join(words),
        )
    )


def answer_hint() -> str:
    """Say with which words to answer about a lead in hand, and what belongs behind them."""
    words = spoken(ANSWERS)
    return str(
        _(
            "Or answer this mail with one word in its first line: %(words)s. Behind %(won)s write "
            "the value of the order, behind %(lost)s the reason. %(help)s, with your question "
            "below it, asks us for help.",
            words=", ".join(words),
            won=words[-2],
            lost=words[-1],
            help=spoken(ASKS)[0],
        )
    )


def mailto(address: str, subject: str, body: str) -> str:
    """Return the address of a mail that is ready to be sent."""
    body = body.replace("\n", "\r\n")
    return f"mailto:{address}?subject={quote(subject, safe='')}&body={quote(body, safe='')}"


def gate_told(user: User, at: datetime) -> dict[str, str] | None:
    """Say why a person can't pick up and what clears it; None where nothing of hers is owed."""
    where = position_of(get_actor(user.id), at)
    if where.gate.colour != Colour.RED:
        return None
    found = obstacles(where.standing, where.gate, where.firm_in_hand, at)[0]
    return {"why": sentence_of(found, IN_MAIL), "way_out": way_out_of(found)}


def asked_besides(pickup: Pickup) -> list[str]:
    """Return what an answer about a lead needs besides, by its policy and what was said last."""
    found = find_open(pickup.id)
    asked = []
    if found and found.needs_next_step:
        asked.append((Status.NOT_CONTACTED, next_step_wanted(found.uncontacted)))
    if found and found.needs_since:
        asked.append((Status.WAITING, since_wanted()))
    return [f"{words_of(status)}: {wanted}" for status, wanted in asked]


# -- one mail each -----------------------------------------------------------------------------


def lead_offered(
    found: Offered, user: User, at: datetime, extent: str, *, ends: bool = False
) -> Letter:
    """A lead for you; or its offer `ends`, and it is still there."""
    kind = Topic.OFFER_ENDS if ends else Topic.LEAD_OFFERED
    reply = reply_addresses.for_offer(found[0].id, found[1].round)
    with to(user):
        lead = offered_lead(found, user, at, extent)
        context = {"lead": lead, "reply_hint": hint(spoken(CHOICES))}
    return Letter(kind, context, found[0].id, answers=(reply,))


def expected_first(pickup: Pickup) -> Sequence[str]:
    """Return what a pickup's policy expects first: contact and answers, a sentence each."""
    return expectations(terms_of(get_policy(pickup)), pickup.rhythm_days)[0].said


def yours_now(
    pickup: Pickup, user: User, at: datetime, handed_by: str | None = None
) -> Letter | None:
    """Yours now: whom to call, for the holder alone; None where it is not hers any more.

    `handed_by` is who gave it to her, where she did not pick it up herself.
    """
    lead = session().get(Lead, pickup.lead_id)
    if lead is None or lead.holder_id != user.id or pickup.ended_at:
        return None
    return yours_with(contact_of(lead, user, at), pickup, lead, user, at, handed_by)


def contact_of(lead: Lead, user: User, at: datetime) -> dict[str, str | None]:
    """Return whom the holder of a lead calls; that she has seen it is written down."""
    with circumstances.under(channel="mail"):
        contact = contacts.load_contact(lead, get_actor(user.id), at, together=True)
    street = ", ".join(
        part for part in (contact.street, f"{contact.postcode or ''} {lead.city or ''}") if part
    )
    return {
        "company": contact.company,
        "name": " ".join(part for part in (contact.first_name, contact.last_name) if part),
        "role": contact.role,
        "phone": contact.phone,
        "tel": contact.phone_e164 or contact.phone,
        "email": contact.email,
        "domain": contact.domain,
        "address": street.strip(" ,"),
    }


def yours_with(
    contact: Mapping[str, str | None],
    pickup: Pickup,
    lead: Lead,
    user: User,
    at: datetime,
    handed_by: str | None = None,
) -> Letter | None:
    """Return the mail to the holder of a lead with this contact block."""
    teaser = find_teaser(lead.id)
    if teaser is None:
        return None
    path, reply = question_path(pickup, user, at), reply_addresses.for_question(pickup)
    actor = get_actor(user.id)
    with to(user):
        return Letter(
            "yours_now",
            {
                "lead": lead_of(teaser, at),
                "its_own": address_of(lead, actor) if may_correspond(lead, actor) else None,
                "handed_by": handed_by,
                "contact": contact,
                "due_at": pickup.feedback_due_at,
                "rhythm_days": pickup.rhythm_days,
                "deadlines": [
                    one
                    for one in lines_of([pickup.id], at)[pickup.id]
                    if one.kind != ClockKind.FEEDBACK and one.state == "ahead"
                ],
                "expected": expected_first(pickup),
                "answer_rows": answers(path, reply, lead.number),
                "reply_hint": answer_hint(),
                "interest_path": interest_path(path, pickup),
                "known_path": f"{path}?s=known",
                "give_back_path": f"{path}?s=give_back",
                "more_path": f"{path}?s=more",
            },
            lead.id,
            answers=(reply,),
            passing=("contact",),
        )


def clock_of(kind: str, pickup: Pickup) -> Clock | None:
    """Return the running clock that a mail to the holder of a lead is about."""
    return queries.find_clock(pickup.id, CLOCKS.get(kind, ClockKind.FEEDBACK))


def due_of(kind: str, pickup: Pickup) -> datetime | None:
    """Return when that is due which a mail to the holder of a lead asks for; None: not any more."""
    if kind not in CLOCKS:
        return pickup.feedback_due_at
    clock = clock_of(kind, pickup)
    return clock.due_at if clock else None


def feedback_wanted(kind: str, pickup: Pickup, user: User, at: datetime) -> Letter | None:
    """An answer, first contact or the end is due; or somebody asks how far it is."""
    teaser, due = find_teaser(pickup.lead_id), due_of(kind, pickup)
    if teaser is None or due is None:
        return None
    instead_of = find_name(pickup.user_id) if pickup.user_id != user.id else None
    path, reply = question_path(pickup, user, at), reply_addresses.for_question(pickup)
    with to(user):
        return Letter(
            kind,
            {
                "lead": lead_of(teaser, at),
                "reply_hint": answer_hint(),
                "instead_of": instead_of,
                "due_at": due,
                "late": due <= at,
                "asked_by": asked_by(pickup) if kind == Topic.REMINDED else None,
                "coming": what_comes(clock_of(kind, pickup), at),
                "picked_at": pickup.picked_at,
                "last": words_of(pickup.last_status),
                "asked": asked_besides(pickup),
                "gate": None if instead_of else gate_told(user, at),
                "answer_rows": answers(path, reply, teaser.number),
                "interest_path": interest_path(path, pickup),
                "more_time_path": more_time_path(pickup, user, at),
                "give_back_path": None if instead_of else f"{path}?s=give_back",
                "more_path": f"{path}?s=more",
            },
            pickup.lead_id,
            answers=(reply,),
        )


def asked_by(pickup: Pickup) -> str | None:
    """Name who was the last to ask the holder of a lead how far it is."""
    user_id = queries.find_reminder(pickup)
    return find_name(user_id) if user_id else None


def decided(event: EntryEnded, user: User, at: datetime) -> Letter | None:
    """How a photo-finish went for somebody who took part and did not get the lead.

    Whoever is with another firm by now hears nothing.
    """
    teaser = find_teaser(event.lead_id) if event.lead_id is not None else None
    if teaser is None or user.organisation_id != event.organisation_id:
        return None
    declined = event.refusal == FIRM_DECLINED
    if teaser.state != LeadState.OFFERED and not declined:
        return not_yours(teaser.id, user, at, entered=True)
    with to(user):
        if declined:
            what = _("your firm said “Not for me” to %(number)s.", number=teaser.number)
            details = [_("You took part; that was said for all of you before it was decided.")]
        elif event.outcome == EntryOutcome.OVER:
            what = _("the offer of %(number)s to your firm has ended.", number=teaser.number)
            details = [_("You took part; it ended before it was decided.")]
        else:
            what = _("%(number)s could not be yours when it was decided.", number=teaser.number)
            details = [stopped_words(event.refusal or ""), _("It is still on offer to your firm.")]
        return Letter(
            "not_yours",
            {
                "lead": lead_of(teaser, at),
                "what": str(what),
                "details": [str(line) for line in details],
                "stand_by_path": None,
                "entered": True,
            },
            teaser.id,
        )


def not_yours(lead_id: int, user: User, at: datetime, *, entered: bool = False) -> Letter | None:
    """Somebody was faster, or suited it better, honestly told; `entered` where she took part."""
    teaser = find_teaser(lead_id)
    if teaser is None:
        return None
    told = offers.gone(lead_id, user.organisation_id, user.id)
    gone = told.facts
    seen_by, number = int(gone["seen_by"] or 0), teaser.number
    picked, in_house = gone["picked"], gone["in_house"]
    place = places.find_place(lead_id, get_actor(user.id), at)
    with to(user):
        if isinstance(told, Outscored) and not in_house:
            what = _("%(number)s went to another firm that took part.", number=number)
        elif in_house:
            what = _("%(number)s was picked up in your own firm.", number=number)
        elif picked:
            what = _("another firm was faster: %(number)s is gone.", number=number)
        else:
            what = _("%(number)s is not on offer any more.", number=number)
        details: list[str] = []
        if isinstance(told, Outscored):
            _title, _sentence, facts = outscored_words(told)
            details += facts
        if gone["gone_at"]:
            details.append(str(_("It went on %(when)s.", when=moment(gone["gone_at"]))))
        if not isinstance(told, Outscored):
            seen = ngettext(
                "%(num)d firm was offered it.", "%(num)d firms were offered it.", seen_by
            )
            details.append(str(seen))
        if place and place.waits:
            details.append(str(_("You stand by for it: should it come back, you hear first.")))
        return Letter(
            "not_yours",
            {
                "lead": lead_of(teaser, at),
                "what": str(what),
                "details": details,
                "stand_by_path": links.issue(
                    Purpose.STAND_BY, user.id, at, lead_id=lead_id, topic="stand_by"
                )
                if place and place.may_wait and not place.waits
                else None,
                "entered": entered,
            },
            lead_id,
        )


def round_words(report: RoundReport, at: datetime) -> dict[str, Any] | None:
    """Return how a round went that nobody won, and what is to be done next."""
    teaser = find_teaser(report.lead_id)
    if teaser is None:
        return None
    number = teaser.number
    later = queries.find_round(report.lead_id, teaser.round)
    again = later if later and later.number > report.number and not later.ended_at else None
    if report.outcome == RoundOutcome.DECLINED:
        what = _("nobody wanted %(number)s: every firm said no.", number=number)
    else:
        what = _("the time for %(number)s is over, and nobody has picked it up.", number=number)
    if again is not None:
        following = ngettext(
            "It is offered again, to %(num)d firm, until %(when)s. Nothing to do for you.",
            "It is offered again, to %(num)d firms, until %(when)s. Nothing to do for you.",
            again.offered,
            when=moment(again.ends_at),
        )
    else:
        following = _(
            "It is on the board under “Came back”: change the text, offer it to others, or call "
            "yourself."
        )
    silent = report.silent
    return {
        "lead": lead_of(teaser, at),
        "what": str(what),
        "next": str(following),
        "offered_again": again is not None,
        "round": {
            "facts": [
                (str(_("Round")), str(report.number)),
                (str(_("Offered to")), _firms(report.offered)),
                (str(_("Said no")), _firms(report.offered - silent)),
                (str(_("Silent")), _firms(silent)),
            ],
            "refusals": [
                (
                    book().label(reason_id, str(get_locale())) or str(_("No reason given")),
                    ", ".join(names),
                )
                for reason_id, names in report.refusals
            ],
        },
    }


def _firms(number: int) -> str:
    return str(ngettext("%(num)d firm", "%(num)d firms", number))


def round_unpicked(report: RoundReport, user: User, at: datetime) -> Letter | None:
    """Nobody picked a lead up, for whoever looks after the offers."""
    with to(user):
        context = round_words(report, at)
    return Letter("round_unpicked", context, report.lead_id) if context else None


def drafts_stale(drafts: Sequence[dict[str, Any]]) -> Letter:
    """Leads were begun and not finished."""
    return Letter("drafts_stale", {"drafts": list(drafts)})


def news(topic: str, facts: Mapping[str, Any], user: User, at: datetime) -> Letter | None:
    """One thing in a sentence; None where it is past."""
    with to(user):
        found = find_news(topic, facts, user, at)
        return news_letter(found, at) if found else None


def news_letter(found: News, at: datetime) -> Letter:
    """Return the mail about one thing in a sentence, in the language that is spoken."""
    teaser = find_teaser(found.lead_id) if found.lead_id is not None else None
    return Letter(
        found.topic,
        {
            "lead": lead_of(teaser, at) if teaser else None,
            "subject": str(found.subject),
            "what": str(found.what),
            "details": found.details,
            "coming": found.coming,
            "deed": found.deed,
            "other": found.other,
            "path": found.path,
            "press": str(found.press),
            "reason": str(found.reason),
            **({"reply_hint": request_hint()} if found.request_id is not None else {}),
            **({"quote": found.quote, "answer_to": found.answer_to} if found.quote else {}),
            **({"reply_hint": hint(spoken(AGREES))} if found.reply else {}),
        },
        found.lead_id,
        answers=(found.reply,) if found.reply else answered_at(found),
    )


def request_hint() -> str:
    """Say what becomes of an answer to a mail that tells what the vendor answered."""
    return str(_("Or simply answer this mail: it goes to whoever answers you."))


def answered_at(found: News) -> Sequence[Reply]:
    """Return where what somebody wrote is answered; elsewhere than other mails about a lead."""
    if found.request_id is not None and found.lead_id is not None:
        return (reply_addresses.for_request(found.lead_id, found.request_id),)
    if found.topic != Topic.COMMENTED or found.lead_id is None:
        return ()
    return (reply_addresses.for_talk(found.lead_id),)


def recorded(event: MailActionDone, user: User, at: datetime) -> Letter | None:
    """We recorded what you pressed behind a mail; what can be undone carries its link."""
    teaser = find_teaser(event.lead_id) if event.lead_id is not None else None
    if teaser is None:
        return None
    with to(user):
        lead = lead_of(teaser, at)
        if event.action == "bring":
            # nobody has looked through what she typed, and mails are forwarded
            lead["title"] = teaser.number
        what, details = recorded_words(event, teaser.number)
        undo: str | None = None
        if event.action in ("pick", "decline", "feedback", "interest"):
            undo = links.issue(
                Purpose.UNDO,
                user.id,
                at,
                lead_id=event.lead_id,
                pickup_id=event.pickup_id if event.action in ("pick", "feedback") else None,
                feedback_id=event.feedback_id if event.action == "feedback" else None,
                topic=event.action,
                lasts=UNDO_WITHIN,
            )
        return Letter(
            "recorded",
            {
                "lead": lead,
                "what": what,
                "details": details,
                "undo_path": undo,
                "undo_until": at + UNDO_WITHIN,
                "finds_path": path_to_bring(get_actor(user.id), at)
                if event.action == "bring"
                else None,
            },
            event.lead_id,
            answers=reply_to_recorded(event),
        )


def agreed(terms_id: int, user: User, at: datetime) -> Letter:
    """We recorded that a firm agreed to terms, for who said so by mail."""
    terms = session().get_one(Terms, terms_id)
    with to(user):
        refers = terms.kind == TermsKind.REFERRAL
        return Letter(
            "terms_agreed",
            {
                "lead": None,
                "subject": str(
                    _("Your firm refers leads") if refers else _("Your firm has agreed")
                ),
                "what": str(
                    _("we recorded that your firm agrees to this and refers leads from now on.")
                    if refers
                    else _("we recorded that your firm agrees to the terms of the programme.")
                ),
                "details": [
                    str(_("It is version %(number)s. You agreed for it.", number=terms.number)),
                    str(_("If it was not you, please tell us.")),
                ],
                "path": path_to(terms, user, at),
                "press": str(_("Read them again")),
                "reason": str(
                    _(
                        "You get this mail because you answered one of our mails, or pressed a "
                        "button in it."
                    )
                ),
            },
        )


def reply_to_recorded(event: MailActionDone) -> Sequence[Reply]:
    """Return where a mail that says what was recorded is answered, should the lead be closed."""
    pickup = find(event.pickup_id) if event.pickup_id else None
    return (reply_addresses.for_question(pickup),) if pickup else ()


def recorded_words(event: MailActionDone, number: str) -> tuple[str, list[str]]:
    """Say what was recorded, and what of it."""
    said = {
        "pick": _("%(number)s is picked up.", number=number),
        "decline": _("%(number)s is not for you.", number=number),
        "stand_by": _("you stand by for %(number)s.", number=number),
        "interest": _("the interest in %(number)s is confirmed.", number=number),
        "undo_interest": _("the interest in %(number)s is not confirmed any more.", number=number),
        "more_time": _("you asked for more time for %(number)s.", number=number),
        "go_on": _("%(number)s goes on.", number=number),
        "bring": _("%(number)s is in, and we qualify it.", number=number),
        "leave": _("you don't stand by for %(number)s any more.", number=number),
        "undo_pick": _("%(number)s is not picked up; it was taken back.", number=number),
        "undo_decline": _("%(number)s is on your list again.", number=number),
        "undo_feedback": _("the last answer about %(number)s is taken back.", number=number),
    }
    details: list[str] = []
    if event.action == "pick":
        details.append(str(_("Whom to call stands in another mail.")))
    ended = find(event.pickup_id) if event.action == "give_back" and event.pickup_id else None
    if ended is not None and ended.reason_id is not None:
        details.append(book().label(ended.reason_id, str(get_locale())))
    if event.action in DEEDS:
        return str(DEEDS[event.action].recorded) % {"number": number}, details
    if event.action != "feedback":
        return str(said.get(event.action, event.action)), details
    given = session().get(Feedback, event.feedback_id) if event.feedback_id else None
    answer = words_of(event.status or (given.status if given else "waiting"))
    if given is not None:
        if given.value is not None:
            answer = f"{answer}, {money(given.value)}"
        reason = book().label(given.reason_id, str(get_locale())) if given.reason_id else ""
        details += [line for line in (reason, given.next_step, given.note) if line]
    return f"{answer}.", details


def invitation(user: User, by_user_id: int, at: datetime) -> Letter | None:
    """A place in the programme; None for who has a password by now."""
    if user.password_hash is not None:
        return None
    inviter = queries.find_user(by_user_id) if by_user_id else None
    secret = accounts.issue_invitation(user.id, at)
    return invitation_with(f"/invite/{secret}", inviter.name if inviter else None, user, at)


def invitation_with(path: str, inviter: str | None, user: User, at: datetime) -> Letter:
    """Return the mail that asks somebody in, by this path."""
    return Letter(
        "invitation",
        {
            "inviter": inviter,
            "firm": user.organisation.name,
            "path": path,
            "until": at + accounts.INVITATION_LASTS,
        },
    )


def new_device(session_id: int, user: User) -> Letter | None:
    """A sign-in from a browser that the person never used before."""
    opened = find_session(session_id)
    if opened is None:
        return None
    with to(user):
        device = device_of(opened.user_agent or "")
    return Letter(
        "new_device", {"when": opened.created_at, "device": device, "address": opened.address}
    )


def sign_in_changed(
    event: PasswordChanged | SecondStepSet | SecondStepRemoved | RecoveryCodesMade, user: User
) -> Letter:
    """The way a person signs in was changed: what, when, with which browser or by whom."""
    opened = find_session(event.session_id) if event.session_id else None
    with to(user):
        advice = _(
            "It was you? Then there is nothing to do. If not, choose a new password now: that "
            "signs everybody out."
        )
        by = None
        match event:
            case PasswordChanged():
                what = _("your password was changed.")
                by = None if opened else _("the link of a mail to you")
            case SecondStepSet():
                what = _("a second step was set up: besides the password, a code of an app.")
                advice = _(
                    "It was you? Then there is nothing to do. If not, choose a new password now, "
                    "and ask an administrator to take the second step off."
                )
            case SecondStepRemoved():
                what = _("your second step was switched off: the password alone lets you in.")
                by = None if opened else changed_by(event.by_user_id)
            case RecoveryCodesMade():
                what = _("new recovery codes were made; the old ones count no more.")
        return Letter(
            "sign_in_changed",
            {
                "what": str(what),
                "when": event.at,
                "device": device_of(opened.user_agent or "") if opened else None,
                "address": opened.address if opened else None,
                "by": str(by) if by else None,
                "advice": str(advice),
            },
        )


def changed_by(user_id: int) -> str:
    """Name who changed something of somebody else's; 0 is a command."""
    found = session().get(User, user_id) if user_id else None
    return found.name if found else str(_("who runs the portal"))
