"""What somebody wants who answers a mail: from his words to the fields of an operation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask import current_app

from portal.accounts.actor import Actor
from portal.assistance.rules import LONGEST as LONGEST_REQUEST
from portal.catalog.queries import book, short_key
from portal.core.config import Settings
from portal.core.mail.outbox import masked
from portal.feedback.operations import today_of
from portal.feedback.rules import CLOSING, LONGEST_NOTE, Status
from portal.inbound.doubtful import POLITE
from portal.inbound.intent import (
    ALIKE,
    COMPANY,
    EMPTY,
    FUTURE,
    NEGATED,
    NO_KEYWORD,
    QUESTION,
    SECOND,
    SENTENCE,
    TICKED_OPTION,
    TWO_LEADS,
    TWO_STATUSES,
    Intent,
    is_greeting,
    read_reply,
    take_number,
)
from portal.inbound.intent import Reader as Writer
from portal.inbound.keywords import ASKED_FOR, THANKS, WORD, YES_TO_TERMS, Action, fold

AGREE = "agree"
"""The action of a yes to terms, read in an answer to a mail about them alone."""
HELP, PRICE = "help", "price"
"""The actions of who asks the vendor for something about a lead in hand."""
OTHER = "other"
"""The key of the reason of who says no in one word."""
LOCALES = ("en", "de")
HARMLESS = (NO_KEYWORD, QUESTION)
"""What keeps words from being an answer, and not from being a note."""
SPEECH = frozenset(
    {
        *(NO_KEYWORD, QUESTION, SENTENCE, COMPANY, NEGATED, FUTURE),
        *(ALIKE, SECOND, TICKED_OPTION, TWO_STATUSES, TWO_LEADS),
    }
)
"""What makes words a remark rather than an answer, where people write to each other."""

YES = frozenset(fold("ja jawohl yes ok okay gern gerne sure gladly").split())
NO = frozenset(fold("nein nö no nope leider unfortunately").split())
YES_OR_NO = "yes_or_no"
"""The doubt of a yes or no that names no word of ours."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an answer is about; `mark` is the state in which the person saw it.

    `named` says that the answer names it by its number.
    """

    topic: str
    lead_id: int | None = None
    pickup_id: int | None = None
    mark: str = ""
    named: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted: an `action` with what was `typed` into its fields, and what makes us doubt.

    The action is feedback, pick, decline, give_back, undo, stop, agree, help, price, comment, or
    empty where nothing was said. `number` is the lead that was named.
    """

    action: str
    words: str = ""
    typed: dict[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    number: str = ""

    @property
    def closes(self) -> bool:
        """True where it ends what a lead is to her, or binds her firm."""
        return self.typed.get("status") in CLOSING or self.action in (Action.GIVE_BACK, AGREE)


def read_wish(body: str, sent: str, actor: Actor, at: datetime) -> Wish:
    """Return what somebody wants who wrote this in answer to what we sent."""
    settings: Settings = current_app.config["SETTINGS"]
    writer = Writer(actor.locale, settings.currency, today_of(actor, at))
    intent = read_reply(body, sent or None, writer)
    words = intent.words
    meant = intent.status or intent.action or intent.suggested
    doubts, number = intent.doubts, intent.number
    if isinstance(meant, Status):
        return Wish("feedback", words, typed_of(meant, intent), doubts, number)
    if meant == Action.DECLINE:
        written = intent.told.reason or intent.comment
        reason = find_reason("decline", written) or OTHER
        return Wish("decline", words, {"reason": reason}, doubts, number)
    if meant == Action.GIVE_BACK:
        typed = why_back(intent)
        # without a reason it is not done; the page asks for one
        return Wish(
            "give_back",
            words,
            typed,
            doubts if typed["reason"] else (*doubts, "missing:reason"),
            number,
        )
    if meant is not None:
        return Wish(str(meant), words, {}, doubts, number)
    if not intent.comment or EMPTY in doubts:
        return Wish("", words)
    kept = tuple(code for code in doubts if code not in HARMLESS)
    return Wish("comment", words, {"note": masked(intent.comment)}, kept, number)


def of_offer(wish: Wish) -> Wish:
    """Return what is wanted of a lead on offer by who was asked whether he picks it up.

    A bare yes or no is asked back; the name of a reason for a no, or that there is no interest, is
    a no.
    """
    if wish.typed.get("status") == Status.LOST and not wish.words.lstrip()[:1].isdecimal():
        named = (wish.typed.get("reason", ""), wish.typed.get("note", ""))
        found = (find_reason("decline", one) for one in named)
        return replace(wish, action="decline", typed={"reason": next(filter(None, found), OTHER)})
    if wish.action != "comment":
        return wish
    first = wish.typed["note"].splitlines()[0]
    if reason := find_reason("decline", first):
        return replace(wish, action="decline", typed={"reason": reason})
    words = {fold(found[0]) for found in WORD.finditer(first)}
    doubts = (*wish.doubts, YES_OR_NO)
    if words & NO and words <= NO | POLITE:
        return replace(wish, action="decline", typed={"reason": OTHER}, doubts=doubts)
    if words & YES and words <= YES | POLITE:
        return replace(wish, action="pick", typed={}, doubts=doubts)
    return wish


IN_THANKS = frozenset(tuple(fold(phrase).split()) for phrase in THANKS)


def only_thanks(wish: Wish) -> bool:
    """Say whether somebody wrote no more than thanks."""
    return tuple(fold(found[0]) for found in WORD.finditer(wish.words)) in IN_THANKS


TO_TERMS = frozenset(tuple(fold(phrase).split()) for phrase in YES_TO_TERMS)
BARE_LINE = re.compile(r"[*_\"'„“”«»\s]*[a-zA-ZäöüÄÖÜ\s]+[*_\"'„“”«».!\s]*")


def of_terms(wish: Wish) -> Wish:
    """Return what is wanted by who was asked to agree to terms: the bare word alone is a yes.

    Whatever stands beside it may be a condition.
    """
    if wish.action in ("", Action.STOP):
        return wish
    lines = [line.strip() for line in wish.words.splitlines() if line.strip()]
    if len(lines) > 1 and is_greeting(lines[0]):
        lines = lines[1:]
    said = tuple(fold(found[0]) for found in WORD.finditer(lines[0])) if lines else ()
    if len(lines) == 1 and said in TO_TERMS and BARE_LINE.fullmatch(lines[0]):
        kept = tuple(code for code in wish.doubts if code not in HARMLESS)
        return replace(wish, action=AGREE, typed={}, doubts=kept)
    return Wish("comment", wish.words, {"note": masked(wish.words.strip()[:LONGEST_NOTE])})


ASKING = {
    tuple(fold(phrase).split()): action
    for action, phrases in ASKED_FOR.items()
    for phrase in phrases
}


def of_asking(wish: Wish) -> Wish:
    """Return what is wanted by who may ask for help or a special price: a line of its own says so.

    What stands below it, or behind a colon, is the question. A price with something behind its
    colon is told rather than asked for.
    """
    lines = wish.words.strip().splitlines()
    if len(lines) > 1 and is_greeting(lines[0].strip()):
        lines = "\n".join(lines[1:]).strip().splitlines()
    first, number = take_number(lines[0].strip()) if lines else ("", "")
    head, _colon, behind = first.partition(":")
    action = ASKING.get(tuple(fold(found[0]) for found in WORD.finditer(head)))
    if action is None or not BARE_LINE.fullmatch(head) or (action == PRICE and behind.strip()):
        return wish
    text = masked("\n".join([behind, *lines[1:]]).strip())[:LONGEST_REQUEST]
    return Wish(action, wish.words, {"text": text} if text else {}, without_speech(wish), number)


def without_speech(wish: Wish) -> tuple[str, ...]:
    """Return the doubts that are none about which answer is meant."""
    return tuple(
        code for code in wish.doubts if code not in SPEECH and not code.startswith("missing:")
    )


def of_talk(wish: Wish, *, may: tuple[str, ...]) -> Wish:
    """Return what is wanted by who answers a mail in which nothing was asked: mostly a note.

    Of what he `may` do besides, only a clear word counts; he who wants no more mails says so so.
    """
    speaks = bool(SPEECH & set(wish.doubts))
    if not wish.action or (wish.action in (*may, Action.STOP) and not speaks):
        return wish
    kept = without_speech(wish)
    note = wish.typed["note"] if wish.action == "comment" else masked(wish.words.strip())
    return Wish("comment", wish.words, {"note": note[:LONGEST_NOTE]}, kept, wish.number)


def typed_of(status: Status, intent: Intent) -> dict[str, str]:
    """Return what a person said about a lead in hand, as if typed into the form of an answer.

    A reason that is none of the programme's stays in the note.
    """
    told = intent.told
    reason = find_reason("lost", told.reason)
    note = [intent.comment]
    if told.reason and not reason and fold(told.reason) not in fold(intent.comment):
        note.append(told.reason)
    said: dict[str, Any] = {
        "status": status,
        "note": masked("\n".join(filter(None, note))),
        "value": told.value if told.value is not None else told.value_text,
        "reason": reason,
        "decision_maker": told.decision_maker,
        "next_step": told.next_step,
        "next_step_on": told.next_step_on,
        "waiting_since": told.waiting_since,
    }
    return {name: str(value) for name, value in said.items() if value not in (None, "")}


def why_back(intent: Intent) -> dict[str, str]:
    """Return why a lead is given back, as if typed into its form; other words are the note."""
    said, _, below = intent.comment.partition("\n")
    written = intent.told.reason
    reason = find_reason("give_back", written)
    if not reason:
        return {"reason": "", "note": intent.comment}
    return {"reason": reason, "note": below.strip() if said == written else intent.comment}


def find_reason(purpose: str, written: str) -> str:
    """Return the key of the reason that is meant by what was written; empty where it is none."""
    meant = fold(written or "").strip(" .!")
    if not meant:
        return ""
    for one in book().reasons(purpose):
        labels = {fold(one.label(locale)) for locale in LOCALES}
        if meant in labels | {short_key(one), short_key(one).replace("_", " ")}:
            return short_key(one)
    return ""
