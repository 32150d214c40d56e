"""What may be done to a lead before it is offered, and how long a text may be. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from flask_babel import gettext as _

from portal.core.errors import Refused
from portal.leads.leaks import ContactFacts, Leak, find_leaks
from portal.leads.models import LeadState

EDITABLE = (
    LeadState.CAPTURED,
    LeadState.QUALIFYING,
    LeadState.QUALIFIED,
    LeadState.RETURNED,
    LeadState.RECALLED,
    LeadState.NURTURE,
)

# what partners read before pickup and a person writes freely
OPEN_TEXTS = ("title", "expectation", "partner_text", "time_frame")

# most characters per field of the form; `answer` is for each answer
MOST = {
    "title": 160,
    "expectation": 300,
    "partner_text": 4000,
    "time_frame": 120,
    "answer": 4000,
    "company": 200,
    "first_name": 100,
    "last_name": 100,
    "role": 160,
    "phone": 200,
    "email": 254,
    "domain": 253,
    "street": 200,
    "postcode": 20,
    "city": 100,
    "note": 10_000,
    "people": 12,
    "target_amount": 20,
}
SEVERAL_LINES = frozenset({"partner_text", "note", "answer"})


class NotEditable(Refused):
    """The lead is in a state in which nothing of its qualification may change."""

    code = "not_editable"


class DoNotCall(Refused):
    """The contact asked not to be approached."""

    code = "do_not_call"


def check_editable(state: str, number: str) -> None:
    """Raise `NotEditable` with the reason where a lead can't be qualified in its state."""
    if state in EDITABLE:
        return
    reasons = {
        LeadState.OFFERED: _(
            "%(number)s is on offer, and partners see it as it is. Take it off the market first.",
            number=number,
        ),
        LeadState.HELD: _("%(number)s is in a partner's hands.", number=number),
        LeadState.CLOSED: _("%(number)s is closed.", number=number),
        LeadState.DISQUALIFIED: _("%(number)s was disqualified.", number=number),
        LeadState.DIRECT: _("%(number)s is served by our own sales.", number=number),
    }
    raise NotEditable(
        reasons.get(LeadState(state), _("%(number)s can't be changed now.", number=number))
    )


def too_long(texts: Mapping[str, str]) -> dict[str, str]:
    """Return a sentence for each text that is longer than its field allows."""
    found = {}
    for name, text in texts.items():
        most = MOST["answer" if name.startswith("answer-") else name]
        if len(text) > most:
            found[name] = _(
                "This has %(length)s characters; at most %(most)s fit here.",
                length=f"{len(text):,}",
                most=f"{most:,}",
            )
    return found


def too_long_for(most: int) -> str:
    """Say that a text is too long for its field."""
    return str(_("Please keep it under %(most)d characters.", most=most))


def phone_refusal(country: str | None) -> str:
    """Say how a phone number looks that can be understood."""
    if country:
        return str(_("This is no phone number. With the country in front: +49 511 123456."))
    return str(_("Please choose the country, or start with +49, +43, +1 …"))


def leaks_in(texts: Mapping[str, str], contact: ContactFacts) -> dict[str, list[Leak]]:
    """Return what each text gives away of the contact, by field; fields without leaks are out."""
    found = {name: find_leaks(text, contact) for name, text in texts.items() if text}
    return {name: leaks for name, leaks in found.items() if leaks}


def fingerprint(leaks: Mapping[str, Iterable[Leak]]) -> str:
    """Return a mark of exactly these leaks: a confirmation holds for what was shown, no more."""
    said = sorted(
        f"{name}\x1f{leak.kind}\x1f{leak.excerpt}"
        for name, found in leaks.items()
        for leak in found
    )
    return hashlib.blake2b("\x1e".join(said).encode(), digest_size=12).hexdigest()
