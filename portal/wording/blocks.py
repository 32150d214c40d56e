"""The blocks of mails: parts that are ours because they carry links, lists, tables or contact data.

A text of the programme puts one where it is named. The templates of a mail mark what stands in it
(`{% block part_buttons %}`), in HTML and in text alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a mail that a text can put where it likes.

    What does not stand `apart` is said by another block where that stands.
    """

    name: str
    meaning: Any
    apart: bool = True


def skeleton_of(blocks: Sequence[Block]) -> str:
    """Return the body that says what our words do: each block where it stands in them."""
    return "\n\n".join(f"{{{{ {one.name} }}}}" for one in blocks if one.apart)


GREETING = Block("greeting", _l("The greeting and what the mail is about, in the original words"))
DETAILS = Block("details", _l("What else there is to say about it; may be empty"))
COMING = Block("coming", _l("What comes if nothing is heard; may be empty"))
LEAD = Block("lead", _l("Number and title of the lead"))
PORTAL = Block("portal", _l("The link that leads to it in the portal"))
LINKS = Block("links", _l("What else can be done about the lead, each with its link"))
CLOSING = Block("closing", _l("A last word from us; it stands in the plain text of the mail only"))
ANSWERS = Block("answers", _l("The answers to press, and how to answer by mail"))
VALIDITY = Block("validity", _l("Until when the link works"))
OWED = Block("answers", _l("What is owed, with the answers to press; may be empty"))


def buttons(meaning: Any) -> Block:
    """Return the block of what is to be pressed."""
    return Block("buttons", meaning)


CONFIRMS = buttons(_l("The button that confirms"))
OPENS = buttons(_l("The button that leads to it in the portal"))

NEWS = (GREETING, DETAILS, COMING, OPENS)
ASKS = (
    GREETING,
    Block("note", _l("What there is to know about it now: for whom, since when; may be empty")),
    Block("question", _l("How far are you? With the lead and the last answer")),
    ANSWERS,
    LINKS,
    COMING,
    PORTAL,
    CLOSING,
)
OFFER = (
    GREETING,
    Block("note", _l("Whether the reader sees it before others; may be empty")),
    Block("teaser", _l("What partners may know of the lead before they pick it up")),
    Block("why", _l("Why the reader; may be empty")),
    Block("ending", _l("When the offer ends")),
    buttons(_l("Pick up and Not for me, and how to do it by mail")),
    CLOSING,
)
NOT_YOURS = (
    GREETING,
    LEAD,
    DETAILS,
    Block("stand_by", _l("The button to stand by for it; may be empty")),
    Block("portal", _l("The link to what is free now")),
)
YOURS = (
    GREETING,
    Block("contact", _l("The lead, and whom to call")),
    Block("address", _l("The lead’s own address for mails; may be empty")),
    Block("teaser", _l("What is known of the lead")),
    PORTAL,
    Block("question", _l("How far are you? With what is asked until when")),
    ANSWERS,
    LINKS,
    Block("expected", _l("What is expected of the holder")),
    CLOSING,
)
RECORDED = (
    GREETING,
    Block("recorded", _l("What was written down")),
    LEAD,
    DETAILS,
    Block("undo", _l("The way to take it back; may be empty")),
    PORTAL,
)
DIGEST = (
    GREETING,
    Block("note", _l("That the gate is red, and the way out; may be empty")),
    OWED,
    Block("offers", _l("The leads on offer, with what can be pressed; may be empty")),
    Block("by_reply", _l("How to do it by mail")),
    Block("rest", _l("All that is new besides; may be empty")),
    OPENS,
)
REPORT = (
    GREETING,
    OWED,
    Block("figures", _l("The figures, with pictures and what they are of")),
    OPENS,
)
SHARED_OUT = (
    GREETING,
    Block("in_short", _l("How many leads there were, how fast, and what the reader’s firm had")),
    Block("figures", _l("The figures by groups, and how even it was")),
    OPENS,
)
SHEET = (
    GREETING,
    Block("how", _l("How to give the file back; “greeting” says it, too"), apart=False),
    buttons(_l("The button to give the sheet back")),
    Block("leads", _l("The leads in the file")),
)
INVITATION = (
    GREETING,
    Block("about", _l("What the programme is, in a sentence")),
    buttons(_l("The button to begin")),
    VALIDITY,
)
CONFIRMATION = (GREETING, CONFIRMS, VALIDITY)
DECLINED = (
    GREETING,
    Block("answer", _l("Your answer, as it was written; may be empty")),
    buttons(_l("That one may ask again, with the button for it")),
)
THANKS = (GREETING,)
NO_CALLS = "no_calls"
CALLS = (
    GREETING,
    Block("caller", _l("Who calls: person, firm, phone, by when")),
    Block(NO_CALLS, _l("That there is nothing to do, and the link to ask not to be called")),
)
CALLED = (
    GREETING,
    buttons(_l("Did they call? With yes and no, and who reads the answer")),
    Block(NO_CALLS, _l("The link to ask not to be called")),
)
LETTER = (Block("letter", _l("The text of the mail")),)

DRAFTS = (
    GREETING,
    Block("drafts", _l("The inquiries, each with its link")),
    OPENS,
)
OVERDUE = (
    GREETING,
    Block("leads", _l("The leads: how long they are over, with whom, whose they are")),
    OPENS,
)
UNPICKED = (
    GREETING,
    LEAD,
    Block("round", _l("How the round went, and who said no and why")),
    Block("next", _l("What comes next")),
    OPENS,
)
CHECK = (
    GREETING,
    buttons(_l("The button that has mails sent again")),
    VALIDITY,
)
TAKEN = (
    GREETING,
    Block("details", _l("What to do where it was not understood; may be empty")),
    OPENS,
)
ANSWERED = (
    GREETING,
    LEAD,
    Block("quoted", _l("What the mail said, word for word; may be empty")),
    Block("details", _l("Why we ask, and what is recorded; may be empty")),
    Block("answers", _l("The answers to press, and how to answer by mail; may be empty")),
    buttons(_l("The button that confirms, or leads on")),
)
UNREAD = (
    GREETING,
    Block("note", _l("Why the file could not be read")),
    buttons(_l("The button to give the sheet back")),
)
REPORTED = (
    GREETING,
    Block("note", _l("How many rows became what")),
    Block("mending", _l("How to mend what was not taken; may be empty")),
    Block("rows", _l("What became of each row, with the way to take it back")),
    OPENS,
)
