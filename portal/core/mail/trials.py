"""A mail that is only tried out: who writes the real ones writes it, and nothing of it acts.

Inside `trying` no link is written down and the mail speaks the language that was asked for; so one
may look at a mail where nothing may be changed. `dead` takes out what could still be pressed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask import g

HREF = re.compile(r'\s+href="[^"]*"')
ADDRESS = re.compile(r"(?:https?://|mailto:)\S+")
NOWHERE = "…"
"""What stands where the text of a mail has an address to press."""


@contextmanager
def trying(language: str) -> Iterator[None]:
    """Have the mails that are written inside be tried out, in this language."""
    before = g.get("mail_trial")
    g.mail_trial = language
    try:
        yield
    finally:
        g.mail_trial = before


def language() -> str | None:
    """Return the language in which a mail is tried out; None where it is a real one."""
    found: str | None = g.get("mail_trial")
    return found


def dead(html: str, text: str) -> tuple[str, str]:
    """Return the parts of a mail with nothing in them to press."""
    return HREF.sub("", html), ADDRESS.sub(NOWHERE, text)
