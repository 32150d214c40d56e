"""What a mail tells and what can be opened from it."""

from __future__ import annotations

import html
import re

from tests.factories import CONTACT


def links(text):
    """Return what can be opened: pages, and mails that are ready to be sent to us."""
    found = re.findall(r"(?:https?://|mailto:fb\+)[^\s\"<>]+", html.unescape(text))
    return set(found) - {"http://www.w3.org/1999/xhtml"}


def told_of_contact(mail):
    """Return which contact data of the lead a mail tells."""
    whole = " ".join([mail.subject, mail.text, mail.html, str(mail.headers)]).lower()
    return {
        name
        for name, value in CONTACT.items()
        if value.lower() in whole and value != CONTACT["role"]
    }
