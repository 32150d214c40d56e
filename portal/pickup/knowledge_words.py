"""How it reads from what a firm knows a customer."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.relations.models import How

HOW: dict[How, Any] = {
    How.CUSTOMER: _l("It is a customer of ours"),
    How.QUOTE: _l("We have made an offer to it"),
    How.CONTACT: _l("We are in touch with it"),
}


def how_words(how: str) -> str:
    """Say from what a firm knows a customer."""
    return str(HOW[How(how)])
