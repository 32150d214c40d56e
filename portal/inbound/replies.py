"""An answer to one of our mails: whose it is, what it says, and what is done about it, once.

The address it came to says which mail it answers, `deciding` what that may do, `wishes` what is
wanted. It is done by the very operations of the portal, in the transaction in which the mail is
settled: whoever takes up a mail that a killed process left has nothing done twice. What is doubtful
is kept and asked back at the address that we know; what strangers write waits for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import func, or_, select, text

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.queries import find_actor_of, find_user_by_email
from portal.core import circumstances
from portal.core.config import Settings
from portal.core.db import session
from portal.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Refused
from portal.core.events import record
from portal.core.mail import replies as addresses
from portal.core.mail.links import Purpose
from portal.core.mail.models import ReplyToken
from portal.core.mail.rendering import speaking
from portal.feedback import operations as feedback
from portal.feedback.forms import read_answer
from portal.inbound import agreeing, answering, copies, operations, queries
from portal.inbound.authentication import vouched
from portal.inbound.deciding import At, By, Does, decide, who
from portal.inbound.events import (
    MailNotUnderstood,
    MailPickLost,
    RepliesHeaped,
    ReplyAnswered,
    ReplyRepaired,
)
from portal.inbound.keeping import keep_reading, look_for_files, note_sender
from portal.inbound.keywords import ASKED_FOR
from portal.inbound.models import InboundMessage, MailState
from portal.inbound.noting import comment, is_shared
from portal.inbound.parsing import Mail, text_in
from portal.inbound.rules import ChangedMeanwhile, Topic
from portal.inbound.wishes import (
    AGREE,
    HELP,
    PRICE,
    Target,
    Wish,
    of_asking,
    of_offer,
    of_talk,
    of_terms,
    only_thanks,
    read_wish,
)
from portal.leads.models import Lead
from portal.leads.notes import check_writes
from portal.offers import operations as offers
from portal.offers.queries import was_offered
from portal.offers.rules import AlreadyTaken
from portal.pickup import queries as pickups
from portal.pickup.models import Pickup
from portal.pickup.queries import list_mine, list_told
from portal.pickup.refusals import words_of
from portal.pickup.rules import NotYoursAnyMore, asks_first
from portal.sheets.operations import take_back
from portal.sheets.reading import is_ours
from portal.timeline.rules import ActivitiesOpen

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_A_DAY = 3
"""So many mails a person is sent in a day because of answers in which nothing was to be read."""
ASKING = "asking"
"""That a page asks for the rest of what is asked of the vendor."""
STEPS = ("owed", "confirm", ASKING)
"""What we write back that is the next step of what was wanted."""
MOST_STEPS, MOST_STEPS_OF_ONE = 20, 3
"""So many of these a person is sent in a day, about all leads and about one."""
NOTED = "noted"
"""That what she wrote is kept as a note and her answer is owed still, said once of a question."""
REST = "rest"
"""That the rest of her mails waits for people, which is said once in a day."""
MOST_TO_A_DOMAIN, MOST_ABOUT_A_LEAD, MOST_FROM_A_PERSON = 20, 5, 30
"""In an hour: mails of that kind to a domain, answers of a person about a lead, and about all."""
MOST_NOTES_ABOUT_A_LEAD, MOST_NOTES_FROM_A_PERSON = 10, 40
"""In a day: answers of a person that became notes about a lead, and about all leads.

Each is mailed on to the other side, where a program may answer it.
"""
SAID = (Topic.TALK, Topic.HELP, Topic.LEAD)
"""The topics of mails about a lead that tell something, and ask nothing."""
ASKABLE = (Topic.QUESTION, Topic.TALK, Topic.LEAD, Topic.MANY)
"""The topics of mails in answer to which the vendor can be asked for help or a special price."""
HERS = (MailState.APPLIED, MailState.REFUSED, MailState.ASKED_BACK)
NEWER = "newer_terms"
"""The doubt of a yes to terms that newer ones have replaced."""
BESIDE = "files_beside"
"""The doubt of a yes to terms that something came along with."""
RECORDED, BY_HAND = "recorded", "by_hand"
WORDS_KEPT = 4000
IN_LINE = text("SELECT pg_advisory_xact_lock(hashtext('replies'), CAST(:user AS integer))")


@dataclass(frozen=True, slots=True)
class Came:
    """An answer as it came: in which mail, to which address, from whom."""

    message: InboundMessage
    mail: Mail
    token: ReplyToken | None
    person: User
    at: datetime


def read(message: InboundMessage, mail: Mail, at: datetime) -> InboundMessage:
    """Do what an answer says, ask back, or leave it to people."""
    note_sender(message.id, mail.sender, mail.sender_name)
    if not mail.sender:
        return leave(message, "odd_sender", at)
    settings: Settings = current_app.config["SETTINGS"]
    tokens = find_tokens(message, mail)
    token = tokens[0] if tokens else None
    person = session().get(User, token.user_id) if token else find_user_by_email(mail.sender)
    by = who(mail.sender, person.email) if person else By.OTHER
    said = vouched(mail.vouched, settings.authserv_id, mail.sender, mail.signatures)
    does, why = decide(where(token, at), by, said)
    if person is not None:
        message.user_id = person.id
    if token is not None and copies.is_copy(message, mail, token.id):
        return settle(message, MailState.DUPLICATE, copies.READ_BEFORE, at)
    if token is not None:
        addresses.use(token, at)
        message.token_id, message.lead_id = token.id, token.lead_id
    actor = find_actor_of(person.id, at) if person else None
    if person is None or actor is None:
        return leave(message, "left" if person else why, at)
    if does == Does.QUARANTINE:
        asked_for = message.recipient.startswith(addresses.LOCAL)
        return leave(message, why if asked_for else "from_partner", at)
    session().execute(IN_LINE, {"user": person.id})
    came = Came(message, mail, token, person, at)
    if is_heaped(came):
        record(RepliesHeaped(at=at, user_id=person.id))
        return leave(message, "too_often", at)
    about = {one.lead_id for one in tokens if one.user_id == person.id and one.lead_id}
    with (
        circumstances.under(actor_id=actor.id, channel="mail"),
        speaking(actor.locale, actor.timezone),
    ):
        sent = sent_with(token) if token else ""
        wish = as_asked(read_wish(own_part(mail.written), sent, actor, at), token, actor)
        doubts = list(wish.doubts)
        if does == Does.CONFIRM or (does == Does.APPLY_UNLESS_CLOSING and wish.closes):
            doubts.append(why)
        if len(about) > 1:
            doubts.append("two_leads")
        if of_two_minds(wish, came, sent, actor):
            doubts.append("two_texts")
        if copies.answered_before(message, addresses.LOCAL):
            doubts.append("came_before")
        wish = replace(wish, doubts=tuple(doubts))
        if token is not None and token.topic == Topic.TERMS:
            return take_yes(came, wish, token, actor)
        if holds_sheet(came):
            return take_sheet(came, wish, actor, does)
        return act(came, wish, actor, named=does != Does.NAME_LEAD)


def as_asked(wish: Wish, token: ReplyToken | None, actor: Actor) -> Wish:
    """Return what is wanted by who answers a mail in which nothing was asked of him, as a note.

    To terms there is a yes and nothing else.
    Of who has the lead in hand a clear word counts as to a question.
    """
    if token is not None and token.topic == Topic.TERMS:
        return of_terms(wish)
    if token is None or token.topic in ASKABLE:
        asks = of_asking(wish)
        if asks.action in ASKED_FOR and not is_no_holder(token, actor):
            return asks
    if token is None or token.lead_id is None or token.topic not in SAID:
        return wish
    if not may_note(token.lead_id, actor):
        return wish
    may = ("feedback", "give_back") if queries.find_mine(token.lead_id, actor) else ()
    return of_talk(wish, may=(*may, "undo") if token.topic == Topic.LEAD else may)


def is_no_holder(token: ReplyToken | None, actor: Actor) -> bool:
    """Say whether a mail is about a lead that a person neither holds nor was asked about."""
    if token is None or token.lead_id is None or token.pickup_id is not None:
        return False
    return queries.find_mine(token.lead_id, actor) is None


def of_two_minds(wish: Wish, came: Came, sent: str, actor: Actor) -> bool:
    """Say whether the HTML of a mail clearly wants something else than its plain text."""
    shown = came.mail.shown
    if not shown or wish.action in ("", "comment"):
        return False
    other = as_asked(read_wish(own_part(shown), sent, actor, came.at), came.token, actor)
    if wish.action == AGREE:
        return other.action not in ("", AGREE)
    if other.action in ("", "comment"):
        return False
    said = [
        (one.action, one.typed.get("status"), one.typed.get("value"), one.number)
        for one in (wish, other)
    ]
    return said[0] != said[1]


def sent_with(token: ReplyToken) -> str:
    """Return all that a mail of ours said: programs quote its text, or what its HTML shows."""
    text, html = addresses.find_sent(token)
    return f"{text}\n{text_in(html)}".strip()


def own_part(body: str) -> str:
    """Return the text of an answer without the lines by which our mails find their way back."""
    return addresses.IN_TEXT.sub("", body)


def find_tokens(message: InboundMessage, mail: Mail) -> list[ReplyToken]:
    """Return the addresses of ours that a mail names, first the one it came to.

    What stands in its headers and at its foot counts where programs have lost the address.
    """
    named = [its[1] for one in mail.addressed if (its := addresses.IN_ADDRESS.search(one))]
    found: list[ReplyToken | None] = [
        session().get(ReplyToken, message.token_id) if message.token_id else None,
        *(addresses.find(one) for one in named),
        addresses.find_by_mails(mail.answers),
    ]
    if not any(found):
        at_foot = [one[1] for one in addresses.IN_TEXT.finditer(mail.text)]
        found += [addresses.find(one) for one in at_foot[:3]]
    return list(dict.fromkeys(one for one in found if one is not None))


def where(token: ReplyToken | None, at: datetime) -> At:
    """Return what is to be said of the address an answer came to."""
    if token is None:
        return At.NONE
    return At.GOOD if addresses.is_good(token, at) else At.OVER


def is_heaped(came: Came) -> bool:
    """Say whether so much comes from a person, or about a lead, that a machine is likely."""
    # what only says that it is hers, and was left to people, is not held against her
    mine = select(func.count()).where(
        InboundMessage.user_id == came.person.id,
        InboundMessage.state.in_(HERS),
        InboundMessage.reason != BY_HAND,
    )
    noted = mine.where(
        InboundMessage.state == MailState.APPLIED,
        or_(InboundMessage.answered.is_(None), InboundMessage.answered == NOTED),
    )
    about = InboundMessage.lead_id == came.message.lead_id
    lately, today = (InboundMessage.processed_at > came.at - span for span in (HOUR, DAY))
    most = (
        (mine.where(lately), MOST_FROM_A_PERSON),
        (mine.where(lately, about), MOST_ABOUT_A_LEAD),
        (noted.where(today), MOST_NOTES_FROM_A_PERSON),
        (noted.where(today, about), MOST_NOTES_ABOUT_A_LEAD),
    )
    return any((session().scalar(query) or 0) >= limit for query, limit in most)


def may_write_back(came: Came) -> bool:
    """Say whether the person may be told once more that nothing was to be read, or done."""
    written = select(func.count(InboundMessage.id)).where(
        InboundMessage.answered.is_not(None), InboundMessage.answered.not_in((RECORDED, *STEPS))
    )
    mine = written.where(
        InboundMessage.user_id == came.person.id, InboundMessage.processed_at > came.at - DAY
    )
    if (session().scalar(mine) or 0) >= MOST_A_DAY:
        return False
    domain = came.person.email.rpartition("@")[2]
    theirs = (
        written.join(User, User.id == InboundMessage.user_id)
        .where(func.lower(func.split_part(User.email, "@", 2)) == domain.lower())
        .where(InboundMessage.processed_at > came.at - HOUR)
    )
    return (session().scalar(theirs) or 0) < MOST_TO_A_DOMAIN


def may_go_on(came: Came) -> bool:
    """Say whether the person may be asked the next step of what she wants once more."""
    steps = select(func.count(InboundMessage.id)).where(
        InboundMessage.user_id == came.person.id,
        InboundMessage.answered.in_(STEPS),
        InboundMessage.processed_at > came.at - DAY,
    )
    of_one = steps.where(InboundMessage.lead_id == came.message.lead_id)
    return (session().scalar(steps) or 0) < MOST_STEPS and (
        session().scalar(of_one) or 0
    ) < MOST_STEPS_OF_ONE


def was_told_of_rest(came: Came) -> bool:
    """Say whether the person was told in the last day that the rest of her mails waits."""
    query = select(InboundMessage.id).where(
        InboundMessage.user_id == came.person.id,
        InboundMessage.answered == REST,
        InboundMessage.processed_at > came.at - DAY,
    )
    return session().scalar(query.limit(1)) is not None


def was_told_how(came: Came) -> bool:
    """Say whether the person was told how to answer before, about this lead or in this thread."""
    message = came.message
    query = select(InboundMessage.id).where(
        InboundMessage.user_id == came.person.id,
        InboundMessage.answered == "hint",
        InboundMessage.lead_id == message.lead_id
        if message.lead_id is not None
        else InboundMessage.token_id == message.token_id,
    )
    return session().scalar(query.limit(1)) is not None


# -- what becomes of it -----------------------------------------------------------------------


def act(came: Came, wish: Wish, actor: Actor, *, named: bool) -> InboundMessage:
    """Do what is wanted, or ask back; `named` says that the mail told which lead it is about."""
    if wish.action == "stop":
        return write_back(came, "stop", wish)
    target = target_of(came, wish, actor)
    if target is None:
        return write_back(came, "which", wish)
    if not named or not (target.named or (came.token and came.token.lead_id)):
        wish = replace(wish, doubts=(*wish.doubts, "no_address"))
    came.message.lead_id = target.lead_id
    try:
        check_told(target, actor, came.at)
    except NotFound:
        return leave(came.message, "not_yours", came.at)
    except NotYoursAnyMore as refusal:
        return refuse(came, wish, target, refusal)
    if wish.number and wish.number != queries.title_of(target.lead_id or 0)[0]:
        wish = replace(wish, doubts=(*wish.doubts, "two_leads"))
    if not wish.action and not came.mail.files:
        return write_back(came, "sealed" if came.mail.sealed else "hint", wish)
    wish = fitted(wish, target, actor)
    if target.topic == Topic.OWED and wish.action == "comment":
        # what was asked for picks a lead up; a note is no answer
        return write_back(came, "owed", wish)
    if wish.action in ASKED_FOR and "does_not_fit" not in wish.doubts and not wish_is_whole(wish):
        return lead_to_page(came, wish, target, actor)
    if wish.doubts:
        return ask_back(came, wish, target)
    return apply(came, wish, target, actor)


def lead_to_page(came: Came, wish: Wish, target: Target, actor: Actor) -> InboundMessage:
    """Lead to the page that asks for the rest; the files of whom we are sure of are kept."""
    if came.mail.files and not wish.doubts and target.lead_id is not None:
        offers.lock_partner(actor.organisation_id)
        shared = is_shared(target.topic, target.mark, target.lead_id, actor)
        answering.keep_attached(target.lead_id, came.mail, shared, actor, came.at)
    return write_back(came, ASKING, wish, target=target)


def wish_is_whole(wish: Wish) -> bool:
    """Say whether a mail holds all that is asked for: of a price it is figures of a form."""
    return wish.action == HELP and "text" in wish.typed


def check_told(target: Target, actor: Actor, at: datetime) -> None:
    """Refuse to say anything of a lead that is not hers to hear of by now.

    Raises `NotFound`, `NotYoursAnyMore`.
    """
    if target.pickup_id is not None:
        pickups.get_told(target.pickup_id, actor)
    elif target.lead_id is not None and not was_offered(target.lead_id, actor, at):
        check_writes(session().get_one(Lead, target.lead_id), actor)


def take_yes(came: Came, wish: Wish, token: ReplyToken, actor: Actor) -> InboundMessage:
    """Take a firm's yes to terms in, or lead to them where it is doubtful.

    What is no yes people read, too, and what came along with one: it may be an objection.
    """
    terms = agreeing.find_marked(token.mark, actor)
    if terms is None or not operations.may(Purpose.TERMS, AGREE, actor):
        return leave(came.message, "not_yours", came.at)
    if wish.action == "stop":
        return write_back(came, "stop", wish)
    if wish.action == AGREE and came.mail.besides:
        wish = replace(wish, doubts=(*wish.doubts, BESIDE))
    if wish.action == AGREE and not wish.doubts:
        try:
            fresh = agreeing.agree(terms, actor, came.at)
        except Conflict:
            return write_back(came, "terms", replace(wish, doubts=(NEWER,)))
        if fresh:
            return settle(came.message, MailState.APPLIED, AGREE, came.at, RECORDED)
        told = (str(_("Already recorded")), agreeing.told_of(terms, actor))
        return write_back(came, "told", wish, MailState.APPLIED, told)
    write_back(came, "sealed" if came.mail.sealed else "terms", wish)
    objects = wish.action == "comment" or (came.mail.besides and not came.mail.sealed)
    if objects and came.message.state == MailState.ASKED_BACK:
        reason = BESIDE if wish.action == AGREE else "about_terms"
        return leave(came.message, reason, came.at, came.message.answered)
    return came.message


SHEETS = (".xlsx", ".csv")


def holds_sheet(came: Came) -> bool:
    """Say whether a sheet of ours came along, in answer to no mail about one lead alone."""
    if came.token is not None and came.token.lead_id is not None:
        return False
    sheets = [one for one in came.mail.files if one.name.lower().endswith(SHEETS)]
    asked_for = came.token is not None and came.token.topic == Topic.SHEET
    return bool(sheets) and (asked_for or any(is_ours(one.data) for one in sheets))


def take_sheet(came: Came, wish: Wish, actor: Actor, does: Does) -> InboundMessage:
    """Take in the sheet that came along; what became of its rows is answered by its own room.

    Where it is doubtful whose it is, or there are two, nothing of it is taken; where the words of
    the mail are an answer, too, people look which of both counts.
    """
    if wish.action not in ("", "comment"):
        return leave(came.message, "sheet_and_words", came.at)
    sheets = [one for one in came.mail.files if one.name.lower().endswith(SHEETS)]
    if does == Does.CONFIRM:
        said = _("We could not make sure that it is from you. Please give it back on the portal.")
        return write_back(came, "told", wish, told=(str(_("Your sheet was not taken")), str(said)))
    if len(sheets) > 1:
        said = _("There are several in it, and we don’t know which one counts. Please send one.")
        return write_back(came, "told", wish, told=(str(_("Your sheet was not taken")), str(said)))
    (sheet,) = sheets
    # its rows name their leads themselves
    vouched_for = does in (Does.APPLY, Does.NAME_LEAD)
    take_back(sheet.data, sheet.name, actor, came.at, "mail", may_close=vouched_for)
    return settle(came.message, MailState.APPLIED, Topic.SHEET, came.at, RECORDED)


def target_of(came: Came, wish: Wish, actor: Actor) -> Target | None:
    """Return what an answer is about; None where that can't be said."""
    token = came.token
    if token is not None and token.lead_id is not None:
        asked = token.topic not in (Topic.OFFER, *SAID)
        mine = None if asked else queries.find_mine(token.lead_id, actor)
        if mine is not None and wish.action in ("feedback", "give_back", "undo", *ASKED_FOR):
            # an answer about what is hers now
            mark = mark_of_mine(token, mine.id, wish)
            return Target(Topic.QUESTION, token.lead_id, mine.id, mark)
        return Target(token.topic, token.lead_id, token.pickup_id, token.mark)
    if wish.number and wish.action in ("pick", "decline"):
        return offered_as(wish.number, actor, came.at)
    # a number that is none of hers names another lead than the one she has in hand
    held = list_told(actor, wish.number) if wish.number else list_mine(actor)
    if len(held) != 1:
        return None
    ((pickup, lead),) = held
    mark = queries.mark_of_pickup(pickup.id)
    return Target(Topic.QUESTION, lead.id, pickup.id, mark, named=bool(wish.number))


def mark_of_mine(token: ReplyToken, pickup_id: int, wish: Wish) -> str:
    """Return after which answer about what is hers a mail speaks that did not ask about it."""
    if token.topic != Topic.OFFER:
        return queries.mark_of_pickup(pickup_id)
    return queries.FIRST % pickup_id if wish.action == "undo" else token.mark


def offered_as(number: str, actor: Actor, at: datetime) -> Target | None:
    """Return the lead with a number that was offered to the person; None where none was."""
    lead_id = session().scalar(select(Lead.id).where(Lead.number == number))
    if lead_id is None or not was_offered(lead_id, actor, at):
        return None
    return Target(Topic.OFFER, lead_id, mark=queries.OPEN, named=True)


def fitted(wish: Wish, target: Target, actor: Actor) -> Wish:
    """Return a wish with a doubt where it doesn't fit what was asked."""
    on_offer = target.topic in (Topic.OFFER, Topic.OWED)
    in_hand = target.pickup_id is not None
    notes = target.topic != Topic.OFFER or may_note(target.lead_id, actor)
    if not notes:
        wish = of_offer(wish)
    fits = {
        "feedback": in_hand,
        "give_back": in_hand and target.topic != Topic.OWED,
        HELP: in_hand,
        PRICE: in_hand,
        "pick": on_offer or in_hand,
        "decline": on_offer,
        "comment": notes,
        "": notes,
    }.get(wish.action, True)
    if target.topic == Topic.OWED and wish.action == "feedback":
        named = {"pickup_id": str(target.pickup_id)}
        wish = replace(wish, action="answer", typed={**wish.typed, **named})
    return wish if fits else replace(wish, doubts=(*wish.doubts, "does_not_fit"))


def may_note(lead_id: int | None, actor: Actor) -> bool:
    """Say whether the person may write notes about a lead: she, or her firm, has it in hand."""
    try:
        check_writes(session().get_one(Lead, lead_id), actor)
    except NotFound:
        return False
    return True


def apply(came: Came, wish: Wish, target: Target, actor: Actor) -> InboundMessage:
    """Do what is wanted, by the operation that also a form and a link call."""
    message, at = came.message, came.at
    try:
        # whatever a refusal has begun is undone before anything is said of it
        with session().begin_nested():
            done = answering.do(wish, target, came.mail, message.id, actor, at)
    except Invalid as error:
        missing = tuple(f"missing:{name}" for name in error.errors)
        return ask_back(came, replace(wish, doubts=missing), target)
    except (ChangedMeanwhile, ActivitiesOpen) as refusal:
        return ask_back(came, replace(wish, doubts=(refusal.code,)), target)
    except (NotFound, Forbidden):
        if wish.action == "undo" and target.topic == Topic.OFFER:
            return write_back(came, "hint", wish)
        return leave(message, "not_yours", at)
    except DomainError as refusal:
        return refuse(came, wish, target, refusal)
    if done.refusal is not None:
        # the answer stands although the pick was refused
        return refuse(came, wish, target, done.refusal, state=MailState.APPLIED)
    if done.told:
        return write_back(came, "told", wish, MailState.APPLIED, done.told)
    action = wish.action or "files"
    reason = f"files_left:{done.files_left}" if done.files_left else action
    answered = None if action in ("comment", "files") else RECORDED
    if action == "comment" and is_still_asked(came, wish, target, actor) and may_write_back(came):
        write_back(came, NOTED, wish, MailState.APPLIED)
        answered = NOTED
    return settle(message, MailState.APPLIED, reason, at, answered)


def is_still_asked(came: Came, wish: Wish, target: Target, actor: Actor) -> bool:
    """Say whether an answer is owed to whose question a note came, and she wasn't told so.

    Mere thanks are no reason to ask before the answer is soon due.
    """
    if target.topic != Topic.QUESTION or came.token is None:
        return False
    query = (
        select(InboundMessage.id)
        .join(ReplyToken, ReplyToken.id == InboundMessage.token_id)
        .where(InboundMessage.user_id == actor.id, InboundMessage.answered == NOTED)
        .where(ReplyToken.mark == came.token.mark)
    )
    questions = pickups.position_of(actor, came.at).gate.questions
    owed = next((one for one in questions if one.id == target.pickup_id), None)
    if owed is None or (only_thanks(wish) and not owed.is_soon(came.at)):
        return False
    return session().scalar(query.limit(1)) is None


def refuse(
    came: Came,
    wish: Wish,
    target: Target,
    refusal: DomainError,
    state: MailState = MailState.REFUSED,
) -> InboundMessage:
    """Tell honestly why something can't be done; an owed answer is asked for first."""
    if isinstance(refusal, AlreadyTaken):
        record(MailPickLost(at=came.at, lead_id=target.lead_id, user_id=came.person.id))
        return settle(came.message, state, refusal.code, came.at, RECORDED)
    if asks_first(refusal):
        return write_back(came, "owed", wish, state)
    said = words_of(refusal) if isinstance(refusal, Refused) else ("", refusal.message, ())
    return write_back(came, "told", wish, state, answering.said_of(said))


def ask_back(came: Came, wish: Wish, target: Target) -> InboundMessage:
    """Keep what was read, and ask at the address that we know whether it is meant so."""
    if wish.action == "undo" or "does_not_fit" in wish.doubts or target.lead_id is None:
        return write_back(came, "hint", wish)
    # files alone are kept as a note is
    wish = replace(wish, action=wish.action or "comment")
    return write_back(came, "confirm", wish, MailState.ASKED_BACK, (), target)


def write_back(
    came: Came,
    how: str,
    wish: Wish,
    state: MailState = MailState.ASKED_BACK,
    told: Sequence[str] = (),
    target: Target | None = None,
) -> InboundMessage:
    """Have the person written to, unless that was done often enough; then people look at it."""
    message = came.message
    keep_reading(
        message.id,
        {
            "action": wish.action,
            "words": wish.words[:WORDS_KEPT],
            "typed": wish.typed,
            "doubts": list(wish.doubts),
            "told": list(told),
            "pickup_id": target.pickup_id if target else None,
            "topic": target.topic if target else "",
            "from": who_wrote(came),
            "files": len(came.mail.files),
        },
    )
    reason = wish.doubts[0] if wish.doubts else how
    if how == "hint" and was_told_how(came):
        return leave(message, "told_how", came.at)
    if not (may_go_on(came) if how in STEPS else may_write_back(came)):
        record(RepliesHeaped(at=came.at, user_id=came.person.id))
        rest = REST if how in STEPS and not was_told_of_rest(came) else None
        if rest:
            record(answered_with(came, rest))
        if state == MailState.APPLIED:
            return settle(message, state, reason, came.at, rest)
        return leave(message, "too_often", came.at, rest)
    record(answered_with(came, how))
    return settle(message, state, reason, came.at, how)


def answered_with(came: Came, how: str) -> ReplyAnswered:
    """Return the event upon which the person is written to."""
    return ReplyAnswered(
        at=came.at,
        lead_id=came.message.lead_id,
        message_id=came.message.id,
        user_id=came.person.id,
        how=how,
    )


def who_wrote(came: Came) -> str:
    """Return the code of who wrote: the person, somebody of her mail domain, or another."""
    return str(who(came.mail.sender, came.person.email))


def settle(
    message: InboundMessage,
    state: MailState,
    reason: str,
    at: datetime,
    answered: str | None = None,
) -> InboundMessage:
    """Say what became of an answer."""
    message.state, message.reason, message.processed_at = state, reason, at
    message.answered = answered
    session().flush()
    return message


def leave(
    message: InboundMessage, reason: str, at: datetime, answered: str | None = None
) -> InboundMessage:
    """Leave an answer to people; whoever wrote it hears nothing of what becomes of it."""
    settle(message, MailState.NOT_UNDERSTOOD, reason, at, answered)
    if copies.waits_already(message):
        copies.settle_as_copy(message)
        session().flush()
    else:
        record(MailNotUnderstood(at=at, message_id=message.id, user_id=None, reason=reason))
    return message


# -- by people --------------------------------------------------------------------------------


def is_answer(message: InboundMessage) -> bool:
    """Say whether a mail came to an address for answers."""
    return message.recipient.startswith((f"{addresses.LOCAL}@", f"{addresses.LOCAL}+"))


def writer_of(message: InboundMessage, at: datetime) -> Actor | None:
    """Return the person whose answer a mail is, if she has access still."""
    return find_actor_of(message.user_id, at) if message.user_id else None


def enter(
    message: InboundMessage,
    mail: Mail | None,
    pickup_id: int,
    typed: Mapping[str, str],
    by: Actor,
    at: datetime,
) -> None:
    """Enter what a mail says as the answer of who wrote it, as one of the vendor's people.

    The mail is locked; its files are kept with the lead. He hears of it as of any other answer,
    with the way to take it back. Raises `NotFound`, `NotYoursAnyMore`, `Invalid`, `ActivitiesOpen`.
    """
    person = get_writer(message, at)
    with circumstances.under(actor_id=by.id, as_id=person.id, channel="mail"):
        given = feedback.give(pickup_id, read_answer(typed), person, at)
        operations.done_with(given, person, "feedback", at)
        repair(message, mail, given.lead_id, "feedback", person, by, at)


def do_for(
    message: InboundMessage,
    mail: Mail | None,
    lead_id: int,
    typed: Mapping[str, str],
    by: Actor,
    at: datetime,
) -> None:
    """Do what a mail says besides answers for who wrote it.

    `deed` is comment, help, pick, decline or give_back. As `enter` does, by the operations that a
    link calls, under the gate of that person. Raises `NotFound` for what is none of his,
    `Invalid`, and whatever the operation refuses.
    """
    person, deed = get_writer(message, at), typed["deed"]
    if not operations.may(Purpose.CONFIRM, deed, person):
        raise NotFound()
    with circumstances.under(actor_id=by.id, as_id=person.id, channel="mail"):
        offers.lock_partner(person.organisation_id)
        words = typed["words"].strip()
        if deed in ("comment", HELP) and not words:
            raise Invalid({"words": _("Please write something.")})
        if deed == "comment":
            comment(lead_id, words, message.id, person.is_partner, person, at)
        elif deed == HELP:
            held = find_held(lead_id, person)
            operations.ask_for_help(held.id, words, message.id, person.is_partner, person, at)
        elif deed == "pick":
            operations.claim(lead_id, person, at)
        elif deed == "give_back":
            held = find_held(lead_id, person)
            why = {"reason": typed["why_back"]}
            operations.hand_back(held.id, why, queries.mark_of_pickup(held.id), person, at)
        else:
            seen = queries.mark_of_offer(lead_id, person)
            operations.decline(lead_id, typed["why"], seen, person, at)
        repair(message, mail, lead_id, deed, person, by, at)


def find_held(lead_id: int, person: Actor) -> Pickup:
    """Return a person's pickup of a lead in her hands. Raises `NotFound`."""
    held = queries.find_mine(lead_id, person)
    if held is None:
        raise NotFound()
    return held


def get_writer(message: InboundMessage, at: datetime) -> Actor:
    """Return the person whose answer a mail is. Raises `NotFound` where she has no access."""
    person = writer_of(message, at)
    if person is None:
        raise NotFound()
    return person


NEVER_READ = ("unreadable", "too_large", "odd_headers", "odd_parts")
"""Why nobody ever sees what came along with a mail."""


def repair(
    message: InboundMessage,
    mail: Mail | None,
    lead_id: int,
    action: str,
    person: Actor,
    by: Actor,
    at: datetime,
) -> None:
    """Settle a mail that one of the vendor's people did something by, its files kept.

    Raises `FilesOutOfReach`, unless it is known that the mail can't be taken apart.
    """
    reason = "by_hand"
    if mail is None and message.reason not in NEVER_READ:
        mail = look_for_files(message)
    if mail is None:
        reason = "without_files"
    elif left := answering.keep_attached(lead_id, mail, person.is_partner, person, at):
        reason = f"files_left:{left}"
    record(
        ReplyRepaired(
            at=at,
            lead_id=lead_id,
            message_id=message.id,
            user_id=by.id,
            for_user_id=person.id,
            action=action,
        )
    )
    message.lead_id = lead_id
    settle(message, MailState.APPLIED, reason, at)
