"""What people hear whose answer by mail was not simply done.

Always at the address that we know, whichever the answer came from; never a word of a lead that the
mail before did not say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.core.mail.models import ReplyToken
from portal.core.mail.rendering import moment
from portal.core.mail.replies import Reply
from portal.feedback.operations import newest
from portal.feedback.rules import words_of
from portal.inbound import agreeing
from portal.inbound.deeds import DEEDS
from portal.inbound.events import RepliesHeaped, ReplyAnswered
from portal.inbound.keeping import load_reading
from portal.inbound.keywords import CHOICES
from portal.inbound.models import InboundMessage
from portal.inbound.queries import find_mine
from portal.inbound.wishes import AGREE
from portal.leads.queries import find_teaser
from portal.notifications import digest, letters, queries, reply_addresses
from portal.notifications.letters import Letter
from portal.notifications.news import path_to
from portal.notifications.telling import write
from portal.offers.queries import was_offered
from portal.pickup.queries import find, list_mine, position_of
from portal.programme.models import TermsKind
from portal.programme.queries import find_terms
from portal.programme.words import TERMS

KIND = "reply_back"
AUTOMATIC = {"Auto-Submitted": "auto-replied"}
MOST_LEADS = 10
LONGEST = 400


def tell_back(event: ReplyAnswered, at: datetime) -> None:
    """Write to somebody whose answer by mail was not simply done."""
    message = session().get(InboundMessage, event.message_id)
    if message is None:
        return
    said = load_reading(message.id)
    write(
        f"reply:{message.id}",
        event.user_id,
        at,
        lambda user: MAKE[event.how](message, said, user, at),
    )


def confirm(
    message: InboundMessage, said: Mapping[str, Any], user: User, at: datetime
) -> Letter | None:
    """Is it meant so? With the link to a page that says what was read, and one button."""
    teaser = find_teaser(message.lead_id) if message.lead_id is not None else None
    if teaser is None:
        return None
    path = links.issue(
        Purpose.CONFIRM,
        user.id,
        at,
        lead_id=teaser.id,
        pickup_id=said["pickup_id"],
        topic=said["topic"],
        message_id=message.id,
    )
    with letters.to(user):
        why = [words for code in said["doubts"] if (words := why_asked(code))]
        stands = standing(said["pickup_id"])
        return Letter(
            KIND,
            {
                "lead": letters.lead_of(teaser, at),
                "what": str(_("did you mean this?")),
                "words": quoted(said),
                "details": [
                    *dict.fromkeys(why),
                    *([stands] if stands else []),
                    str(_("Nothing of it is recorded yet. If it was not you, do nothing.")),
                ],
                "button": (meant(said), path),
                "subject": "",
            },
            teaser.id,
            headers=AUTOMATIC,
        )


def why_asked(code: str) -> str:
    """Say why we ask back."""
    if code.startswith("missing:"):
        return str(_("Something is missing; the page asks for it."))
    said = {
        "not_vouched": _("We could not make sure that the mail is from you."),
        "colleague": _("It came from somebody else of your firm."),
        "other_sender": _("It came from an address that is not yours."),
        "address_over": _("It answers an old mail of ours."),
        "no_address": _("It does not say which lead it is about; you have this one in hand."),
        "two_leads": _("It names more than one lead."),
        "changed_meanwhile": _("Something else was recorded since our mail."),
        "went_on": _(
            "The lead is no longer with the firm that wrote to you. If you note it, your own side "
            "alone reads it."
        ),
        "activities_open": _("Something planned is still open."),
        "came_before": _("The same mail came before, in answer to another one of ours."),
        "newer_terms": _("There is a newer version meanwhile. Please read it first."),
        "files_beside": _("What came along may be a condition, so people read it, too."),
        "two_texts": _("It says one thing as plain text and another as HTML."),
    }
    return str(said.get(code) or _("We were not sure how to read it."))


def standing(pickup_id: int | None) -> str:
    """Say what is recorded about a lead in hand."""
    last = newest(pickup_id) if pickup_id is not None else None
    if last is None:
        return ""
    answer, when = words_of(last.status), moment(last.at)
    return str(_("Recorded so far: %(answer)s, %(when)s.", answer=answer, when=when))


def meant(said: Mapping[str, Any]) -> str:
    """Say what the button of a mail that asks back leads to."""
    if said["action"] == "pick":
        return str(_("Pick up"))
    if said["action"] == "decline":
        return str(_("Not for me"))
    if said["action"] == "give_back":
        return str(_("Give back"))
    if said["action"] == "comment":
        return str(_("Yes, note it"))
    if said["action"] == "help":
        return str(_("Ask for help"))
    return str(_("Yes: %(answer)s", answer=words_of(said["typed"].get("status"))))


def quoted(said: Mapping[str, Any]) -> str:
    """Return the beginning of what somebody wrote."""
    words = " ".join(str(said.get("words", "")).split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST]} …"


def told(
    message: InboundMessage, said: Mapping[str, Any], user: User, at: datetime
) -> Letter | None:
    """An honest answer: why it can't be done, or that nothing had to be."""
    teaser = find_teaser(message.lead_id) if message.lead_id is not None else None
    title, *details = said["told"] or [""]
    with letters.to(user):
        return Letter(
            KIND,
            {
                "lead": letters.lead_of(teaser, at) if teaser else None,
                "what": str(_("about your mail: %(what)s.", what=title.rstrip("."))),
                "words": quoted(said),
                "details": details,
                "button": (str(_("Open the portal")), "/"),
                "subject": "",
            },
            message.lead_id if teaser else None,
            headers=AUTOMATIC,
        )


def owed(
    message: InboundMessage, said: Mapping[str, Any], user: User, at: datetime
) -> Letter | None:
    """The answer that is owed first, and where it is given by mail; it picks the lead up, too."""
    teaser = find_teaser(message.lead_id) if message.lead_id is not None else None
    actor = find_actor_of(user.id, at)
    if teaser is None or actor is None:
        return None
    with letters.to(user):
        questions = position_of(actor, at).gate.questions
        pickup = find(questions[0].id) if questions else None
        asked = find_teaser(pickup.lead_id) if pickup else None
        if pickup is None or asked is None:
            return told(message, {**said, "told": []}, user, at)
        reply = reply_addresses.for_owed(pickup, teaser.id)
        path = letters.offer_path(teaser.id, teaser.round, user, at)
        gate = letters.gate_told(user, at)
        return Letter(
            KIND,
            {
                "lead": letters.lead_of(asked, at),
                "what": str(
                    _(
                        "%(number)s waits for an answer about %(owed)s.",
                        number=teaser.number,
                        owed=asked.number,
                    )
                ),
                "words": "",
                "details": [
                    *([gate["why"]] if gate else []),
                    str(
                        _(
                            "Answer this mail with one word, and %(number)s is picked up for you, "
                            "if it is still free.",
                            number=teaser.number,
                        )
                    ),
                    *letters.asked_besides(pickup),
                ],
                "answer_rows": letters.answers(path, reply, asked.number),
                "reply_hint": letters.answer_hint(),
                "subject": "",
                "button": (str(_("Answer on a page")), f"{path}?s=pick"),
            },
            teaser.id,
            headers=AUTOMATIC,
            answers=(reply,),
        )


def which(
    _message: InboundMessage, said: Mapping[str, Any], user: User, at: datetime
) -> Letter | None:
    """Which lead? All that the person has in hand, each with the ways to answer."""
    actor = find_actor_of(user.id, at)
    held, reply = list_mine(actor) if actor else [], reply_addresses.for_many()
    with letters.to(user):
        items = []
        for pickup, lead in held[:MOST_LEADS]:
            path, teaser = letters.question_path(pickup, user, at), find_teaser(lead.id)
            if teaser is not None:
                rows = letters.answers(path, reply, lead.number)
                items.append({"lead": letters.lead_of(teaser, at), "answer_rows": rows})
        what = _("which lead is your mail about?") if items else _("you have no lead in hand.")
        return Letter(
            KIND,
            {
                "lead": None,
                "what": str(what),
                "words": quoted(said),
                "details": [],
                "items": items,
                "reply_hint": digest.hint_of_many(items, []) if items else "",
                "button": (str(_("To my leads")), "/mine"),
                "subject": str(_("Which lead is your mail about?")),
            },
            headers=AUTOMATIC,
            answers=(reply,) if items else (),
        )


def sealed(
    message: InboundMessage, said: Mapping[str, Any], user: User, at: datetime
) -> Letter | None:
    """How to answer, for whom we can't open his mail because a program packed or sealed it."""
    with letters.to(user):
        what = _("your mail program encrypted or packed your mail, so we could not open it.")
        how = _("Please write again as plain text, without encryption.")
        return hint(message, said, user, at, (str(what), str(how)))


def hint(
    message: InboundMessage,
    said: Mapping[str, Any],
    user: User,
    at: datetime,
    why: tuple[str, ...] = (),
) -> Letter | None:
    """How to answer, for whom nothing could be read in his mail; `why` says what stood against."""
    teaser = find_teaser(message.lead_id) if message.lead_id is not None else None
    actor = find_actor_of(user.id, at)
    replies: tuple[Reply, ...] = ()
    rows: list[dict[str, str]] = []
    button, words = (str(_("Open the portal")), "/"), ""
    begin = _("Begin with one of the words below; what follows is kept as a note.")
    with letters.to(user):
        mine = find_mine(teaser.id, actor) if teaser is not None and actor is not None else None
        if teaser is not None and mine is not None:
            replies = (reply_addresses.for_question(mine),)
            path = letters.question_path(mine, user, at)
            rows = letters.answers(path, replies[0], teaser.number)
            words = letters.answer_hint()
        elif teaser is not None and actor is not None and was_offered(teaser.id, actor, at):
            replies = (reply_addresses.for_offer(teaser.id, teaser.round),)
            path = letters.offer_path(teaser.id, teaser.round, user, at)
            rows = letters.choices(path, replies[0], teaser.number)
            words = letters.hint(letters.spoken(CHOICES))
            begin = _("Nothing is recorded yet. Choose here, or write one of the words below.")
            button = (str(_("Look at the offer")), path)
        what, *details = why or (str(_("we found nothing in your mail that we could record.")),)
        return Letter(
            KIND,
            {
                "lead": letters.lead_of(teaser, at) if teaser else None,
                "what": what,
                "words": quoted(said),
                "details": [*details, str(begin)] if rows else details,
                "answer_rows": rows,
                "reply_hint": words,
                "button": button,
                "subject": "",
            },
            message.lead_id if teaser else None,
            headers=AUTOMATIC,
            answers=replies,
        )


def asking(
    message: InboundMessage, said: Mapping[str, Any], user: User, at: datetime
) -> Letter | None:
    """Where help or a special price is asked for, by whom a word alone was written."""
    held = find(said["pickup_id"]) if said["pickup_id"] is not None else None
    teaser = find_teaser(held.lead_id) if held is not None else None
    if held is None or teaser is None:
        return None
    path, action = letters.question_path(held, user, at), said["action"]
    with letters.to(user):
        what = {
            "help": _("what do you need help with?"),
            "price": _("how many of what, and which price do you need?"),
        }
        kept = str(_("The files that came along are kept with the lead."))
        return Letter(
            KIND,
            {
                "lead": letters.lead_of(teaser, at),
                "what": str(what[action]),
                "words": quoted(said),
                "details": [
                    str(_("Nothing is asked yet. The page says who answers you, and until when.")),
                    *([kept] if said["files"] and not said["doubts"] else []),
                ],
                "button": (str(DEEDS[action].words), f"{path}?s={action}"),
                "subject": "",
            },
            teaser.id,
            headers=AUTOMATIC,
        )


def noted(
    message: InboundMessage, said: Mapping[str, Any], user: User, at: datetime
) -> Letter | None:
    """How far is it? For whose words are kept as a note while the answer is owed."""
    with letters.to(user):
        what = _("your words are kept as a note. How far are you?")
        why = _("No answer is recorded yet.")
        return hint(message, said, user, at, (str(what), str(why)))


def rest(
    message: InboundMessage, said: Mapping[str, Any], user: User, at: datetime
) -> Letter | None:
    """What else comes of somebody on this day waits for people; it is said once."""
    with letters.to(user):
        what = str(_("Your mail waits for us to look at it"))
        why = _("So many of your mails asked for a next step today that the rest of them waits.")
        way = _("On the portal nothing has to wait.")
    return told(message, {**said, "told": [what, str(why), str(way)]}, user, at)


def stop(_message: InboundMessage, said: Mapping[str, Any], user: User, at: datetime) -> Letter:
    """Where to choose which mails come, for whom it is enough; by his word alone none ends."""
    path = links.issue(Purpose.STOP, user.id, at, topic="hearing")
    with letters.to(user):
        return Letter(
            KIND,
            {
                "lead": None,
                "what": str(_("you choose on one page which mails come to you, and when.")),
                "words": quoted(said),
                "details": [str(_("Nothing was changed yet. It opens without signing in."))],
                "button": (str(_("Choose which mails come")), path),
                "subject": str(_("Which mails come to you")),
            },
            headers=AUTOMATIC,
        )


def terms(
    message: InboundMessage, said: Mapping[str, Any], user: User, at: datetime
) -> Letter | None:
    """Where to agree to terms, for whose yes by mail we could not be sure of."""
    token, actor = session().get(ReplyToken, message.token_id), find_actor_of(user.id, at)
    asked = agreeing.find_marked(token.mark, actor) if token and actor else None
    newest = find_terms(TermsKind(asked.kind)) if asked else None
    if newest is None:
        return None
    with letters.to(user):
        why = [why_asked(code) for code in said["doubts"]]
        if said["action"] != AGREE:
            why = [str(_("There is no bare yes in it, so people read it, too."))]
        return Letter(
            KIND,
            {
                "lead": None,
                "what": str(_("do you agree for your firm?")),
                "words": quoted(said),
                "details": [
                    *dict.fromkeys(why),
                    str(_("Nothing of it is recorded yet. If it was not you, do nothing.")),
                ],
                "button": (str(_("Read and agree")), path_to(newest, user, at)),
                "subject": str(TERMS[TermsKind(newest.kind)]),
            },
            headers=AUTOMATIC,
        )


MAKE: dict[str, Callable[..., Letter | None]] = {
    "confirm": confirm,
    "told": told,
    "owed": owed,
    "which": which,
    "hint": hint,
    "sealed": sealed,
    "noted": noted,
    "asking": asking,
    "rest": rest,
    "terms": terms,
    "stop": stop,
}


def tell_of_heap(event: RepliesHeaped, at: datetime) -> None:
    """Tell the channel managers, once a day, from whom more mails come than are read by machine."""
    who = queries.find_user(event.user_id)
    if who is None:
        return
    for manager in queries.list_with_role("channel_manager"):
        key = f"replies-heaped:{event.user_id}:{event.at:%Y-%m-%d}:{manager.id}"
        write(key, manager.id, at, lambda user: heaped(who, user))


def heaped(who: User, user: User) -> Letter:
    """Mails heap up that somebody sends."""
    with letters.to(user):
        return Letter(
            KIND,
            {
                "lead": None,
                "what": str(_("many mails come from %(name)s.", name=who.name)),
                "words": "",
                "details": [str(_("They are not read by machine any more and wait for people."))],
                "button": (str(_("Look into them")), "/mail-health"),
                "subject": str(_("Mails heap up: %(name)s", name=who.name)),
            },
        )
