"""How the pages behind links read. They name number, teaser title and state of a lead, no more.

Forwarded mails carry their links along, so nothing here may show company, person or contact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from flask import url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.permissions import Permission
from portal.catalog.queries import book, short_key
from portal.core.db import session
from portal.core.errors import DomainError, NotFound, Refused
from portal.core.mail.links import Purpose
from portal.feedback.forms import PRODUCT
from portal.feedback.models import Feedback
from portal.feedback.rules import Status, TooLateToUndo
from portal.feedback.rules import words_of as answer_words
from portal.inbound import agreeing, asking, deeds, giving_back, own_leads, queries
from portal.inbound.confirming import BY_MAIL, read_in, wanting
from portal.inbound.ended import ended
from portal.inbound.keeping import FilesOutOfReach, load_reading
from portal.inbound.operations import INTEREST, ON_OFFER, Outcome, may_open, may_press, pickup_of
from portal.inbound.page import Asked, Page, Reader, page_about, thanks
from portal.inbound.rules import ChangedMeanwhile, PageTooOld, PressAgain
from portal.leads.models import Lead
from portal.leads.notes import check_writes
from portal.leads.queries import get_visible
from portal.offers import operations as offers
from portal.offers import queries as offer_queries
from portal.offers.places import find_place
from portal.offers.rules import AlreadyTaken
from portal.pickup import extension
from portal.pickup import queries as pickups
from portal.pickup.models import Pickup
from portal.pickup.questions import Typed, gate_view, hot_stop, question_of
from portal.pickup.refusals import words_of
from portal.pickup.rules import (
    FeedbackOwed,
    NotYoursAnyMore,
    TooLateToUndoPick,
    asks_first,
)
from portal.qualification.confirming import interest_of
from portal.timeline.rules import ActivitiesOpen
from portal.web.filters import clock_time, day, money, when

CHOICES = (*Status, "pick", "decline", "interest", deeds.ALL, *deeds.DEEDS)
KEPT = (
    *("status", "note", "text", "next_step", "next_step_on", "waiting_since"),
    *("value", "reason", "decision_maker"),
    *("also", "why", "lost_value", "competitor", "settles", "days"),
)
KEPT_MOST = 5_000
SHOWN_WORDS = 300
"""So much of a mail stands on the page that asks about it."""


def unusable() -> Page:
    """Return the one page for every link that leads nowhere, whatever the cause."""
    return Page(
        heading=_("This link does not work"),
        sentence=_(
            "It has served its time, or was not copied whole. Nothing was changed. Sign in, and "
            "you find your leads there."
        ),
        code="not_found",
        onward=(_("Sign in"), url_for("accounts.login")),
    )


def show(reader: Reader) -> tuple[Page, int]:
    """Return the page of a link as things stand now. Raises `NotFound`."""
    if not may_open(reader.link, reader.actor):
        raise NotFound()
    try:
        return show_thing(reader)
    except NotYoursAnyMore as refusal:  # a colleague has it by now
        return refused(refusal, reader), 404


def show_thing(reader: Reader) -> tuple[Page, int]:
    """Return the page about what a link is for. Raises `NotFound`, `NotYoursAnyMore`."""
    purpose = reader.link.purpose
    if purpose in (Purpose.OFFER, Purpose.STAND_BY):
        return show_offer(reader)
    if purpose == Purpose.FEEDBACK:
        return show_feedback(reader)
    if purpose == Purpose.MORE_TIME:
        return show_more_time(reader)
    if purpose == Purpose.UNDO:
        return show_undo(reader)
    if purpose == Purpose.CONFIRM:
        return show_confirm(reader)
    if purpose == Purpose.TERMS:
        return agreeing.show(reader), 200
    if purpose == Purpose.OWN_LEAD:
        return own_leads.show(reader), 200
    raise NotFound()


def show_offer(reader: Reader) -> tuple[Page, int]:
    """Return the page of an offer: pick up, not for me, or what became of it."""
    link, actor = reader.link, reader.actor
    if link.lead_id is None or not actor.may(Permission.OFFERS_SEE):
        raise NotFound()
    card = offer_queries.find_card(link.lead_id, actor, reader.at)
    # in this order a pick of hers in between is not told as somebody else's
    mark = queries.mark_of_offer(link.lead_id, actor)
    number, _title = queries.title_of(link.lead_id)
    if mark == queries.MINE:
        return yours(link.lead_id, again=True), 200
    if card is None:
        if not offer_queries.was_offered(link.lead_id, actor, reader.at):
            raise NotFound()
        return refused(offers.gone(link.lead_id, actor.organisation_id, actor.id), reader), 404
    if card.entered and card.decides_at is not None:
        return deciding(link.lead_id, card.decides_at), 200
    locale = str(get_locale())
    may_pick = any(actor.may(p) for p in ON_OFFER["pick"])
    stop = hot_stop(pickups.position_of(actor, reader.at) if may_pick else None)
    ends = [_("The offer ends %(when)s.", when=when(card.ends_at))] if card.ends_at else []
    return Page(
        heading=card.title if card.title != number else _("A lead for you"),
        number=number,
        sentence=_("You said that it is not for you. You can still pick it up.")
        if mark == "dismissed"
        else "",
        facts=[*ends, *filter(None, [card.heeding(stop).stopped])],
        body="_offer.html",
        nonce=reader.sign(mark),
        chosen=reader.chosen,
        may_pick=may_pick,
        may_decline=mark != "dismissed",
        for_firm=actor.may(Permission.OFFERS_DECLINE_FIRM),
        reasons=[(short_key(r), r.label(locale)) for r in book().reasons("decline")],
        error=reader.errors.get("reason"),
    ), 200


def show_feedback(reader: Reader) -> tuple[Page, int]:
    """Return the question about a lead in hand, or what became of it."""
    link, actor = reader.link, reader.actor
    held = pickups.get_told(pickup_of(link), actor)
    number, _title = queries.title_of(held.lead_id)
    if held.ended_at is not None:
        return ended(held, number), 404
    deed = deeds.find(link, reader.action or reader.chosen, actor)
    page = deeds.show(reader, deed, held) if deed is not None else None
    if page is not None:
        return page, 200
    if reader.chosen == deeds.ALL:
        return deeds.list_all(reader, held), 200
    lead = session().get_one(Lead, held.lead_id)
    return page_about(
        held.lead_id,
        sentence=_(
            "Your last answer: %(answer)s, %(day)s.",
            answer=answer_words(held.last_status),
            day=day(held.last_feedback_at),
        )
        if held.last_status
        else "",
        facts=[
            *([_("“%(what)s” can’t be done now.", what=deed.words)] if deed is not None else []),
            _("Your answer is due %(when)s.", when=when(held.feedback_due_at)),
        ],
        body="_questions.html",
        action="feedback",
        asked=ask(reader, held.id),
        chosen=reader.chosen,
        nonce=reader.sign(""),
        may_confirm=interest_of(lead, may=True).confirmed_at is None,
        deeds=deeds.open_to(reader, held),
        error=_("The portal asks for some answers before that: please confirm it there.")
        if reader.action == "interest" and reader.errors
        else None,
    ), 200


def show_more_time(reader: Reader) -> tuple[Page, int]:
    """Return the page on which more time is asked for, or why there is none to be had."""
    link, actor = reader.link, reader.actor
    held = pickups.get_told(pickup_of(link), actor)
    number, _title = queries.title_of(held.lead_id)
    if held.ended_at is not None:
        return ended(held, number), 404
    page = page_about(
        held.lead_id,
        facts=[_("Your answer is due %(when)s.", when=when(held.feedback_due_at))],
    )
    room = extension.room_of(held)
    if room.waits is not None:
        return replace(page, sentence=extension.said_of(room.waits)), 200
    if not room.open or not pickups.is_in_charge(held, actor):
        words = _("More time was given as often as is agreed.")
        return replace(page, sentence=words, code=extension.NoMoreTime.code), 409
    locale = str(get_locale())
    return replace(
        page,
        sentence=extension.approval_words(room.approval),
        body="_more_time.html",
        action="more_time",
        nonce=reader.sign(""),
        reasons=[(short_key(r), r.label(locale)) for r in book().reasons("extension")],
        kept=reader.typed,
        errors=reader.errors,
        most_days=room.most_days,
    ), 200


def ask(reader: Reader, pickup_id: int, note_below: str | None = None) -> Sequence[Asked]:
    """Return the question about one lead in hand, with what was typed."""
    found = pickups.find_open(pickup_id)
    if found is None:
        return ()
    typed = None
    if reader.errors or reader.planned:
        typed = Typed(pickup_id, reader.typed, reader.errors, reader.planned)
    question = question_of(
        found, action="", target_id=f"pickup-{pickup_id}", note_below=note_below, typed=typed
    )
    _number, title = queries.title_of(found.lead_id)
    chosen = reader.chosen if reader.chosen in set(Status) else None
    unfolded = question.open
    if unfolded is None and chosen in ("won", "lost"):
        unfolded = chosen
    if unfolded is None and chosen == "not_contacted" and question.step_wanted:
        unfolded = "step"
    if unfolded is None and chosen == "waiting" and question.since_wanted:
        unfolded = "since"
    return [
        Asked(
            replace(question, title=title or found.lead_number, open=unfolded),
            reader.sign(queries.mark_of_pickup(pickup_id)),
            chosen,
        )
    ]


def show_confirm(reader: Reader) -> tuple[Page, int]:
    """Return what was read in a mail of the person's, and the one button that records it.

    Where something is missing or stands against it, the question itself, with all that was read.
    """
    link, said = reader.link, load_reading(reader.link.message_id)
    if not said or queries.writer_of(link.message_id) != reader.actor.id:
        raise NotFound()
    if not may_press(link, reader.actor, said["action"]):
        raise NotFound()
    typed = read_in(said)
    words = [_("In the mail it says: “%(words)s”", words=shortened(said["words"]))]
    if said.get("files"):
        words.append(_("The files that came along are kept with the lead."))
    if said["action"] in ("pick", "decline"):
        page, status = show_offer(replace(reader, chosen=said["action"]))
        return replace(page, facts=[*words, *page.facts] if page.body else page.facts), status
    if link.lead_id is None:
        raise NotFound()
    number, _title = queries.title_of(link.lead_id)
    if said["action"] == "comment":
        check_writes(session().get_one(Lead, link.lead_id), reader.actor)
        if not queries.is_asked_back(link.message_id):
            return recorded_by_mail(number), 200
        asks, button = _("Shall this be noted?"), _("Note it")
        return doubted(reader, asks, number, words, "comment", button, typed), 200
    held = pickups.get_told(pickup_of(link), reader.actor)
    if held.ended_at is not None:
        return ended(held, number), 404
    if not queries.is_asked_back(link.message_id):
        return recorded_by_mail(number), 200
    if said["action"] == "give_back":
        if not pickups.is_in_charge(held, reader.actor):
            raise NotFound()
        page = giving_back.show(replace(reader, typed={**typed, **reader.typed}), held)
        return replace(page, facts=words), 200
    if said["action"] == "help":
        asks, button = _("Shall this be asked?"), _("Ask for help")
        return doubted(reader, asks, number, words, "help", button, typed), 200
    errors = reader.errors or wanting(held, typed, reader.actor, reader.at)
    if errors or reader.planned:
        typed = {**typed, **reader.typed}
        page = asked_for(replace(reader, typed=typed, errors=errors), held, said["action"])
        return replace(page, facts=[*words, *page.facts]), 200
    stands = _("nothing yet")
    if held.last_status:
        stands = _(
            "%(answer)s, %(day)s",
            answer=answer_words(held.last_status),
            day=day(held.last_feedback_at),
        )
    return Page(
        heading=_("Shall we record this?"),
        number=number,
        sentence=read_words(typed),
        facts=[*words, _("Recorded so far: %(answer)s.", answer=stands)],
        body="_press.html",
        action=said["action"],
        button=_("Record it"),
        nonce=reader.sign(queries.mark_of_pickup(held.id)),
        kept={**typed, "pickup_id": str(held.id)},
    ), 200


def doubted(
    reader: Reader,
    heading: str,
    number: str,
    words: Sequence[str],
    action: str,
    button: str,
    typed: Mapping[str, str],
) -> Page:
    """Return the page that asks whether words of a mail shall be taken, with the one button."""
    return Page(
        heading=heading,
        number=number,
        sentence=words[0],
        facts=words[1:],
        body="_press.html",
        action=action,
        button=button,
        nonce=reader.sign(""),
        kept=typed,
    )


def asked_for(reader: Reader, held: Pickup, action: str) -> Page:
    """Return the question about one lead in hand, with what a mail says already written in."""
    return page_about(
        held.lead_id,
        sentence=_("Something is missing before we can record it."),
        body="_questions.html",
        action=action,
        asked=ask(reader, held.id),
        nonce=reader.sign(""),
    )


def read_words(typed: Mapping[str, str]) -> str:
    """Say which answer was read in a mail."""
    said = answer_words(typed.get("status"))
    if typed.get("value"):
        said = f"{said}, {typed['value']}"
    return str(_("We read: %(answer)s.", answer=said))


def recorded_by_mail(number: str) -> Page:
    """Return the page of a mail that was confirmed before."""
    return Page(
        heading=_("Already recorded"),
        number=number,
        sentence=_("What your mail says is recorded."),
        onward=(_("To my leads"), url_for("desk.mine")),
    )


def shortened(words: str) -> str:
    """Return the beginning of what somebody wrote."""
    one_line = " ".join(words.split())
    return one_line if len(one_line) <= SHOWN_WORDS else f"{one_line[:SHOWN_WORDS]} …"


def show_undo(reader: Reader) -> tuple[Page, int]:
    """Return the one button that takes something back; whether it still can be, the press says."""
    link, actor = reader.link, reader.actor
    if link.topic == INTEREST and link.lead_id is not None:
        lead = get_visible(link.lead_id, actor)
        number, _title = queries.title_of(lead.id)
        said = interest_of(lead, may=True).confirmed_at
        if said is None:
            return taken_back("undo_interest", number, again=True), 200
        sentence = _("You confirmed the interest %(day)s.", day=day(said))
    elif link.feedback_id is not None:
        given, held = queries.get_given(link.feedback_id, actor)
        number, _title = queries.title_of(held.lead_id)
        if given.taken_back_at is not None:
            return taken_back("undo_feedback", number, again=True), 200
        sentence = _(
            "You answered: %(answer)s, %(day)s.",
            answer=answer_words(given.status),
            day=day(given.at),
        )
    elif link.pickup_id is not None:
        held = pickups.get_told(link.pickup_id, actor)
        number, _title = queries.title_of(held.lead_id)
        if held.ended_at is not None:
            return ended(held, number), 404
        sentence = _("You picked it up %(day)s.", day=day(held.picked_at))
    elif link.lead_id is not None and offer_queries.was_offered(link.lead_id, actor, reader.at):
        number, _title = queries.title_of(link.lead_id)
        if not queries.is_dismissed(link.lead_id, actor):
            return taken_back("undo_decline", number, again=True), 200
        sentence = _("You said that it is not for you.")
    else:
        raise NotFound()
    return Page(
        heading=_("Take it back?"),
        number=number,
        sentence=sentence,
        body="_press.html",
        action="undo",
        button=_("Take it back"),
        nonce=reader.sign(""),
    ), 200


def yours(lead_id: int, *, again: bool) -> Page:
    """Return the page after a pick. Whom to call stands in the mail, never here."""
    number, _title = queries.title_of(lead_id)
    return Page(
        heading=_("It is yours already") if again else _("It is yours"),
        number=number,
        sentence=_("Whom to call stands in a mail to you, and on the portal."),
        onward=(_("Open the lead"), url_for("desk.lead", lead_id=lead_id)),
    )


def deciding(lead_id: int, decides_at: datetime) -> Page:
    """Return the page of who takes part in a photo-finish: when it is decided, and how he hears."""
    number, _title = queries.title_of(lead_id)
    return Page(
        heading=_("You take part"),
        number=number,
        sentence=_(
            "It is decided at %(time)s: whoever suits %(number)s best gets it.",
            time=clock_time(decides_at, seconds=True),
            number=number,
        ),
        facts=[_("How it went stands in a mail to you then, and on the portal.")],
        code="deciding",
        onward=(_("To what is available"), url_for("pickup.available")),
    )


def taken_back(action: str, number: str, *, again: bool) -> Page:
    """Return the page after an undo."""
    words = {
        "undo_feedback": _("Your answer does not count any more; the lead stands as before."),
        "undo_interest": _("The interest is not confirmed any more."),
        "undo_pick": _("The lead is not in your hands any more; it is offered to others."),
        "undo_decline": _("You see the lead again among what is available."),
    }
    return Page(
        heading=_("Taken back already") if again else _("Taken back, as you wished"),
        number=number,
        sentence=words[action],
        onward=(_("To my leads"), url_for("desk.mine")),
    )


def tell_of_files(page: Page, outcome: Outcome) -> Page:
    """Return a page that says so where files that came with a mail could not be kept."""
    if not outcome.files_left:
        return page
    words = _("Not all that came along with the mail could be kept. Please add it on the portal.")
    return replace(page, facts=[*page.facts, words])


def answer(outcome: Outcome, reader: Reader) -> tuple[Page, int]:
    """Return the page after a press that was done."""
    lead_id = lead_of(reader)
    number, _title = queries.title_of(lead_id)
    if outcome.refusal is not None:
        page, status = refuse(outcome.refusal, reader)
        facts = [_("Your answer is saved."), *page.facts]
        return replace(page, facts=facts), status
    if outcome.decides_at is not None:
        return deciding(lead_id, outcome.decides_at), 202
    if outcome.action == BY_MAIL:
        return recorded_by_mail(number), 200
    if outcome.action == "pick":
        return yours(lead_id, again=outcome.again), 200
    if outcome.action.startswith("undo_"):
        return taken_back(outcome.action, number, again=outcome.again), 200
    if outcome.action == "interest":
        return confirmed(lead_id, number, again=outcome.again), 200
    if outcome.action == "give_back":
        return giving_back.done_page(number, again=outcome.again), 200
    if outcome.wish is not None:
        return thanks(
            again=outcome.again,
            number=number,
            sentence=extension.said_of(outcome.wish),
        ), 200
    if outcome.noted:
        return Page(heading=_("It is noted."), number=number, sentence=outcome.noted), 200
    if outcome.action == "help":
        return asking.asked_page(number, again=outcome.again), 200
    if outcome.action == "comment":
        return Page(heading=_("Thank you"), number=number, sentence=_("It is noted.")), 200
    if outcome.action in ("stand_by", "leave"):
        return waiting(outcome.action, number), 200
    if outcome.action == "decline":
        return thanks(
            again=outcome.again,
            number=number,
            sentence=_("Your firm does not see this lead any more.")
            if outcome.firm_is_out
            else _("You don't see this lead any more."),
        ), 200
    return recorded(outcome.given, number, again=outcome.again), 200


def confirmed(lead_id: int, number: str, *, again: bool) -> Page:
    """Return the page after the interest was confirmed."""
    return thanks(
        again=again,
        number=number,
        sentence=_("We recorded: the interest is confirmed."),
        onward=(_("Open the lead"), url_for("desk.lead", lead_id=lead_id)),
    )


def waiting(action: str, number: str) -> Page:
    """Return the page after standing by, or waiting no more."""
    if action == "leave":
        return Page(heading=_("You don't stand by any more"), number=number)
    return Page(
        heading=_("You stand by"),
        number=number,
        sentence=_("Should it come back, you hear of it first."),
        onward=(_("To what is available"), url_for("pickup.available")),
    )


def recorded(given: Feedback | None, number: str, *, again: bool) -> Page:
    """Return the page after an answer."""
    said = answer_words(given.status) if given else ""
    if given and given.value is not None:
        said = f"{said}, {money(given.value)}"
    return thanks(
        again=again,
        number=number,
        sentence=_("We recorded: %(answer)s.", answer=said),
        facts=() if again else [_("A mail to you says so, with a way to take it back.")],
    )


def lead_of(reader: Reader) -> int:
    """Return the lead that a link is about. Raises `NotFound`."""
    link = reader.link
    if link.lead_id is not None:
        return link.lead_id
    held = pickups.find(link.pickup_id) if link.pickup_id is not None else None
    if held is not None:
        return held.lead_id
    if link.feedback_id is not None:
        return queries.get_given(link.feedback_id, reader.actor)[1].lead_id
    raise NotFound()


def refuse(refusal: DomainError, reader: Reader) -> tuple[Page, int]:
    """Return the page after a press that was refused; an owed answer comes with its question."""
    if isinstance(refusal, PageTooOld | ChangedMeanwhile | FilesOutOfReach):
        return start_again(refusal, reader)
    lead_id = lead_of(reader)
    number, _title = queries.title_of(lead_id)
    if asks_first(refusal):
        return replace(owed(reader, number), code=refusal.code), 409
    if isinstance(refusal, ActivitiesOpen):
        return unsettled(refusal, reader, number), refusal.status
    if not isinstance(refusal, Refused):
        raise refusal
    if deeds.find(reader.link, reader.action, reader.actor) and not isinstance(
        refusal, NotYoursAnyMore
    ):
        # what was typed stays
        page, _status = show(reader)
        facts = [refusal.message, *page.facts]
        return replace(page, facts=facts, code=refusal.code), refusal.status
    return replace(refused(refusal, reader), number=number), refusal.status


def owes_first(reader: Reader) -> bool:
    """Say whether it was an answer that stands between a person and a lead on offer."""
    confirms = reader.link.purpose == Purpose.CONFIRM and reader.link.pickup_id is not None
    return reader.action == "answer" and not confirms


def unsettled(refusal: ActivitiesOpen, reader: Reader, number: str) -> Page:
    """Return the question again, with what is planned and the one button that settles it."""
    reader = replace(reader, planned=refusal.facts["planned"])
    page = owed(reader, number) if owes_first(reader) else show(reader)[0]
    return replace(page, code=refusal.code)


def refused(refusal: Refused, reader: Reader) -> Page:
    """Return the honest answer; never who has it."""
    heading, sentence, facts = words_of(refusal)
    if isinstance(refusal, TooLateToUndo | TooLateToUndoPick):
        heading = str(_("It stays as it is"))
    page = Page(
        heading=heading,
        sentence=sentence,
        facts=facts,
        code=refusal.code,
        onward=(_("To my leads"), url_for("desk.mine")),
    )
    return beside_waiting(page, reader) if isinstance(refusal, AlreadyTaken) else page


def beside_waiting(page: Page, reader: Reader) -> Page:
    """Offer a stand-by place below the honest answer, or say that she has one."""
    lead_id = reader.link.lead_id
    if lead_id is None or reader.link.purpose not in (Purpose.OFFER, Purpose.STAND_BY):
        return page
    place = find_place(lead_id, reader.actor, reader.at)
    if place is None or not (place.waits or place.may_wait):
        return page
    words = _("You stand by. Should it come back, you hear of it first.")
    return replace(
        page,
        facts=[*page.facts, words] if place.waits else page.facts,
        body="_press.html",
        action="leave" if place.waits else "stand_by",
        button=_("Wait no more") if place.waits else _("Stand by, should it come back"),
        nonce=reader.sign(""),
    )


def owed(reader: Reader, number: str) -> Page:
    """Return the questions that stand between the person and the lead."""
    position = pickups.position_of(reader.actor, reader.at)
    gate = gate_view(position, reader.at, waiting=number)
    asked = [
        one
        for question in gate.questions
        for one in ask(
            replace_typed(reader, question.pickup_id), question.pickup_id, question.note_below
        )
    ]
    return Page(
        heading=gate.sentence,
        number=number,
        sentence=gate.detail or "",
        code=FeedbackOwed.code,
        body="_questions.html",
        action="answer",
        asked=asked,
    )


def replace_typed(reader: Reader, pickup_id: int) -> Reader:
    """Return the reader with what was typed into this question only, nothing chosen."""
    mine = reader.typed.get("pickup_id") == str(pickup_id)
    return replace(
        reader,
        chosen=None,
        typed=reader.typed if mine else {},
        errors=reader.errors if mine else {},
        planned=reader.planned if mine else (),
    )


def start_again(refusal: DomainError, reader: Reader) -> tuple[Page, int]:
    """Return the page as things stand now, with a word about why nothing was done."""
    words = _("This page was open for a while. Nothing was changed; please press once more.")
    if isinstance(refusal, ChangedMeanwhile):
        words = _("Another answer came in meanwhile, and it stands. You can still change it here.")
        if reader.action in deeds.DEEDS:
            words = _("Another answer came in meanwhile. Please look once more before you press.")
    if isinstance(refusal, FilesOutOfReach):
        words = refusal.message
    if reader.action == "answer":
        number, _title = queries.title_of(lead_of(reader))
        page: Page = owed(reader, number)
        if not page.asked:
            page, _status = show(replace(reader, errors={}))
    else:
        page, _status = show(reader)
    if page.code == "not_yours_any_more":
        return page, 409
    return replace(page, facts=[words, *page.facts], code=refusal.code), 409


def invalid(reader: Reader) -> tuple[Page, int]:
    """Return the page with a sentence at each field that is missing, and all that was typed."""
    if owes_first(reader):
        number, _title = queries.title_of(lead_of(reader))
        return owed(reader, number), 422
    return show(reader)[0], 422


def press_again(reader: Reader, mark: str) -> tuple[Page, int]:
    """Return the page that asks for a second press, with everything that was typed."""
    asked = asked_again(reader, mark)
    finds = reader.link.purpose == Purpose.OWN_LEAD
    if finds or deeds.find(reader.link, reader.action, reader.actor):
        shown, status = show(reader)
        if status != 200:
            return shown, status
        return replace(
            shown,
            heading=asked.heading,
            sentence=asked.sentence,
            facts=[*filter(None, [shown.sentence]), *shown.facts],
            code=asked.code,
            nonce=asked.nonce,
        ), 409
    buttons = {
        "pick": _("Pick up"),
        "decline": _("Not for me"),
        "undo": _("Take it back"),
        "stand_by": _("Stand by, should it come back"),
        "leave": _("Wait no more"),
        "interest": _("Interest confirmed"),
        "more_time": _("Ask for more time"),
        "comment": _("Note it"),
        "help": _("Ask for help"),
        "give_back": _("Give back"),
        agreeing.ACTION: agreeing.words_of(reader.link.topic),
    }
    of_lead = reader.link.purpose != Purpose.TERMS
    number = queries.title_of(lead_of(reader))[0] if of_lead else None
    kept = {
        name: value[:KEPT_MOST]
        for name, value in reader.typed.items()
        if name in (*KEPT, "pickup_id") or name.startswith(PRODUCT)
    }
    return replace(
        asked,
        number=number,
        body="_press.html",
        button=buttons.get(reader.action or "", answer_words(kept.get("status")) or _("Send")),
        kept=kept,
    ), 409


def asked_again(reader: Reader, mark: str) -> Page:
    """Return the frame of a page that asks for a second press; what is pressed stands below it."""
    return Page(
        heading=_("Please press once more"),
        sentence=_(
            "Some mail programs press buttons by themselves. So that nothing happens without you, "
            "we ask a second time."
        ),
        code=PressAgain.code,
        action=reader.action,
        nonce=reader.sign(mark, again=True),
    )
