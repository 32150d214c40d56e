"""What is done about an answer by mail that is clear and from whom it says it is from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Refused
from portal.core.mail.links import Purpose
from portal.feedback import operations as feedback
from portal.inbound import operations, queries
from portal.inbound.keeping import keep_files
from portal.inbound.noting import is_shared, say
from portal.inbound.operations import Outcome
from portal.inbound.parsing import Mail
from portal.inbound.rules import ChangedMeanwhile, Topic, WentOn
from portal.inbound.wishes import Target, Wish
from portal.leads.models import Lead
from portal.leads.notes import about, check_writes
from portal.offers import operations as offers
from portal.pickup import operations as pickup
from portal.timeline import attachments
from portal.web.filters import clock_time


@dataclass(frozen=True, slots=True)
class Done:
    """What was done; `told` is what the person is to hear besides, `refusal` what stood against it.

    Without either the mail that confirms it says all. `files_left` could not be kept.
    """

    told: Sequence[str] = ()
    refusal: Refused | None = None
    files_left: int = 0


def do(wish: Wish, target: Target, mail: Mail, message_id: int, actor: Actor, at: datetime) -> Done:
    """Do what an answer says, with the files that came along.

    Raises `NotFound`, `Forbidden`, `Invalid`, `ChangedMeanwhile`, and whatever the operation
    refuses.
    """
    lead_id = target.lead_id
    if lead_id is None:
        raise NotFound()
    action = wish.action or "comment"
    if action != "undo" and not operations.may(Purpose.CONFIRM, action, actor):
        raise Forbidden()
    offers.lock_partner(actor.organisation_id)
    shared = is_shared(target.topic, target.mark, lead_id, actor)
    if action == "comment":
        if target.topic == Topic.TALK and not shared:
            raise WentOn()
        words = wish.typed.get("note", "")
        say(target.topic, target.mark, lead_id, words, message_id, shared, actor, at)
        outcome = Outcome("comment")
    elif action == "pick":
        outcome = operations.pick(lead_id, mark_of(target), actor, at)
    elif action == "decline":
        outcome = operations.decline(lead_id, wish.typed.get("reason"), mark_of(target), actor, at)
    elif action == "answer":
        outcome = operations.answer_and_pick(lead_id, wish.typed, target.mark, actor, at)
    elif action == "give_back" and target.pickup_id is not None:
        outcome = operations.hand_back(target.pickup_id, wish.typed, target.mark, actor, at)
    elif action == "help" and target.pickup_id is not None:
        words = wish.typed.get("text", "")
        outcome = operations.ask_for_help(target.pickup_id, words, message_id, shared, actor, at)
    elif action == "undo":
        outcome = undo(lead_id, target, actor, at)
    elif action == "feedback" and target.pickup_id is not None:
        outcome = operations.report_on(target.pickup_id, wish.typed, target.mark, actor, at)
    else:
        raise NotFound()
    files_left = keep_attached(lead_id, mail, shared, actor, at)
    return Done(told_of(outcome), outcome.refusal, files_left)


def mark_of(target: Target) -> str:
    """Return in which state an offer was seen; of what is hers already nothing has changed."""
    if target.topic == Topic.OFFER:
        return target.mark
    return queries.OPEN if target.topic == Topic.OWED else queries.MINE


def told_of(outcome: Outcome) -> Sequence[str]:
    """Return what a person is to hear that no other mail tells her."""
    if outcome.decides_at is not None:
        when = clock_time(outcome.decides_at, seconds=True)
        return (
            str(_("You take part")),
            str(_("It is decided at %(time)s: whoever suits it best gets it.", time=when)),
        )
    if outcome.noted:
        return (str(_("It is noted.")), outcome.noted)
    if outcome.again:
        return (
            str(_("Already recorded")),
            str(_("It stands already as you wrote it. Nothing was changed.")),
        )
    return ()


def said_of(words: tuple[str, str, Sequence[str]]) -> Sequence[str]:
    """Return a refusal as the lines of a mail: its title first."""
    title, sentence, facts = words
    return (title, sentence, *facts)


def undo(lead_id: int, target: Target, actor: Actor, at: datetime) -> Outcome:
    """Take back what was recorded last, as long as nothing newer happened."""
    if target.pickup_id is not None:
        if target.mark and queries.mark_of_pickup(target.pickup_id) != target.mark:
            raise ChangedMeanwhile()
        last = feedback.newest(target.pickup_id)
        if last is None:
            lead = pickup.take_back_pick(target.pickup_id, actor, at)
            operations.done(lead.id, actor, "undo_pick", at, pickup_id=target.pickup_id)
            return Outcome("undo_pick")
        if last.user_id != actor.id:
            raise NotFound()
        given = feedback.take_back(last.id, actor, at)
        operations.done_with(given, actor, "undo_feedback", at)
        return Outcome("undo_feedback", given=given)
    if not queries.is_dismissed(lead_id, actor):
        raise NotFound()
    offers.take_back_decline(lead_id, actor, at)
    operations.done(lead_id, actor, "undo_decline", at)
    return Outcome("undo_decline")


def keep_attached(lead_id: int, mail: Mail, shared: bool, actor: Actor, at: datetime) -> int:
    """Attach the files of an answer to its lead, where its writer has notes about it.

    They are for the other side to read where the words that they came with are `shared`. Returns
    how many could not be kept.
    """
    if not mail.files:
        return mail.left_out
    lead = session().get_one(Lead, lead_id, populate_existing=True)
    try:
        check_writes(lead, actor)
    except NotFound:
        return len(mail.files)
    kept, left_out = keep_files(mail)
    for stored in kept:
        try:
            attachments.attach(about(lead_id), stored, shared=shared, actor=actor, at=at)
        except Invalid:
            left_out += 1
    return left_out
