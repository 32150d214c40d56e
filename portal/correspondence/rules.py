"""What a letter to a customer can name, and why one can't be written. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.core.errors import Refused
from portal.qualification.letters import tags_in

LONGEST_SUBJECT, LONGEST_TEXT = 150, 3600
DAY = timedelta(days=1)
MOST_ABOUT_A_LEAD, MOST_OF_A_PERSON = 5, 40
"""So many letters may go out in a day."""

TAGS: Mapping[str, Any] = {
    "first_name": _l("first name of who is written to"),
    "last_name": _l("last name of who is written to"),
    "company": _l("the customer’s company"),
    "product": _l("what it is about"),
    "number": _l("number of the lead"),
    "my_name": _l("your name"),
    "my_phone": _l("your phone"),
    "my_company": _l("your firm"),
    "programme": _l("name of the programme"),
}
"""What can be named with a # before it."""


class CannotWrite(Refused):
    """Whom a lead is about can't be written to; the message says why."""

    code = "cannot_write"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of whom a letter would go to, and of what went out within a day."""

    has_address: bool
    may_be_approached: bool
    has_basis: bool
    takes_mails: bool
    about_lead: int = 0
    of_person: int = 0


def why_not(standing: Standing) -> str:
    """Say why no letter can be written now; empty where one can."""
    if not standing.has_address:
        return str(_("No e-mail address is known of whom this lead is about."))
    if not standing.may_be_approached:
        return str(_("Whom this lead is about does not want to be approached."))
    if not standing.has_basis:
        return str(_("It is not known on which legal basis the customer may be written to."))
    if not standing.takes_mails:
        return str(_("Mails to this address came back, or were complained of. Please call."))
    if standing.about_lead >= MOST_ABOUT_A_LEAD:
        said = _("%(most)d letters about this lead went out in a day; more tomorrow.")
        return str(said) % {"most": MOST_ABOUT_A_LEAD}
    if standing.of_person >= MOST_OF_A_PERSON:
        said = _("You sent %(most)d letters within a day; more tomorrow.")
        return str(said) % {"most": MOST_OF_A_PERSON}
    return ""


def check(subject: str, text: str) -> dict[str, str]:
    """Return a sentence for each field that can't go out as it was typed."""
    errors: dict[str, str] = {}
    for name, typed, longest in (
        ("subject", subject, LONGEST_SUBJECT),
        ("text", text, LONGEST_TEXT),
    ):
        unknown = [tag for tag in tags_in(typed) if tag not in TAGS]
        if not typed.strip():
            errors[name] = str(_("Please write something."))
        elif len(typed) > longest:
            errors[name] = str(_("Please keep it under %(most)d characters.", most=longest))
        elif unknown:
            errors[name] = unknown_words(unknown)
    return errors


def unknown_words(unknown: Sequence[str]) -> str:
    """Say that something named with a # is not known, and what is."""
    return str(
        _(
            "Not known: %(unknown)s. These are: %(known)s. A plain # is written ##.",
            unknown=", ".join(f"#{tag}" for tag in unknown),
            known=", ".join(f"#{tag}" for tag in TAGS),
        )
    )
