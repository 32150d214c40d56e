"""What a press behind a mail does: the very operations of the portal, once per version.

Who presses twice is told that it is recorded; who answers a page that another answer has overtaken
is told what stands now. Lock order as everywhere: the partner's people stand in one line first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import insert, select

from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.assistance import operations as requests
from portal.assistance.models import RequestKind
from portal.assistance.queries import find_waiting
from portal.assistance.rules import AskedAlready, AskedLately
from portal.core.db import apart, session
from portal.core.errors import NotFound, Refused
from portal.core.events import record
from portal.core.mail.links import Purpose
from portal.core.mail.models import LinkView, MailLink
from portal.feedback import operations as feedback
from portal.feedback.forms import read_answer
from portal.feedback.models import Feedback
from portal.feedback.rules import TooLateToUndo
from portal.hearing import operations as hearing
from portal.inbound import queries
from portal.inbound.events import MailActionDone
from portal.inbound.noting import comment, is_shared, say
from portal.inbound.rules import ChangedMeanwhile
from portal.leads.models import Lead
from portal.leads.queries import get_visible
from portal.offers import operations as offers
from portal.offers.models import Way
from portal.offers.places import find_place
from portal.offers.queries import was_offered
from portal.pickup import extension
from portal.pickup import operations as pickup
from portal.pickup import queries as pickups
from portal.pickup.extension import read_days
from portal.pickup.models import Extension, Pickup
from portal.pickup.operations import BY_MISTAKE
from portal.pickup.rules import NotYoursAnyMore
from portal.pickup.taking import Deciding
from portal.qualification.confirming import confirm, interest_of, take_back

LOOKS_APART = timedelta(seconds=5)
"""The topic of a link that stops the daily mail."""
INTEREST = "interest"
"""The topic of a link that takes back that the interest is confirmed."""

REPORT = (Permission.PICKUPS_SEE_OWN, Permission.PICKUPS_SEE_FIRM)
ON_OFFER: dict[str, tuple[Permission, ...]] = {
    "pick": (Permission.PICKUPS_CLAIM,),
    "answer": (Permission.PICKUPS_CLAIM,),
    "decline": (Permission.OFFERS_SEE,),
    "stand_by": (Permission.PICKUPS_CLAIM,),
    "leave": (Permission.PICKUPS_CLAIM,),
}
ALLOWED: dict[str, dict[str, tuple[Permission, ...]]] = {
    Purpose.OFFER: ON_OFFER,
    # a lead that one waits for may be on offer again by the time the link is opened
    Purpose.STAND_BY: ON_OFFER,
    Purpose.FEEDBACK: {
        "feedback": REPORT,
        "interest": REPORT,
    },
    Purpose.MORE_TIME: {"more_time": REPORT},
    Purpose.TERMS: {"agree": (Permission.PICKUPS_SEE_FIRM,)},
    Purpose.OWN_LEAD: {"bring": (Permission.OFFERS_SEE,)},
    Purpose.UNDO: {"undo": (*REPORT, Permission.OFFERS_SEE)},
    # what was read in a mail, and only that
    Purpose.CONFIRM: {
        "pick": ON_OFFER["pick"],
        "decline": ON_OFFER["decline"],
        "answer": ON_OFFER["answer"],
        "feedback": REPORT,
        "give_back": REPORT,
        "comment": (*REPORT, Permission.BOARD_SEE),
        "help": REPORT,
    },
}
"""What may be pressed behind which link, by whom."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a press; `again` where it was done before.

    `refusal` is set where an answer was saved and the pick that waited for it was refused,
    `decides_at` where a pick takes part in a photo-finish. `files_left` of a mail were not kept.
    `noted` says why a question was noted instead of asked.
    """

    action: str
    again: bool = False
    given: Feedback | None = None
    firm_is_out: bool = False
    refusal: Refused | None = None
    wish: Extension | None = None
    decides_at: datetime | None = None
    files_left: int = 0
    noted: str = ""


def note_look(link: MailLink, at: datetime) -> None:
    """Note that the page of a link was opened, once in a few seconds, in a transaction apart."""
    with apart() as own:
        recent = own.scalar(
            select(LinkView.id)
            .where(LinkView.link_id == link.id, LinkView.at > at - LOOKS_APART)
            .limit(1)
        )
        if recent is None:
            own.execute(insert(LinkView).values(link_id=link.id, user_id=link.user_id, at=at))


def may_press(link: MailLink, actor: Actor, action: str) -> bool:
    """Say whether a person may press this behind this link at all."""
    return may(link.purpose, action, actor)


def may(purpose: str, action: str, actor: Actor) -> bool:
    """Say whether a person may do this for this purpose at all."""
    allowed = ALLOWED.get(purpose, {}).get(action)
    return allowed is not None and any(actor.may(permission) for permission in allowed)


def may_open(link: MailLink, actor: Actor) -> bool:
    """Say whether there is anything behind this link that a person may press at all."""
    return any(may_press(link, actor, action) for action in ALLOWED.get(link.purpose, {}))


def press(
    link: MailLink, action: str, typed: Mapping[str, str], mark: str, actor: Actor, at: datetime
) -> Outcome:
    """Do what was pressed; `mark` is the state that the person saw.

    Raises `NotFound` for what the link is not for, `Invalid`, `ChangedMeanwhile`, and whatever the
    operation refuses.
    """
    if not may_press(link, actor, action):
        raise NotFound()
    offers.lock_partner(actor.organisation_id)
    if action == "pick":
        return pick(lead_of(link), mark, actor, at)
    if action == "decline":
        return decline(lead_of(link), typed.get("reason"), mark, actor, at)
    if action == "answer":
        return answer_and_pick(lead_of(link), typed, mark, actor, at)
    if action == "feedback":
        return report_on(pickup_of(link), typed, mark, actor, at)
    if action == "interest":
        return confirm_interest(link, actor, at)
    if action == "give_back":
        return hand_back(pickup_of(link), typed, mark, actor, at)
    if action == "more_time":
        return ask_for_time(link, typed, actor, at)
    if action in ("stand_by", "leave"):
        return wait(lead_of(link), action, actor, at)
    if action == "help":
        text, shared = typed.get("text", ""), is_shared_behind(link, actor)
        return ask_for_help(pickup_of(link), text, link.message_id, shared, actor, at)
    if action == "comment":
        mark, words = queries.mark_answered(link.message_id), typed.get("note", "")
        shared = is_shared_behind(link, actor)
        say(link.topic, mark, lead_of(link), words, link.message_id, shared, actor, at)
        return Outcome("comment")
    return undo(link, actor, at)


def owes(raw: str, actor: Actor) -> bool:
    """Say whether what was sent names a pickup that is the person's to report on."""
    try:
        get_owed(raw, actor)
    except NotFound:
        return False
    except NotYoursAnyMore:  # it was, until it was handed on
        return True
    return True


def get_owed(raw: str, actor: Actor) -> Pickup:
    """Return the pickup that was named as owing an answer.

    Raises `NotFound`, `NotYoursAnyMore`.
    """
    if not (raw.isdecimal() and len(raw) < 18):
        raise NotFound()
    return pickups.get_visible(int(raw), actor)


def pickup_of(link: MailLink) -> int:
    """Return the pickup of a link. Raises `NotFound`."""
    if link.pickup_id is None:
        raise NotFound()
    return link.pickup_id


def lead_of(link: MailLink) -> int:
    """Return the lead of a link. Raises `NotFound`."""
    if link.lead_id is None:
        raise NotFound()
    return link.lead_id


def is_shared_behind(link: MailLink, actor: Actor) -> bool:
    """Say whether what was read in the mail of a link is for the other side to read as well."""
    mark = queries.mark_answered(link.message_id)
    return is_shared(link.topic, mark, lead_of(link), actor)


def pick(lead_id: int, mark: str, actor: Actor, at: datetime) -> Outcome:
    """Pick a lead up, under the same claim and gate as on the portal."""
    now = queries.mark_of_offer(lead_id, actor)
    if now not in (mark, queries.MINE):
        raise ChangedMeanwhile()
    return claim(lead_id, actor, at)


def claim(lead_id: int, actor: Actor, at: datetime) -> Outcome:
    """Pick a lead up, whatever the page showed."""
    claimed = pickup.claim(lead_id, actor, at)
    if isinstance(claimed, Deciding):
        return Outcome("pick", again=claimed.again, decides_at=claimed.decides_at)
    if not claimed.again:
        done(lead_id, actor, "pick", at, pickup_id=claimed.pickup_id)
    return Outcome("pick", again=claimed.again)


def decline(lead_id: int, reason_key: str | None, mark: str, actor: Actor, at: datetime) -> Outcome:
    """Say "Not for me"."""
    offers.read_reason("decline", reason_key)
    now = queries.mark_of_offer(lead_id, actor)
    if now == "dismissed":
        return Outcome("decline", again=True)
    if now != mark:
        raise ChangedMeanwhile()
    firm_is_out = offers.decline(lead_id, reason_key, actor, at)
    done(lead_id, actor, "decline", at)
    return Outcome("decline", firm_is_out=firm_is_out)


def answer_and_pick(
    lead_id: int, typed: Mapping[str, str], mark: str, actor: Actor, at: datetime
) -> Outcome:
    """Answer an owed question; once none is left, the waiting lead is picked up."""
    owed = get_owed(typed.get("pickup_id", ""), actor)
    answer = read_answer(typed)
    if queries.mark_of_pickup(owed.id) != mark:
        last = feedback.newest(owed.id)
        if last is None or not feedback.says_the_same(last, answer):
            raise ChangedMeanwhile()
        return claim(lead_id, actor, at)
    answered = feedback.answer_and_claim(owed.id, answer, lead_id, actor, at)
    given = feedback.newest(owed.id)
    if given is not None:
        done_with(given, actor, "feedback", at)
    if isinstance(answered.claimed, Deciding):
        return Outcome("pick", given=given, decides_at=answered.claimed.decides_at)
    if answered.claimed and not answered.claimed.again:
        done(lead_id, actor, "pick", at, pickup_id=answered.claimed.pickup_id)
    return Outcome("pick", given=given, refusal=answered.refusal)


def wait(lead_id: int, action: str, actor: Actor, at: datetime) -> Outcome:
    """Stand by for a lead that another firm has, or wait for it no more."""
    place = find_place(lead_id, actor, at)
    if place is None:
        raise NotFound()
    if place.waits == (action == "stand_by"):
        return Outcome(action, again=True)
    if action == "stand_by":
        offers.stand_by(lead_id, actor, at)
    else:
        offers.leave(lead_id, actor, at)
    done(lead_id, actor, action, at)
    return Outcome(action)


def report_on(
    pickup_id: int, typed: Mapping[str, str], mark: str, actor: Actor, at: datetime
) -> Outcome:
    """Give one of the five answers on a lead in hand; `mark` is the state that the person saw."""
    held = pickups.get_told(pickup_id, actor)
    answer = read_answer(typed)
    last = feedback.newest(held.id)
    if queries.mark_of_pickup(held.id) != mark:
        if last is not None and feedback.says_the_same(last, answer):
            return Outcome("feedback", again=True, given=last)
        if held.ended_at is None:
            raise ChangedMeanwhile()
    given = feedback.give(held.id, answer, actor, at)
    if last is not None and given.id == last.id:
        return Outcome("feedback", again=True, given=given)
    done_with(given, actor, "feedback", at)
    return Outcome("feedback", given=given)


def hand_back(
    pickup_id: int, typed: Mapping[str, str], mark: str, actor: Actor, at: datetime
) -> Outcome:
    """Give a lead in hand back, with a reason; `mark` is the state that the person saw."""
    held = pickups.get_told(pickup_id, actor)
    if held.outcome == Way.GIVEN_BACK:
        return Outcome("give_back", again=True)
    offers.read_reason("give_back", typed.get("reason"))
    if held.ended_at is None and queries.mark_of_pickup(held.id) != mark:
        raise ChangedMeanwhile()
    pickup.give_back(held.id, typed.get("reason"), typed.get("note"), actor, at)
    done(held.lead_id, actor, "give_back", at, pickup_id=held.id)
    return Outcome("give_back")


def ask_for_time(link: MailLink, typed: Mapping[str, str], actor: Actor, at: datetime) -> Outcome:
    """Ask for more time for a lead in hand; whoever has asked already is told so."""
    held = pickups.get_told(pickup_of(link), actor)
    before = extension.room_of(held).waits
    wish = extension.ask(
        held.id, read_days(typed), typed.get("reason"), actor, at, typed.get("note", "")
    )
    again = before is not None and before.id == wish.id
    if not again:
        done(held.lead_id, actor, "more_time", at, pickup_id=held.id)
    return Outcome("more_time", again=again, wish=wish)


def ask_for_help(
    pickup_id: int, text: str, message_id: int | None, shared: bool, actor: Actor, at: datetime
) -> Outcome:
    """Ask the vendor for help with a lead in hand, or say it where that is asked already.

    What was written so soon after it that it can't be asked again is noted, and nothing is lost.
    """
    try:
        request = requests.ask(RequestKind.HELP, pickup_id, text, actor, at)
    except AskedAlready:
        waits = find_waiting(pickup_id, RequestKind.HELP)
        if waits is None:
            raise
        try:
            request = requests.ask_again(waits, text, actor, at)
        except AskedLately:
            lead_id = pickups.get_told(pickup_id, actor).lead_id
            comment(lead_id, text, message_id, shared, actor, at)
            return Outcome(
                "help",
                noted=_(
                    "You asked for help less than a day ago, and the answer is not there yet. So "
                    "what you wrote now stands with the notes about the lead, for whoever answers."
                ),
            )
    done(request.lead_id, actor, "help", at, pickup_id=pickup_id)
    return Outcome("help")


def confirm_interest(link: MailLink, actor: Actor, at: datetime) -> Outcome:
    """Confirm the interest in a lead in hand. Raises `Invalid` where the script asks first."""
    held = pickups.get_told(pickup_of(link), actor)
    lead = session().get_one(Lead, held.lead_id, populate_existing=True)
    if interest_of(lead, may=True).confirmed_at is not None:
        return Outcome("interest", again=True)
    confirm(held.lead_id, actor, at)
    done(held.lead_id, actor, "interest", at, pickup_id=held.id)
    return Outcome("interest")


def take_interest_back(lead_id: int, actor: Actor, at: datetime) -> Outcome:
    """Take back that the interest in a lead is confirmed."""
    if interest_of(get_visible(lead_id, actor), may=True).confirmed_at is None:
        return Outcome("undo_interest", again=True)
    take_back(lead_id, actor, at)
    done(lead_id, actor, "undo_interest", at)
    return Outcome("undo_interest")


def undo(link: MailLink, actor: Actor, at: datetime) -> Outcome:
    """Undo what an earlier mail said was recorded, as long as nothing newer happened."""
    if link.topic == INTEREST:
        return take_interest_back(lead_of(link), actor, at)
    if link.feedback_id is not None:
        queries.get_given(link.feedback_id, actor)
        try:
            given = feedback.take_back(link.feedback_id, actor, at)
        except TooLateToUndo as refusal:
            if refusal.facts["why"] == "done":
                return Outcome("undo_feedback", again=True)
            raise
        done_with(given, actor, "undo_feedback", at)
        return Outcome("undo_feedback", given=given)
    if link.pickup_id is not None:
        pickups.get_told(link.pickup_id, actor)
        try:
            lead = pickup.take_back_pick(link.pickup_id, actor, at)
        except NotYoursAnyMore:
            if was_undone(link.pickup_id):
                return Outcome("undo_pick", again=True)
            raise
        done(lead.id, actor, "undo_pick", at, pickup_id=link.pickup_id)
        return Outcome("undo_pick")
    lead_id = lead_of(link)
    if not was_offered(lead_id, actor, at):
        raise NotFound()
    if not queries.is_dismissed(lead_id, actor):
        return Outcome("undo_decline", again=True)
    offers.take_back_decline(lead_id, actor, at)
    done(lead_id, actor, "undo_decline", at)
    return Outcome("undo_decline")


def was_undone(pickup_id: int) -> bool:
    """Say whether a pickup ended because it was picked by mistake."""
    ended = pickups.find(pickup_id)
    reason = offers.own_reason("give_back", BY_MISTAKE)
    return ended is not None and ended.reason_id == reason.id


def stop_digests(link: MailLink, at: datetime) -> None:
    """End digests, report or sheet of a person, as her mail program asks with one click.

    What she hears at once by now goes on: only what the mail was is stopped.
    """
    if link.purpose == Purpose.STOP:
        hearing.end(link.topic, link.user_id, at)


def done(
    lead_id: int,
    actor: Actor,
    action: str,
    at: datetime,
    *,
    pickup_id: int | None = None,
    feedback_id: int | None = None,
    status: str | None = None,
) -> None:
    """Record that a press was done."""
    record(
        MailActionDone(
            at=at,
            lead_id=lead_id,
            user_id=actor.id,
            action=action,
            pickup_id=pickup_id,
            feedback_id=feedback_id,
            status=status,
        )
    )


def done_with(given: Feedback, actor: Actor, action: str, at: datetime) -> None:
    """Record that a press gave an answer, or took one back."""
    done(
        given.lead_id,
        actor,
        action,
        at,
        pickup_id=given.pickup_id,
        feedback_id=given.id,
        status=given.status,
    )
