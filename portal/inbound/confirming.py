"""What a press records that was read in a mail: that, once, with the files that came along."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.mail.models import MailLink
from portal.feedback import operations as feedback
from portal.feedback.forms import read_answer
from portal.inbound import operations
from portal.inbound.answering import keep_attached
from portal.inbound.keeping import load_reading, look_for_files
from portal.inbound.models import InboundMessage, MailState
from portal.inbound.operations import Outcome
from portal.pickup import queries as pickups
from portal.pickup.models import Pickup

BY_MAIL = "by_mail"
"""What was done where the mail itself is settled already."""


def press(
    link: MailLink, action: str, typed: Mapping[str, str], mark: str, actor: Actor, at: datetime
) -> Outcome:
    """Record what was read in a mail; who presses again is told that it is recorded.

    Locks the mail first. Raises what `operations.press` does, and `NotFound` for another action
    than the one that was read; about an offer she may press either, and answer what she owes.
    `FilesOutOfReach` where files came along and can't be had now.
    """
    message = session().scalar(
        select(InboundMessage)
        .where(InboundMessage.id == link.message_id, InboundMessage.user_id == actor.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    said = load_reading(link.message_id)
    if message is None or not said or action not in pressable(said):
        raise NotFound()
    if message.state != MailState.ASKED_BACK:
        return Outcome(BY_MAIL, again=True)
    outcome = operations.press(link, action, taken(said, typed, link, actor, at), mark, actor, at)
    left = said.get("files", 0)
    mail = look_for_files(message) if left else None
    if mail is not None:
        shared = operations.is_shared_behind(link, actor)
        left = keep_attached(operations.lead_of(link), mail, shared, actor, at)
    message.state, message.reason = MailState.APPLIED, f"files_left:{left}" if left else action
    session().flush()
    return replace(outcome, files_left=left)


ABOUT_OFFERS = ("pick", "decline")


def pressable(said: Mapping[str, Any]) -> Collection[str]:
    """Return what may be pressed on the page about what was read in a mail."""
    return (*ABOUT_OFFERS, "answer") if said["action"] in ABOUT_OFFERS else (said["action"],)


def taken(
    said: Mapping[str, Any], typed: Mapping[str, str], link: MailLink, actor: Actor, at: datetime
) -> Mapping[str, str]:
    """Return what is recorded: what was read, or what the page asked for where that isn't enough.

    Raises `NotFound`, `NotYoursAnyMore`.
    """
    read = read_in(said)
    if said["action"] in ABOUT_OFFERS:
        return {**typed, "reason": typed.get("reason") or read.get("reason", "")}
    if said["action"] == "give_back":
        return typed
    if said["action"] not in ("feedback", "answer"):
        return read
    held = pickups.get_told(operations.pickup_of(link), actor)
    if wanting(held, read, actor, at):
        return typed
    return {**read, "pickup_id": str(held.id), "settles": typed.get("settles", "")}


def read_in(said: Mapping[str, Any]) -> dict[str, str]:
    """Return what was read in a mail, as if typed into a form."""
    return {name: str(value) for name, value in said["typed"].items()}


def wanting(held: Pickup, read: Mapping[str, str], actor: Actor, at: datetime) -> Mapping[str, str]:
    """Return what is missing in an answer that was read in a mail, a sentence per field."""
    try:
        return feedback.wanting(held, read_answer(read), actor, at)
    except Invalid as unclear:
        return unclear.errors
